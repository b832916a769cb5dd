"""Random erasing: an image with a hole in it is still an image of the same thing."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from minigrad.backend import Array
from minigrad.data.transforms import Transform

_TRIES = 10  # to find a rectangle that fits; an image without one stays whole, as in torchvision


@dataclass(frozen=True)
class RandomErasing(Transform):
    """Fill a random rectangle of each image, with probability p. Arguments and defaults are torchvision's.

    Z. Zhong et al., "Random Erasing Data Augmentation", https://arxiv.org/abs/1708.04896.

    Parameters
    ----------
    p : float
    scale : (float, float)
        Bounds of the rectangle's share of the image's area.
    ratio : (float, float)
        Bounds of its height divided by its width; the logarithm is drawn evenly.
    value : float or 'random'
        What it is filled with; 'random' is standard normal noise, for images after `Normalize`.

    Raises
    ------
    ValueError
        If p is no probability, or the bounds are not in order.

    Examples
    --------
    >>> images = RandomErasing(p=1)(np.ones((2, 3, 32, 32), np.float32), np.random.default_rng(0))
    >>> bool(0.01 < (images == 0).mean() < 0.34)
    True
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)
    value: float | Literal["random"] = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"RandomErasing: p is a probability, 0 to 1, got {self.p}")
        if not 0 < self.scale[0] <= self.scale[1] <= 1 or not 0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError(
                "RandomErasing: expected 0 < low <= high, and shares of at most 1, "
                f"got scale={self.scale}, ratio={self.ratio}"
            )

    def _apply(self, images: Array, rng: np.random.Generator) -> Array:
        images = images.copy()
        for i in np.flatnonzero(rng.random(len(images)) < self.p):
            hole = self._hole(images.shape[2], images.shape[3], rng)
            if hole is not None:
                rectangle = images[i][:, hole[0], hole[1]]  # a view
                noise = self.value == "random"
                rectangle[...] = rng.standard_normal(rectangle.shape) if noise else self.value
        return images

    def _hole(self, height: int, width: int, rng: np.random.Generator) -> tuple[slice, slice] | None:
        for _ in range(_TRIES):
            area = height * width * rng.uniform(*self.scale)
            ratio = np.exp(rng.uniform(*np.log(self.ratio)))
            rows, columns = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
            if rows < height and columns < width:
                top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
                return slice(top, top + rows), slice(left, left + columns)
        return None
