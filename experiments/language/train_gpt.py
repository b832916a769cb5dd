"""A GPT learns to write like Shakespeare, one letter after the other."""

from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from experiments.folder import RunFolder
from experiments.language import page
from experiments.language.config import GPTConfig
from experiments.language.training import Row, Training
from minigrad.backend import Array
from minigrad.data import Shakespeare, TextCorpus
from minigrad.data.files import read_text
from minigrad.nn import functional as F
from minigrad.random import Generator
from models.gpt import GPT


class Characters:
    """The task: the next character, for windows of the training text that begin anywhere."""

    def __init__(self, config: GPTConfig, corpus: TextCorpus) -> None:
        self.config, self.corpus = config, corpus
        for part in (corpus.train, corpus.valid):
            if len(part) <= config.context:
                raise ValueError(
                    f"the text is too short: expected more than {config.context} tokens (the context) "
                    f"in each part, got {len(part)}"
                )
        self.model = GPT(
            len(corpus.vocabulary), config.context, config.layers, config.heads, config.width, config.dropout
        ).to(config.device)

    def losses(self, rng: np.random.Generator) -> dict[str, Any]:
        """Nats per character on a random batch."""
        starts = rng.integers(0, len(self.corpus.train) - self.config.context, self.config.batch_size)
        return {"loss": self._loss(self.corpus.train, starts)}

    def measures(self) -> Row:
        """Nats per character on windows spread evenly over the validation text."""
        count = self.config.valid_batches * self.config.batch_size
        last = len(self.corpus.valid) - self.config.context - 1
        starts = np.unique(np.linspace(0, last, count).astype(np.int64))
        total = 0.0
        for first in range(0, len(starts), self.config.batch_size):
            batch = starts[first : first + self.config.batch_size]
            total += len(batch) * self._loss(self.corpus.valid, batch).item()
        return {"valid_loss": total / len(starts)}

    def sample(self) -> str:
        """What it writes after a line break; drawn with the same numbers each time."""
        ids = self.model.generate(
            self.corpus.encode("\n"),
            self.config.sample,
            self.config.temperature,
            self.config.top_k,
            Generator(self.config.seed),
        )
        return self.corpus.decode(ids).strip()

    def _loss(self, text: Array, starts: Array) -> Any:
        windows = text[starts[:, None] + np.arange(self.config.context + 1)]
        ids, next_ids = (
            mg.tensor(part, device=self.config.device) for part in (windows[:, :-1], windows[:, 1:])
        )
        logits = self.model(ids)
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), next_ids.reshape(-1))


def read_corpus(text: str) -> TextCorpus:
    """The text that a `GPTConfig` names.

    Raises
    ------
    FileNotFoundError
        If it is not there, saying how to get it.
    ValueError
        If it is no text.

    Examples
    --------
    >>> read_corpus("python").level
    'char'
    """
    if text == "shakespeare":
        return Shakespeare()
    return TextCorpus.python_topics() if text == "python" else TextCorpus(read_text(Path(text)))


def train(config: GPTConfig, folder: RunFolder) -> list[Row]:
    """Run (or go on with) the training that lives in `folder`, and write its curves and report.

    Parameters
    ----------
    config : GPTConfig
    folder : RunFolder
        Made with `GPTConfig` as its settings. `samples.txt` in it shows how the text grows.

    Returns
    -------
    list of dict
        The measurements, as in metrics.jsonl: `train_loss` and `valid_loss` in nats per character.
    """
    mg.manual_seed(config.seed)
    task = Characters(config, read_corpus(config.text))
    training = Training(config, folder, task)
    if not folder.started:
        folder.create(config)
    rows = training.run()
    page.write("A GPT", config, folder, rows)
    return rows
