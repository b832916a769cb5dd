"""Transforms: what happens to a whole batch of images on its way to the network.

The names are torchvision's. Crop and flip while the images are uint8: that moves a quarter of the bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from minigrad.backend import Array
from minigrad.dtypes import is_floating

PaddingMode = Literal["constant", "edge", "reflect", "symmetric"]


class Transform:
    """The base of transforms: subclasses define `_apply`."""

    def __call__(self, images: Array, rng: np.random.Generator | None = None) -> Array:
        """The transformed batch, as a new array; the one given stays as it is.

        Parameters
        ----------
        images : numpy.ndarray, (N, C, H, W)
        rng : numpy.random.Generator, optional
            Each image gets its own random numbers from it; only transforms that draw some need it.

        Raises
        ------
        TypeError
            If `images` is anything else, or `rng` is missing.
        """
        name = type(self).__name__
        if not isinstance(images, np.ndarray) or images.ndim != 4:
            shape = f" of shape {images.shape}" if hasattr(images, "shape") else ""
            raise TypeError(
                f"{name}: expected images as a NumPy array of shape (N, C, H, W), "
                f"got {type(images).__name__}{shape}"
            )
        if rng is None and name.startswith("Random"):
            raise TypeError(f"{name}: expected a NumPy random generator, as in transform(images, rng)")
        return self._apply(images, rng)

    def _apply(self, images: Array, rng: Any) -> Array:
        raise NotImplementedError(f"{type(self).__name__} must define _apply(images, rng)")


@dataclass(frozen=True)
class Compose(Transform):
    """Transforms one after the other.

    Parameters
    ----------
    transforms : sequence of callables
        Each is called as `transform(images, rng)`.

    Examples
    --------
    >>> augment = Compose([RandomHorizontalFlip(), ToFloat(), Normalize(mean=(0.5,), std=(0.25,))])
    >>> augment(np.full((2, 1, 4, 4), 255, np.uint8), np.random.default_rng(0)).max().item()
    2.0
    """

    transforms: Sequence[Callable[[Any, Any], Any]]

    def _apply(self, images: Array, rng: Any) -> Array:
        for transform in self.transforms:
            images = transform(images, rng)
        return images


@dataclass(frozen=True)
class RandomCrop(Transform):
    """Cut a square window out of each image, at a random place.

    Parameters
    ----------
    size : int
        Height and width of the window.
    padding : int
        How many pixels are first added on all four sides.
    fill : float
        The value of the added pixels, where `padding_mode` is 'constant'.
    padding_mode : {'constant', 'edge', 'reflect', 'symmetric'}
        How added pixels get their values, as in `numpy.pad`.

    Raises
    ------
    ValueError
        If the padding mode is unknown; when called, if the window is larger than the padded images.
    """

    size: int
    padding: int = 0
    fill: float = 0
    padding_mode: PaddingMode = "constant"

    def __post_init__(self) -> None:
        if self.padding_mode not in get_args(PaddingMode):
            raise ValueError(
                f"RandomCrop: padding_mode must be one of {get_args(PaddingMode)}, got {self.padding_mode!r}"
            )

    def _apply(self, images: Array, rng: np.random.Generator) -> Array:
        padded = self._pad(images)
        count, _, height, width = padded.shape
        if self.size > min(height, width):
            raise ValueError(
                f"RandomCrop: a window of {self.size}x{self.size} does not fit into images that are "
                f"{height}x{width} with their padding"
            )
        top = rng.integers(height - self.size + 1, size=count)
        left = rng.integers(width - self.size + 1, size=count)
        # A view of all windows, (N, C, tops, lefts, size, size), of which the index copies one per image.
        windows = np.lib.stride_tricks.sliding_window_view(padded, (self.size, self.size), axis=(2, 3))
        return windows[np.arange(count), :, top, left]

    def _pad(self, images: Array) -> Array:
        sides = ((0, 0), (0, 0), (self.padding, self.padding), (self.padding, self.padding))
        if self.padding_mode == "constant":
            return np.pad(images, sides, constant_values=self.fill)
        return np.pad(images, sides, self.padding_mode)


@dataclass(frozen=True)
class RandomHorizontalFlip(Transform):
    """Mirror each image left to right, with probability p.

    Parameters
    ----------
    p : float

    Raises
    ------
    ValueError
        If p is no probability.
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p is a probability, 0 to 1, got {self.p}")

    def _apply(self, images: Array, rng: np.random.Generator) -> Array:
        chosen = rng.random(len(images)) < self.p
        images = images.copy()
        images[chosen] = images[chosen, :, :, ::-1]
        return images


@dataclass(frozen=True)
class ToFloat(Transform):
    """From uint8 in 0..255 to float32 in [0, 1].

    Raises
    ------
    TypeError
        When called, if the images are not uint8.
    """

    def _apply(self, images: Array, rng: Any) -> Array:
        if images.dtype != np.uint8:
            raise TypeError(f"ToFloat: expected uint8 images, got {images.dtype}")
        return images.astype(np.float32) / np.float32(255)


@dataclass(frozen=True)
class Normalize(Transform):
    """Subtract from each channel its mean and divide by its standard deviation.

    Parameters
    ----------
    mean, std : sequence of float, (C,)
        Usually those of the training images, as in `CIFAR10.mean` and `CIFAR10.std`.

    Raises
    ------
    ValueError
        If their lengths differ or a std is not positive; when called, if the images have other channels.
    TypeError
        When called, if the images are not floating.
    """

    mean: Sequence[float]
    std: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.std) or not all(std > 0 for std in self.std):
            raise ValueError(
                "Normalize: expected a mean and a positive std for each channel, "
                f"got mean={self.mean}, std={self.std}"
            )

    def _apply(self, images: Array, rng: Any) -> Array:
        if not is_floating(images.dtype):
            raise TypeError(
                f"Normalize: expected floating images, got {images.dtype}; put ToFloat() before it"
            )
        if images.shape[1] != len(self.mean):
            raise ValueError(
                f"Normalize: got {len(self.mean)} means for images of {images.shape[1]} channels"
            )
        centred: Array = images - np.array(self.mean, images.dtype)[:, None, None]
        centred /= np.array(self.std, images.dtype)[:, None, None]
        return centred
