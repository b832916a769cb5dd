"""The settings of the language experiments, checked and saved beside each run."""

import re
from dataclasses import dataclass

OPTIMIZERS = {"adamw": "AdamW", "adan": "Adan"}


@dataclass(frozen=True, kw_only=True)
class LanguageConfig:
    """What both experiments share.

    Parameters
    ----------
    optimizer : {'adamw', 'adan'}
    agr : bool
    lr, weight_decay : float
        The learning rate after the warm-up; a cosine brings it to zero. Vectors (biases, norms) do not decay.
    clip : float
        Gradients are scaled down to this norm; 0 leaves them.
    steps, warmup, report_every : int
        Steps in all, steps of warm-up, and steps between two measurements (with a checkpoint and a sample).
    batch_size, context : int
        Samples in a step, and tokens in a sample.
    layers, heads, width : int
    dropout : float
    valid_batches : int
        Batches in a measurement.
    seed : int
    device : str

    Raises
    ------
    ValueError
        If a setting is unknown or out of range.
    """

    optimizer: str = "adamw"
    agr: bool = False
    lr: float = 2e-3
    weight_decay: float = 0.1
    clip: float = 1.0
    steps: int = 2000
    warmup: int = 100
    report_every: int = 100
    batch_size: int = 32
    context: int = 128
    layers: int = 4
    heads: int = 4
    width: int = 128
    dropout: float = 0.0
    valid_batches: int = 10
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}; got {self.optimizer!r}")
        for name in (
            "steps",
            "report_every",
            "batch_size",
            "context",
            "layers",
            "heads",
            "width",
            "valid_batches",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("lr", "weight_decay", "clip", "warmup", "seed"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        if self.warmup >= self.steps:
            raise ValueError(f"warmup must be less than the {self.steps} steps, got {self.warmup}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise ValueError(f"device must be cpu, cuda or cuda:N; got {self.device!r}")

    @property
    def label(self) -> str:
        """What a table calls it: "AdamW" or "AdamW(AGR)"."""
        name = OPTIMIZERS[self.optimizer]
        return f"{name}(AGR)" if self.agr else name


@dataclass(frozen=True, kw_only=True)
class GPTConfig(LanguageConfig):
    """A GPT that writes Shakespeare letter by letter.

    Parameters
    ----------
    text : str
        What it learns from: 'shakespeare', 'python' (the language reference, which needs no download), or the
        path of a text file.
    sample : int
        Characters that it writes at each measurement.
    temperature : float
    top_k : int or None
        How they are drawn, see `models.GPT.generate`.
    """

    text: str = "shakespeare"
    sample: int = 300
    temperature: float = 0.8
    top_k: int | None = None


@dataclass(frozen=True, kw_only=True)
class AlbertConfig(LanguageConfig):
    """An ALBERT on WikiText-2.

    Parameters
    ----------
    vocab_size : int
        Pieces of the tokenizer.
    embedding_size, hidden : int
        See `models.Albert`.
    mask_rate : float
        The share of tokens to be guessed.
    """

    lr: float = 1e-3
    weight_decay: float = 0.01
    width: int = 192
    context: int = 96
    vocab_size: int = 4000
    embedding_size: int = 96
    hidden: int = 768
    mask_rate: float = 0.15

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.context < 8:
            raise ValueError(f"context must be at least 8, for two segments; got {self.context}")
        for name in ("vocab_size", "embedding_size", "hidden"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.mask_rate < 1:
            raise ValueError(f"mask_rate must be in (0, 1), got {self.mask_rate}")
