"""What one training run is: every setting that its result depends on, checked and saved beside it."""

import re
from dataclasses import dataclass, field
from typing import Any

from experiments.recipe import PLAIN, Recipe

DATA = ("cifar10", "cifar100", "tiny-imagenet", "shapes")
MODELS = (
    *("resnet8", "resnet20", "resnet32", "resnet56", "resnet18", "resnet34", "resnet50"),
    *("vgg11", "vgg11_bn", "vgg16", "vgg16_bn", "vit_tiny", "vit_small", "convnext_atto", "convnext_tiny"),
    *("convnet", "mlp"),
)
LABELS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "adan": "Adan"}
OPTIMIZERS = tuple(LABELS)
SCHEDULES = ("cosine", "steps", "none")

# Learning rates that suit each optimizer on these tasks, used when none is given.
LEARNING_RATES = {"sgd": 0.1, "adam": 1e-3, "adamw": 2e-3, "adan": 2e-3}


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a run; the same settings on the same machine give the same numbers, bit for bit.

    On a GPU it is to rounding, for cuDNN may sum in any order.

    Raises
    ------
    ValueError
        If a setting is unknown or out of range.
    """

    data: str = "shapes"
    model: str = "resnet20"
    optimizer: str = "adamw"
    agr: bool = False
    lr: float | None = None
    weight_decay: float = 1e-2
    epochs: int = 5
    batch_size: int = 64
    schedule: str = "cosine"
    warmup: float = 0.5
    augment: bool = True
    limit_train: int | None = None
    limit_test: int | None = None
    seed: int = 0
    device: str = "cpu"
    model_options: dict[str, Any] = field(default_factory=dict)
    recipe: Recipe = PLAIN

    def __post_init__(self) -> None:
        for name, known in [
            ("data", DATA),
            ("model", MODELS),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
        ]:
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}; got {getattr(self, name)!r}")
        for name in ("epochs", "batch_size", "limit_train", "limit_test"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        for name in ("lr", "weight_decay", "warmup", "seed"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"{name} must not be negative, got {value}")
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise ValueError(f"device must be cpu, cuda or cuda:N; got {self.device!r}")
        if isinstance(self.recipe, dict):  # as JSON has it
            object.__setattr__(self, "recipe", Recipe(**self.recipe))
        if self.schedule == "steps" and not self.recipe.milestones:
            raise ValueError("the schedule 'steps' needs milestones in its recipe")
        if self.lr is None:
            object.__setattr__(self, "lr", LEARNING_RATES[self.optimizer])

    @property
    def label(self) -> str:
        """What a table calls it: "AdamW" or "AdamW(AGR)"."""
        name = LABELS[self.optimizer]
        return f"{name}(AGR)" if self.agr else name
