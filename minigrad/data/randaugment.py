"""RandAugment: a few operations on each image, drawn from a list, all of one strength.

E. D. Cubuk et al., "RandAugment", https://arxiv.org/abs/1909.13719. The operations and their ranges are those
of timm's "rand-m9-inc1", without sharpness and without noise on the strength; where Pillow has an operation,
the result is Pillow's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minigrad.backend import Array
from minigrad.data.transforms import Transform

# From uint8 images (n, C, H, W), a strength in [0, 1] and a sign for each image, to images like them.
Operation: TypeAlias = Callable[[Array, float, Array], Array]

_FILL = 128  # pixels from outside of the image


def _looked_up(images: Array, tables: Array) -> Array:
    """Each pixel replaced by an entry of its channel's table; tables are (n, C, 256)."""
    n, c = images.shape[:2]
    flat = images.reshape(n, c, -1)
    return np.take_along_axis(tables, flat.astype(np.intp), 2).reshape(images.shape)


def _autocontrast(images: Array, strength: float, sign: Array) -> Array:
    """Each channel stretched to the whole range."""
    low = images.min((2, 3))[..., None].astype(float)
    high = images.max((2, 3))[..., None].astype(float)
    scale = 255 / np.maximum(high - low, 1)
    tables = np.clip(np.trunc(np.arange(256) * scale - low * scale), 0, 255)
    return _looked_up(images, np.where(high > low, tables, np.arange(256)).astype(np.uint8))


def _equalize(images: Array, strength: float, sign: Array) -> Array:
    """Each channel with a histogram that is as flat as can be."""
    n, c = images.shape[:2]
    channel = np.arange(n * c)[:, None] * 256
    counts = np.bincount((images.reshape(n * c, -1) + channel).ravel(), minlength=n * c * 256)
    counts = counts.reshape(n * c, 256)
    brightest = counts[np.arange(n * c), 255 - (counts[:, ::-1] > 0).argmax(1)]
    step = ((counts.sum(1) - brightest) // 255)[:, None]
    below = counts.cumsum(1) - counts
    tables = np.clip((step // 2 + below) // np.maximum(step, 1), 0, 255)
    tables = np.where(step > 0, tables, np.arange(256)).astype(np.uint8)
    return _looked_up(images, tables.reshape(n, c, 256))


def _invert(images: Array, strength: float, sign: Array) -> Array:
    return 255 - images


def _posterize(images: Array, strength: float, sign: Array) -> Array:
    """Only the upper bits kept: four down to one."""
    bits = max(1, 4 - int(4 * strength))
    return images & np.uint8(256 - 2 ** (8 - bits))


def _solarize(images: Array, strength: float, sign: Array) -> Array:
    """Bright pixels inverted."""
    return np.where(images >= 256 - int(256 * strength), 255 - images, images)


def _solarize_add(images: Array, strength: float, sign: Array) -> Array:
    """Dark pixels made brighter."""
    brighter = np.minimum(images.astype(np.int16) + int(110 * strength), 255).astype(np.uint8)
    return np.where(images < 128, brighter, images)


def _blended(images: Array, other: Array, strength: float, sign: Array) -> Array:
    """From `other`, 1 +- 0.9 strength of the way to the image, and maybe beyond it."""
    factor = (1 + 0.9 * strength * sign).astype(np.float32)[:, None, None, None]
    start = other.astype(np.float32)
    return np.clip(start + factor * (images - start), 0, 255).astype(np.uint8)


def _grey(images: Array) -> Array:
    """(n, 1, H, W); the weights are ITU-R 601's, in 1 / 65536."""
    if images.shape[1] == 1:
        return images
    r, g, b = (images[:, i : i + 1].astype(np.int32) for i in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16).astype(np.uint8)


def _color(images: Array, strength: float, sign: Array) -> Array:
    return _blended(images, _grey(images), strength, sign)


def _contrast(images: Array, strength: float, sign: Array) -> Array:
    mean = np.floor(_grey(images).mean((1, 2, 3), keepdims=True) + 0.5)
    return _blended(images, mean, strength, sign)


def _brightness(images: Array, strength: float, sign: Array) -> Array:
    return _blended(images, np.zeros(1), strength, sign)


def _warped(images: Array, matrices: Array, shifts: Array) -> Array:
    """The pixel at p is the one at matrix (p - centre) + centre + shift, the nearest; (n, 2, 2), (n, 2)."""
    n, _, height, width = images.shape
    centre = np.array([width, height]) / 2
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    points = np.stack([x.ravel(), y.ravel()]) - centre[:, None]
    sources = np.floor(matrices @ points + (centre + shifts)[..., None]).astype(int)
    column, row = sources[:, 0], sources[:, 1]
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = column.clip(0, width - 1), row.clip(0, height - 1)
    pixels = images[np.arange(n)[:, None], :, row, column]  # (n, H * W, C)
    pixels = np.where(inside[..., None], pixels, np.uint8(_FILL))
    return pixels.transpose(0, 2, 1).reshape(images.shape)


def _linear(images: Array, a: Any, b: Any, c: Any, d: Any) -> Array:
    matrices = np.empty((len(images), 2, 2))
    matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 0], matrices[:, 1, 1] = a, b, c, d
    return _warped(images, matrices, np.zeros(2))


def _rotate(images: Array, strength: float, sign: Array) -> Array:
    angle = np.radians(30 * strength) * sign
    return _linear(images, np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle))


def _shear_x(images: Array, strength: float, sign: Array) -> Array:
    return _linear(images, 1, 0.3 * strength * sign, 0, 1)


def _shear_y(images: Array, strength: float, sign: Array) -> Array:
    return _linear(images, 1, 0, 0.3 * strength * sign, 1)


def _translate_x(images: Array, strength: float, sign: Array) -> Array:
    shift = 0.45 * strength * images.shape[3] * sign
    return _warped(images, np.eye(2), np.stack([shift, 0 * shift], 1))


def _translate_y(images: Array, strength: float, sign: Array) -> Array:
    shift = 0.45 * strength * images.shape[2] * sign
    return _warped(images, np.eye(2), np.stack([0 * shift, shift], 1))


OPERATIONS: dict[str, Operation] = {
    "autocontrast": _autocontrast,
    "equalize": _equalize,
    "invert": _invert,
    "rotate": _rotate,
    "posterize": _posterize,
    "solarize": _solarize,
    "solarize_add": _solarize_add,
    "color": _color,
    "contrast": _contrast,
    "brightness": _brightness,
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "translate_x": _translate_x,
    "translate_y": _translate_y,
}


@dataclass(frozen=True)
class RandAugment(Transform):
    """To each image apply `num_ops` random operations of `OPERATIONS`, each with probability p.

    Parameters
    ----------
    magnitude : float
        From 0 to 10, the strength of the operations that have one; 10 rotates by 30 degrees, for example.
        The direction is random.
    num_ops : int
    p : float

    Raises
    ------
    ValueError
        If a number is out of range.
    TypeError
        When called, if the images are not uint8 with one channel or three.

    Examples
    --------
    >>> images = np.zeros((2, 3, 8, 8), np.uint8)
    >>> RandAugment(magnitude=9)(images, np.random.default_rng(0)).shape
    (2, 3, 8, 8)
    """

    magnitude: float = 9.0
    num_ops: int = 2
    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.magnitude <= 10 or self.num_ops < 0 or not 0 <= self.p <= 1:
            raise ValueError(
                "RandAugment: expected a magnitude of 0 to 10, a number of operations and a probability, "
                f"got magnitude={self.magnitude}, num_ops={self.num_ops}, p={self.p}"
            )

    def _apply(self, images: Array, rng: np.random.Generator) -> Array:
        if images.dtype != np.uint8 or images.shape[1] not in (1, 3):
            raise TypeError(
                "RandAugment: expected uint8 images of one channel or three, "
                f"got {images.dtype} of shape {images.shape}"
            )
        images, count = images.copy(), len(images)
        for _ in range(self.num_ops):
            chosen = np.where(rng.random(count) < self.p, rng.integers(len(OPERATIONS), size=count), -1)
            signs = np.where(rng.random(count) < 0.5, -1.0, 1.0)
            for number, operation in enumerate(OPERATIONS.values()):
                mine = np.flatnonzero(chosen == number)
                if mine.size:
                    images[mine] = operation(images[mine], self.magnitude / 10, signs[mine])
        return images
