"""The 3x3 convolution with fewer multiplications: Winograd's algorithm F(4x4, 3x3).

Sixteen results of a 3x3 convolution, a tile of 4x4, depend on 6x6 inputs. One by one they take 16 * 9 = 144
multiplications for each pair of channels; here they take 36. The idea is that of multiplying two polynomials
by their values: evaluate both at enough points, multiply value by value, interpolate. In one dimension,
F(4, 3), four results take six points: 0, 1, -1, 2, -2 and infinity (which stands for the leading
coefficient). Evaluation and interpolation are small constant matrices, here as in the paper:

    y = A^T [(G w) * (B^T x)]                4 results y, 3 weights w, 6 inputs x
    Y = A^T [(G W G^T) * (B^T X B)] A        the same along both dimensions

Summed over the channels, the product in brackets is, at each of the 36 points, a matrix product: tiles x C
times C x O. Y is linear in W, so that the gradient by the weight is this chain transposed:

    dW = G^T [(B^T X B) * (A dY A^T)] G      summed over the tiles

The price is the transforms, and rounding: with points as large as 2 the terms are larger than their sum, and
float32 results are off by about 2e-5 of the largest one, against 1e-6 by the columns of
`minigrad.backend.conv`, the twin of this file, which computes the same and all that this is not made for. An
infinity or a NaN reaches all results of its tile.

Values have the shape (N, H, W, C) and memory in this order. Then the windows of an image, first of its lines
and then of its pixels, are matrices that BLAS can read where they are, and no tile is copied before it is
transformed. Tiles are made and used up in blocks.

References
----------
.. [1] A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, arXiv:1509.09308.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from minigrad.backend.device import Array, array_module

Padding = tuple[tuple[int, int], ...]
Block = tuple[slice, slice]  # some images, some rows of tiles

_TILES = 128  # in a block: with few channels they stay in the second-level cache

# Times, measured in multiplications of the twin, whose matrices are larger and therefore faster:
_PER_TILE = 48  # the 36 multiplications for one pair of channels
_PER_VALUE = 1000  # the transform of one channel of a tile
_PER_WEIGHT = 3000  # the transform of one weight, and reading it at 36 points

allowed = True
"""Whether convolutions may use this algorithm; `allow_winograd` sets it."""

BT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
G = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
AT = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ]
)


class allow_winograd:
    """Let 3x3 convolutions in float32 use Winograd's algorithm, or not: at once, and until a `with` ends.

    At first it is allowed. It saves up to half of the time, and its results are off by about 2e-5 of the
    largest one; without it, by about 1e-6.

    Parameters
    ----------
    allow : bool

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.backend.allow_winograd(False):
    ...     y = mg.nn.functional.conv2d(mg.ones(1, 32, 8, 8), mg.ones(32, 32, 3, 3))
    """

    def __init__(self, allow: bool) -> None:
        global allowed
        self._before = allowed
        allowed = allow

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        global allowed
        allowed = self._before


def saves_time(images: int, size: tuple[int, ...], channels: int, outputs: int) -> bool:
    """Whether results of this height and width take less time by this algorithm.

    What it saves grows with C * O, what the transforms cost only with C + O. A tile that sticks out of its
    image costs as much as any other, and weights as much for one tile as for many.
    """
    tiles = images * math.prod(-(-n // 4) for n in size)
    saved = 9 * images * math.prod(size) - _PER_TILE * tiles - _PER_WEIGHT
    return channels * outputs * saved > (channels + outputs) * tiles * _PER_VALUE


def correlate(x: Array, w: Array, padding: Padding) -> Array:
    """The convolution of x (N, H, W, C) with w (O, C, 3, 3), of shape (N, H', W', O)."""
    xp = array_module(x)
    outputs, channels = w.shape[:2]
    height, width = (n + sum(zeros) - 2 for n, zeros in zip(x.shape[1:3], padding, strict=True))
    down, across = -(-height // 4), -(-width // 4)
    points, at = xp.asarray(np.kron(G, G), x.dtype), xp.asarray(AT, x.dtype)
    weights = points @ w.swapaxes(0, 1).reshape(channels * outputs, 9).T
    weights = weights.reshape(36, channels, outputs)
    y = xp.empty((len(x), down, 4, across, 4, outputs), x.dtype)
    sums, lines = _Room(x), _Room(x)
    blocks = _blocks(len(x), down, across, max(channels, outputs))
    for block, tiles in _transformed(x, xp.asarray(BT, x.dtype), padding, across, blocks):
        part = y[block]
        images, rows = part.shape[:2]
        product = xp.matmul(tiles, weights, out=sums.shaped(36, tiles.shape[1], outputs))
        product = product.reshape(6, 6, product.size // 36).swapaxes(0, 1)
        half = xp.matmul(at, product, out=lines.shaped(6, 4, product.shape[2]))
        half = half.reshape(6, 4, images, rows, across, outputs).transpose(1, 2, 3, 4, 0, 5)
        xp.matmul(at, half, out=part.transpose(2, 0, 1, 3, 4, 5))
    y = y.reshape(len(x), 4 * down, 4 * across, outputs)
    return y[:, :height, :width]  # type: ignore[no-any-return]


def weight_gradient(x: Array, g: Array, padding: Padding) -> Array:
    """The gradient by w, (O, C, 3, 3), given that by the result, g (N, H', W', O)."""
    xp = array_module(x)
    channels, (n, height, width, outputs) = x.shape[3], g.shape
    down, across = -(-height // 4), -(-width // 4)
    blocks = list(_blocks(n, down, across, max(channels, outputs)))
    inputs = _transformed(x, xp.asarray(BT, x.dtype), padding, across, blocks)
    results = _transformed(g, xp.asarray(AT, x.dtype).T, ((0, 0), (0, 0)), across, blocks)
    products = (a.swapaxes(1, 2) @ b for (_, a), (_, b) in zip(inputs, results, strict=True))
    total = next(products)
    for product in products:
        total += product
    w = xp.asarray(np.kron(G, G), x.dtype).T @ total.reshape(36, channels * outputs)
    return w.reshape(3, 3, channels, outputs).transpose(3, 2, 0, 1)  # type: ignore[no-any-return]


def _transformed(
    x: Array, matrix: Array, padding: Padding, across: int, blocks: Iterable[Block]
) -> Iterator[tuple[Block, Array]]:
    """For each block, all tiles X of x as M X M^T, in arrays (36, tiles, channels).

    The matrix M (6, k) says how large the tiles are: k x k, and they begin 4 pixels after each other.
    """
    xp = array_module(x)
    windows = xp.lib.stride_tricks.sliding_window_view
    channels, (points, k) = x.shape[3], matrix.shape
    (top, bottom), (left, right) = padding
    x = x[:, max(0, -top) : x.shape[1] - max(0, -bottom), max(0, -left) : x.shape[2] - max(0, -right)]
    width = 4 * across + k - 4
    padded, lines, tiles = _Room(x), _Room(x), _Room(x)
    for block in blocks:
        images, rows = (part.stop - part.start for part in block)
        canvas = padded.shaped(images, 4 * rows + k - 4, width, channels)
        _paint(canvas, x[block[0]], 4 * block[1].start - max(0, top), max(0, left))
        # M X: each row of tiles is a matrix whose lines are those of the image
        rows_of_tiles = windows(canvas, k, 1)[:, ::4].transpose(0, 1, 4, 2, 3)
        half = lines.shaped(images, rows, points, width * channels)
        xp.matmul(matrix, rows_of_tiles.reshape(images, rows, k, width * channels), out=half)
        # (M X) M^T: each line of each tile is a matrix whose rows are its pixels
        half = windows(half.reshape(images, rows, points, width, channels), k, 3)[:, :, :, ::4]
        result = tiles.shaped(points, points, images, rows, across, channels)
        xp.matmul(matrix, half.transpose(2, 0, 1, 3, 5, 4), out=result.transpose(0, 2, 3, 4, 1, 5))
        yield block, result.reshape(points * points, images * rows * across, channels)


def _paint(canvas: Array, x: Array, top: int, left: int) -> None:
    """Copy of each image what the canvas shows, from line `top` on and `left` pixels to the right; else 0."""
    first = max(0, -top)
    part = x[:, top + first : max(0, top + canvas.shape[1]), : max(0, canvas.shape[2] - left)]
    last, right = first + part.shape[1], left + part.shape[2]
    canvas[:, :first] = 0
    canvas[:, last:] = 0
    canvas[:, first:last, :left] = 0
    canvas[:, first:last, right:] = 0
    canvas[:, first:last, left:right] = part


def _blocks(images: int, down: int, across: int, channels: int) -> Iterator[Block]:
    """Blocks of so many rows of tiles that the tiles fit the cache, but weights are not read too often."""
    rows = max(1, max(_TILES, channels) // max(1, across))
    some = max(1, rows // max(1, down))
    for image in range(0, images, some):
        for row in range(0, down, rows):
            yield slice(image, min(images, image + some)), slice(row, min(down, row + rows))


class _Room:
    """Memory that blocks use one after another: fresh memory for each of them is slow."""

    def __init__(self, x: Array) -> None:
        self._xp, self._dtype = array_module(x), x.dtype
        self._memory = self._xp.empty(0, x.dtype)

    def shaped(self, *shape: int) -> Array:
        """An array of this shape with any values in it."""
        size = math.prod(shape)
        if self._memory.size < size:
            self._memory = self._xp.empty(size, self._dtype)
        return self._memory[:size].reshape(shape)  # type: ignore[no-any-return]
