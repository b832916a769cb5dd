"""What one diffusion run is: every setting that its result depends on, checked and saved beside it."""

import re
from dataclasses import dataclass

DATA = ("cifar10", "cifar100", "shapes")
OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "adan": "Adan"}
SCHEDULES = ("linear", "cosine")


@dataclass(frozen=True)
class DiffusionConfig:
    """The settings of a run; the same settings on the same machine give the same numbers, bit for bit.

    On a GPU it is to rounding, for cuDNN may sum in any order.

    The defaults are for a laptop; `paper()` is what the paper's authors set.

    Parameters
    ----------
    data : {'cifar10', 'cifar100', 'shapes'}
        Labels play no part.
    channels, multipliers, attention, blocks, dropout
        Of the network, see `models.UNet`.
    steps : int
        Of the optimizer.
    batch_size : int
    optimizer : {'adam', 'adamw', 'adan'}
    agr : bool
        Whether gradients are regularized by AGR.
    lr, weight_decay : float
    clip : float
        The largest norm of all gradients; they are clipped before AGR. 0 never clips.
    warmup : int
        Steps in which the learning rate grows to `lr`, where it stays.
    ema : float
        Decay of the average of the weights that samples are made with, in [0, 1). It begins smaller, so that
        the first, random weights are soon forgotten: at step s it is at most (1 + s) / (10 + s).
    timesteps : int
        T of the diffusion, at least 21.
    schedule : {'linear', 'cosine'}
        Of the betas.
    flip : bool
        Whether training images are mirrored at random.
    sample_every : int
        Steps between two rows of measurements, pictures and checkpoints.
    sample_steps : int
        Of DDIM, for the pictures.
    samples : int
        How many images a picture shows.
    features : str, optional
        The folder of a classifier that `minigrad train` trained: every row then has an FID-minigrad. Or a
        file with Inception-v3's weights, see `experiments.metrics.inception`: an FID.
    fid_samples : int
        How many samples, and real images, that is computed from.
    limit_train, limit_test : int, optional
        Use the first images only.
    seed : int
    device : str

    Raises
    ------
    ValueError
        If a setting is unknown or out of range.
    """

    data: str = "shapes"
    channels: int = 24
    multipliers: tuple[int, ...] = (1, 2, 2)
    attention: tuple[int, ...] = (8,)
    blocks: int = 1
    dropout: float = 0.0
    steps: int = 2000
    batch_size: int = 32
    optimizer: str = "adan"
    agr: bool = False
    lr: float = 1e-3
    weight_decay: float = 0.0
    clip: float = 1.0
    warmup: int = 100
    ema: float = 0.995
    timesteps: int = 1000
    schedule: str = "cosine"
    flip: bool = True
    sample_every: int = 250
    sample_steps: int = 25  # with more, a young network's glaring colours: see `samplers.ddim`
    samples: int = 36
    features: str | None = None
    fid_samples: int = 500
    limit_train: int | None = None
    limit_test: int | None = 256
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, known in (("data", DATA), ("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}; got {getattr(self, name)!r}")
        smallest = dict.fromkeys(_COUNTS, 1) | {"timesteps": 21, "warmup": 0, "seed": 0, "clip": 0}
        smallest |= {"lr": 0, "weight_decay": 0, "dropout": 0, "ema": 0}
        for name, least in smallest.items():
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        for name in ("dropout", "ema"):
            if not getattr(self, name) < 1:
                raise ValueError(f"{name} must be below 1, got {getattr(self, name)}")
        for name in ("multipliers", "attention"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # JSON makes lists of them
        if not self.multipliers or not all(value >= 1 for value in self.multipliers):
            raise ValueError(f"multipliers must be one or more numbers from 1 on, got {self.multipliers}")
        if self.channels % 4:
            raise ValueError(f"channels must be a multiple of 4, got {self.channels}")
        if self.sample_steps > self.timesteps:
            raise ValueError(
                f"sample_steps must be at most timesteps={self.timesteps}, got {self.sample_steps}"
            )
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise ValueError(f"device must be cpu, cuda or cuda:N; got {self.device!r}")

    @property
    def label(self) -> str:
        """What a table calls it: "Adan" or "Adan(AGR)"."""
        name = OPTIMIZERS[self.optimizer]
        return f"{name}(AGR)" if self.agr else name


_COUNTS = (
    "channels",
    "blocks",
    "steps",
    "batch_size",
    "sample_every",
    "sample_steps",
    "samples",
    "fid_samples",
    "limit_train",
    "limit_test",
)


def paper(**settings: object) -> DiffusionConfig:
    """The settings of the AGR paper's run: the original network, 2000 epochs of CIFAR-10.

    Parameters
    ----------
    **settings
        Take the place of some of them.

    Examples
    --------
    >>> paper(agr=True).label
    'Adan(AGR)'
    """
    epoch = -(-50_000 // 128)
    authors = {
        "data": "cifar10", "channels": 128, "multipliers": (1, 2, 2, 2), "attention": (16,), "blocks": 2,
        "dropout": 0.1, "steps": 2000 * epoch, "batch_size": 128, "optimizer": "adan", "lr": 2e-4,
        "clip": 1.0, "warmup": 200, "ema": 0.9999, "schedule": "linear", "sample_every": 10 * epoch,
        "sample_steps": 100,
    }  # fmt: skip
    return DiffusionConfig(**(authors | settings))  # type: ignore[arg-type]
