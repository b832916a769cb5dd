"""Shapes: ten kinds of figure, drawn instead of downloaded.

Every picture has its own place, size, angle, colours, texture, noise and clutter. No pixel means anything by
itself, so a linear model learns little here, while a small convolutional network soon reads nearly all of it.

A figure is a function of the point (u, v) that says how far outside of it the point lies (negative: inside),
in units of the figure's radius; v points down. This is a signed distance (I. Quilez: 2D distance functions):
`minimum` of two is their union, `maximum` their intersection, and a distance in pixels gives smooth edges.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from minigrad.backend import Array
from minigrad.data.dataset import ImageDataset

SIDE = 32
Plane: TypeAlias = Any  # a float32 array (n, 1, SIDE, SIDE): a number for each pixel of n pictures
Distance: TypeAlias = Callable[[Plane, Plane], Plane]


def _disc(u: Plane, v: Plane, radius: float) -> Plane:
    return np.hypot(u, v) - radius


def _box(u: Plane, v: Plane, width: float, height: float) -> Plane:
    return np.maximum(abs(u) - width, abs(v) - height)


def _fold(u: Plane, v: Plane, corners: int) -> tuple[Plane, Plane]:
    """Fold the plane like paper, all of its equal sectors onto the half sector beside the axis of u."""
    sector = 2 * np.pi / corners
    angle, radius = np.arctan2(v, u), np.hypot(u, v)
    angle -= sector * np.round(angle / sector)
    return radius * np.cos(angle), radius * abs(np.sin(angle))


def _circle(u: Plane, v: Plane) -> Plane:
    return _disc(u, v, 0.85)


def _ring(u: Plane, v: Plane) -> Plane:
    return abs(_disc(u, v, 0.7)) - 0.22


def _crescent(u: Plane, v: Plane) -> Plane:
    return np.maximum(_disc(u, v, 0.95), -_disc(u - 0.5, v, 0.75))


def _heart(u: Plane, v: Plane) -> Plane:
    # A square on its corner, with a disc on each of its upper sides.
    side = 0.55
    p, q = (v - u) * 0.5**0.5 + 0.15, (v + u) * 0.5**0.5 + 0.15
    return np.minimum(_box(p, q, side, side), np.minimum(_disc(p + side, q, side), _disc(p, q + side, side)))


def _triangle(u: Plane, v: Plane) -> Plane:
    return _fold(v, u, 3)[0] - 0.5


def _square(u: Plane, v: Plane) -> Plane:
    return _box(u, v, 0.72, 0.72)


def _star(u: Plane, v: Plane) -> Plane:
    # In the half sector the outline is one line, from the tip (1, 0) to the corner between two tips.
    p, q = _fold(-v, u, 5)
    x, y = 0.42 * np.cos(np.pi / 5).item(), 0.42 * np.sin(np.pi / 5).item()
    return ((p - 1) * y + q * (1 - x)) / np.hypot(y, 1 - x).item()


def _cross(u: Plane, v: Plane) -> Plane:
    return np.minimum(_box(u, v, 0.95, 0.28), _box(u, v, 0.28, 0.95))


def _arrow(u: Plane, v: Plane) -> Plane:
    shaft = _box(u + 0.4, v, 0.5, 0.18)
    head = np.maximum(-u, (u + abs(v) - 1) * 0.5**0.5)
    return np.minimum(shaft, head)


def _bow_tie(u: Plane, v: Plane) -> Plane:
    return np.maximum(abs(u) - 0.9, (abs(v) - 0.85 * abs(u)) * 0.76)


FIGURES: dict[str, Distance] = {
    "circle": _circle,
    "ring": _ring,
    "crescent": _crescent,
    "heart": _heart,
    "triangle": _triangle,
    "square": _square,
    "star": _star,
    "cross": _cross,
    "arrow": _arrow,
    "bow tie": _bow_tie,
}


class _Painter:
    """Draws n pictures at once: colours (n, 3, ...) and planes (n, 1, ...), with values from 0 to 1."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.n, self.rng = n, rng
        self.y, self.x = np.mgrid[:SIDE, :SIDE].astype(np.float32) + 0.5

    def paint(self, distance: Distance) -> Array:
        dark, light = self.colour(0.1, 0.4), self.colour(0.6, 0.9)
        inverted = self.uniform(0, 1) < 0.5
        ground, ink = np.where(inverted, light, dark), np.where(inverted, dark, light)

        image = ground + self.texture()
        for _ in range(2):
            image += self.stroke() * (self.colour(0.1, 0.9) - image)
        image += self.figure(distance) * (ink + self.texture() - image)
        image += self.uniform(0, 0.07) * self.rng.standard_normal(image.shape, np.float32)
        pixels: Array = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
        return pixels

    def uniform(self, low: float, high: float, channels: int = 1) -> Plane:
        """A random number for each picture."""
        return self.rng.uniform(low, high, (self.n, channels, 1, 1)).astype(np.float32)

    def colour(self, low: float, high: float) -> Plane:
        """A grey between low and high, tinted."""
        tint = self.uniform(-0.25, 0.25, channels=3)
        return self.uniform(low, high) + tint - tint.mean(1, keepdims=True)

    def texture(self) -> Plane:
        """A plane wave: a soft gradient when it is long, stripes when it is short."""
        along, _ = self.turned(self.x, self.y, self.uniform(0, 2 * np.pi))
        wave = np.sin(2 * np.pi * along / self.uniform(5, 40) + self.uniform(0, 2 * np.pi))
        return wave * self.uniform(0, 0.16) * self.uniform(0.3, 1, channels=3)

    def figure(self, distance: Distance) -> Plane:
        """How much of each pixel the figure covers."""
        radius, stretch = self.uniform(8.5, 13), self.uniform(0.88, 1.12)
        free = SIDE / 2 - 0.8 * radius  # how far from the middle its centre may lie
        x = self.x - SIDE / 2 - free * self.uniform(-1, 1)
        y = self.y - SIDE / 2 - free * self.uniform(-1, 1)
        u, v = self.turned(x, y, self.uniform(-0.5, 0.5))
        return self.cover(radius * distance(u / (radius * stretch), v * (stretch / radius)))

    def stroke(self) -> Plane:
        """How much of each pixel a short line somewhere covers: clutter."""
        x, y = self.x - self.uniform(0, SIDE), self.y - self.uniform(0, SIDE)
        along, across = self.turned(x, y, self.uniform(0, 2 * np.pi))
        length = self.uniform(0, 8)
        beyond = along - np.clip(along, -length, length)
        return self.cover(np.hypot(beyond, across) - self.uniform(0.3, 1.2))

    @staticmethod
    def turned(x: Plane, y: Plane, angle: Plane) -> tuple[Plane, Plane]:
        """Coordinates along the direction of the angle, and across it."""
        return np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x

    @staticmethod
    def cover(pixels_outside: Plane) -> Plane:
        """The part of a pixel that is inside of an edge so far away: the edge is one pixel wide."""
        return np.clip(0.5 - pixels_outside, 0, 1)


class Shapes(ImageDataset):
    """Ten kinds of figure in 32x32 colour images, drawn anew each time and always the same.

    It takes the place of CIFAR-10 where there is none. Softmax regression gets some 15 % of the test images
    right, a convolutional network of 57,000 weights 96 % after four epochs.

    Parameters
    ----------
    train : bool
        The training images, or the test images; they share none.
    size : int, optional
        How many; by default 8,000 for training and 2,000 for testing. All classes are equally frequent.
    seed : int
        Another seed, other images.

    Attributes
    ----------
    images : array, uint8 (N, 3, 32, 32)
    labels : array, int64 (N,)
    classes : tuple of str
    mean, std : tuple of float
        Of each channel over the training images, scaled to [0, 1].

    Raises
    ------
    ValueError
        If `size` is negative.

    Examples
    --------
    >>> shapes = Shapes(size=20)
    >>> shapes
    Shapes(20 images of 3x32x32, 10 classes)
    >>> image, label = shapes[0]
    >>> shapes.classes[label]
    'crescent'
    """

    classes = tuple(FIGURES)
    mean = (0.5, 0.5, 0.5)
    std = (0.28, 0.28, 0.28)

    def __init__(self, train: bool = True, size: int | None = None, seed: int = 0) -> None:
        if size is None:
            size = 8000 if train else 2000
        if size < 0:
            raise ValueError(f"Shapes: size must not be negative, got {size}")
        streams = np.random.SeedSequence(seed, spawn_key=(int(train),)).spawn(1 + len(FIGURES))
        order, *others = [np.random.default_rng(stream) for stream in streams]
        labels = order.permutation(size) % len(FIGURES)
        images = np.empty((size, 3, SIDE, SIDE), np.uint8)
        for label, (distance, rng) in enumerate(zip(FIGURES.values(), others, strict=True)):
            mine = labels == label
            images[mine] = _Painter(int(mine.sum()), rng).paint(distance)
        super().__init__(images, labels)
