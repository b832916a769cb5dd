"""How much AGR changes the gradients of networks small enough to be trained here."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

import minigrad as mg
import models
import optim
from minigrad import nn
from minigrad.data import DataLoader, Shapes
from minigrad.data.transforms import Compose, Normalize, ToFloat
from minigrad.nn import functional as F
from minigrad.random import Generator


@dataclass(frozen=True)
class Sample:
    """One tensor of one network.

    Parameters
    ----------
    family : str
        Of networks that differ in width only.
    width : int
    name, kind : str
        Of the tensor.
    size : int
        Elements.
    change : float
        The relative change |g - Psi(g)| / |g| of its gradient by AGR, the mean over steps.
    """

    family: str
    width: int
    name: str
    kind: str
    size: int
    change: float


def kinds(model: nn.Module) -> Iterator[tuple[str, str, mg.Tensor]]:
    """Name, kind (as in `shapes.Parameter`) and parameter of all tensors of a model."""
    for path, module in model.named_modules():
        for name, p in module.named_parameters(recurse=False):
            if isinstance(module, nn.BatchNorm2d | nn.LayerNorm | nn.GroupNorm):
                kind = "norm"
            elif p.ndim == 1:
                kind = "bias"
            elif isinstance(module, nn.Conv2d):
                kind = "convolution"
            elif isinstance(module, nn.Embedding) or name == "positions":
                kind = "embedding"
            else:
                kind = "linear"
            yield f"{path}.{name}".lstrip("."), kind, p


def relative_changes(
    model: nn.Module, batches: Iterable[Any], loss: Callable[[nn.Module, Any], mg.Tensor], skip: int = 10
) -> dict[str, float]:
    """Train with AdamW on the batches; for each tensor the mean relative change that AGR would make.

    Parameters
    ----------
    model : Module
    batches : iterable
    loss : callable
        From the model and a batch.
    skip : int
        Steps at the start that are not counted.
    """
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)
    changes: dict[str, list[float]] = {}
    for step, batch in enumerate(batches):
        optimizer.zero_grad()
        loss(model, batch).backward()
        if step >= skip:
            for name, p in model.named_parameters():
                if p.grad is not None and p.grad.data.any():
                    g = p.grad.data.astype(np.float64)
                    change = np.linalg.norm(g - optim.agr(g)) / np.linalg.norm(g)
                    changes.setdefault(name, []).append(change.item())
        optimizer.step()
    return {name: float(np.mean(values)) for name, values in changes.items()}


class ImageTransformer(nn.Module):
    """A small vision transformer, `width` wide, for 32 x 32 images in patches of 4 x 4."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, stride=4)
        self.positions = nn.Parameter(0.02 * mg.randn(64, width))
        layers = [
            nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(2)
        ]
        self.layers = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        """Logits of images."""
        x = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        return self.head(self.norm(self.layers(x)).mean(1))  # type: ignore[no-any-return]


FAMILIES: dict[str, Callable[[int], nn.Module]] = {
    "convnet": lambda width: models.convnet(widths=(width, 2 * width, 4 * width)),
    "mlp": lambda width: models.mlp(hidden=(width, width)),
    "transformer": ImageTransformer,
}
WIDTHS = {"convnet": (4, 8, 16, 32, 64), "mlp": (8, 16, 32, 64, 256), "transformer": (8, 16, 32, 64, 128)}


def measure(family: str, width: int, steps: int = 60, seed: int = 0, dataset: Any = None) -> list[Sample]:
    """The tensors of one network, from a short training on images.

    Parameters
    ----------
    family : str
        A key of `FAMILIES`.
    width : int
    steps : int
    seed : int
    dataset : ImageDataset, optional
        By default the embedded shapes.
    """
    mg.manual_seed(seed)
    model = FAMILIES[family](width)
    data = Shapes(train=True, size=64 * steps) if dataset is None else dataset
    finish = Compose([ToFloat(), Normalize(data.mean, data.std)])
    batches = DataLoader(data, 64, shuffle=True, generator=Generator(seed), transform=finish)
    changes = relative_changes(
        model, islice(batches, steps), lambda net, batch: F.cross_entropy(net(batch[0]), batch[1])
    )
    return [
        Sample(family, width, name, kind, p.data.size, changes[name])
        for name, kind, p in kinds(model)
        if changes.get(name)
    ]
