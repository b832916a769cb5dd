"""Mixing the images of a batch, and their labels with them. The names are torchvision's.

A mix takes a batch of floating images and their class indices, and returns images and, for each image, the
share of each class: `nn.functional.cross_entropy` takes these in the place of indices. An image is mixed with
the one before it in the batch; because the loader shuffles, that is a random one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minigrad.backend import Array, array_module

Mix: TypeAlias = Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]


@dataclass(frozen=True)
class MixUp:
    """Blend each image with another one: w x + (1 - w) x', and their labels alike.

    H. Zhang et al., "mixup: Beyond Empirical Risk Minimization", https://arxiv.org/abs/1710.09412.

    Parameters
    ----------
    num_classes : int
    alpha : float
        The weight w, one for a batch, is drawn from Beta(alpha, alpha): large ones make it near a half.

    Raises
    ------
    ValueError
        If `alpha` is not positive, or there are no classes; when called, if labels do not fit.
    TypeError
        When called, if the images are not floating.

    Examples
    --------
    >>> images, labels = np.ones((4, 3, 8, 8), np.float32), np.array([0, 1, 2, 1])
    >>> mixed, shares = MixUp(num_classes=3)(images, labels, np.random.default_rng(0))
    >>> shares.shape, shares.sum(1).tolist()
    ((4, 3), [1.0, 1.0, 1.0, 1.0])
    """

    num_classes: int
    alpha: float = 1.0

    def __post_init__(self) -> None:
        _require_parameters(self)

    def __call__(self, images: Array, labels: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """The mixed images (N, C, H, W) and their shares of the classes (N, num_classes)."""
        xp, shares = array_module(images), _one_hot(self, images, labels)
        weight = float(rng.beta(self.alpha, self.alpha))
        mixed = weight * images + (1 - weight) * xp.roll(images, 1, 0)
        return mixed, weight * shares + (1 - weight) * xp.roll(shares, 1, 0)


@dataclass(frozen=True)
class CutMix:
    """Paste a rectangle of another image into each image; the labels are mixed by area.

    S. Yun et al., "CutMix", https://arxiv.org/abs/1905.04899.

    Parameters
    ----------
    num_classes : int
    alpha : float
        The rectangle, one for a batch, has the sides of the image times sqrt(1 - w), with w drawn from
        Beta(alpha, alpha). Its centre is anywhere in the image; what reaches out of it is cut off.

    Raises
    ------
    ValueError, TypeError
        As those of `MixUp`.

    Examples
    --------
    >>> images = np.stack([np.zeros((1, 4, 4)), np.ones((1, 4, 4))])
    >>> mixed, shares = CutMix(num_classes=2)(images, np.array([0, 1]), np.random.default_rng(4))
    >>> bool(mixed[0].mean() == shares[0, 1])
    True
    """

    num_classes: int
    alpha: float = 1.0

    def __post_init__(self) -> None:
        _require_parameters(self)

    def __call__(self, images: Array, labels: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """The mixed images (N, C, H, W) and their shares of the classes (N, num_classes)."""
        xp, shares = array_module(images), _one_hot(self, images, labels)
        height, width = images.shape[2:]
        half = 0.5 * np.sqrt(1 - rng.beta(self.alpha, self.alpha))
        y, x = rng.integers(height), rng.integers(width)
        top, bottom = max(0, int(y - half * height)), min(height, int(y + half * height))
        left, right = max(0, int(x - half * width)), min(width, int(x + half * width))
        mixed = images.copy()
        mixed[:, :, top:bottom, left:right] = xp.roll(images, 1, 0)[:, :, top:bottom, left:right]
        weight = 1 - (bottom - top) * (right - left) / (height * width)
        return mixed, weight * shares + (1 - weight) * xp.roll(shares, 1, 0)


@dataclass(frozen=True)
class RandomChoice:
    """For each batch one of several mixes, all equally likely.

    Parameters
    ----------
    mixes : sequence of callables
        Each is called as `mix(images, labels, rng)`.
    """

    mixes: Sequence[Mix]

    def __call__(self, images: Array, labels: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """What the mix that was drawn returns."""
        return self.mixes[int(rng.integers(len(self.mixes)))](images, labels, rng)


def _require_parameters(mix: Any) -> None:
    if not mix.alpha > 0 or mix.num_classes < 1:
        raise ValueError(
            f"{type(mix).__name__}: expected a positive alpha and at least one class, "
            f"got alpha={mix.alpha}, num_classes={mix.num_classes}"
        )


def _one_hot(mix: Any, images: Array, labels: Array) -> Array:
    name = type(mix).__name__
    if images.dtype.kind != "f":
        raise TypeError(f"{name}: expected floating images, got {images.dtype}; put ToFloat() before it")
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{name}: expected class indices of shape {images.shape[:1]}, "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < mix.num_classes:
        raise ValueError(f"{name}: there are labels outside of 0 to {mix.num_classes - 1}")
    chosen = labels[:, None] == array_module(labels).arange(mix.num_classes)
    return chosen.astype(images.dtype)  # type: ignore[no-any-return]
