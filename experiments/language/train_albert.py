"""An ALBERT learns from WikiText-2 by filling gaps and by telling which of two segments came first."""

from typing import Any

import numpy as np

import minigrad as mg
from experiments.folder import RunFolder
from experiments.language import page
from experiments.language.config import AlbertConfig
from experiments.language.training import Row, Training
from minigrad.backend import Array
from minigrad.data import NGramMasking, SentencePairs, Tokenizer, WikiText2
from minigrad.data.collate import as_tensors
from minigrad.data.pairs import pretraining_batch
from minigrad.data.wikitext import sentences
from minigrad.nn import functional as F
from models.albert import Albert


class GapsAndOrder:
    """The task: masked tokens, and the order of two segments."""

    def __init__(self, config: AlbertConfig, train: WikiText2, valid: WikiText2) -> None:
        self.config = config
        self.tokenizer = Tokenizer.cached(train.text, config.vocab_size)
        self.masking = NGramMasking(self.tokenizer, config.mask_rate)
        self.train, self.valid = (self._pairs(part) for part in (train, valid))
        self.model = Albert(
            config.vocab_size,
            config.context,
            config.layers,
            config.heads,
            config.width,
            config.hidden,
            config.embedding_size,
            config.dropout,
        ).to(config.device)

    def _pairs(self, corpus: WikiText2) -> SentencePairs:
        documents = [self.tokenizer.encode_all(sentences(document)) for document in corpus.documents]
        return SentencePairs(documents, (self.config.context - 3) // 2)

    def losses(self, rng: np.random.Generator) -> dict[str, Any]:
        """Both losses on a random batch, in nats: per masked token, and per pair."""
        indices = rng.integers(0, len(self.train), self.config.batch_size)
        batch, tokens, order = self._predict(self.train, indices, rng)
        return {
            "mlm_loss": F.cross_entropy(tokens, batch["targets"]),
            "sop_loss": F.cross_entropy(order, batch["swapped"]),
        }

    def measures(self) -> Row:
        """Losses and accuracies on validation pairs: always the same ones, with the same gaps and swaps."""
        rng = np.random.default_rng(self.config.seed)
        count = min(len(self.valid), self.config.valid_batches * self.config.batch_size)
        indices = np.linspace(0, len(self.valid) - 1, count).astype(np.int64)
        sums = np.zeros((2, 3))  # of tokens and of pairs: loss, right answers, number
        for first in range(0, count, self.config.batch_size):
            batch, tokens, order = self._predict(
                self.valid, indices[first : first + self.config.batch_size], rng
            )
            for row, logits, targets in (
                (sums[0], tokens, batch["targets"]),
                (sums[1], order, batch["swapped"]),
            ):
                right = int((logits.data.argmax(1) == targets.data).sum())
                row += (F.cross_entropy(logits, targets).item() * len(targets), right, len(targets))
        (mlm_loss, mlm_accuracy), (sop_loss, sop_accuracy) = (sums[:, :2] / sums[:, 2:]).tolist()
        return {
            "valid_mlm_loss": mlm_loss,
            "valid_mlm_accuracy": mlm_accuracy,
            "valid_sop_loss": sop_loss,
            "valid_sop_accuracy": sop_accuracy,
        }

    def sample(self) -> str:
        """The first validation pair with its gaps filled: `[guess]`, or `[guess for word]` if it is wrong."""
        batch, tokens, _ = self._predict(self.valid, np.array([0]), np.random.default_rng(self.config.seed))
        pieces = [self.tokenizer.pieces[i] for i in batch["ids"].numpy()[0]]
        guesses = tokens.numpy().argmax(1)
        for place, guess, target in zip(
            batch["positions"].tolist(), guesses, batch["targets"].tolist(), strict=True
        ):
            shown = self.tokenizer.pieces[guess].replace("▁", "")
            if guess != target:
                shown += f" for {self.tokenizer.pieces[target].replace('▁', '')}"
            pieces[place] = ("▁" if self.tokenizer.starts_word[target] else "") + f"[{shown}]"
        return "".join(pieces).replace("▁", " ")

    def _predict(
        self, pairs: SentencePairs, indices: Array, rng: np.random.Generator
    ) -> tuple[dict[str, Any], Any, Any]:
        batch = pretraining_batch(pairs.__getitems__(indices), self.masking, rng)
        batch = as_tensors(batch, self.config.device)
        tokens, order = self.model(
            batch["ids"], batch["segments"], batch["attention_mask"], batch["positions"]
        )
        return batch, tokens, order


def train(config: AlbertConfig, folder: RunFolder) -> list[Row]:
    """Run (or go on with) the training that lives in `folder`, and write its curves and report.

    Parameters
    ----------
    config : AlbertConfig
    folder : RunFolder
        Made with `AlbertConfig` as its settings. `samples.txt` in it shows guesses for gaps.

    Returns
    -------
    list of dict
        The measurements, as in metrics.jsonl: losses of masked tokens (`mlm`) and of sentence order (`sop`)
        in nats, and how many of either were right.
    """
    mg.manual_seed(config.seed)
    task = GapsAndOrder(config, WikiText2("train"), WikiText2("valid"))
    training = Training(config, folder, task)
    if not folder.started:
        folder.create(config)
    rows = training.run()
    page.write("ALBERT on WikiText-2", config, folder, rows)
    return rows
