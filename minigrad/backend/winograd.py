"""3x3 convolutions with fewer multiplications: Winograd's algorithm F(4, 3), along one dimension or both.

Four neighbouring results of a convolution with three weights depend on six inputs. One by one they take 12
multiplications, here they take 6. The idea is that of multiplying two polynomials by their values: evaluate
both at enough points, multiply value by value, interpolate. Six points do: 0, 1, -1, 2, -2, and infinity
(which stands for the leading coefficient). Evaluation and interpolation are small constant matrices, named as
in the paper:

    y = A^T [(G w) * (B^T x)]                4 results y, 3 weights w, 6 inputs x

*Lines*: x are six lines of an image, y four, and at each point the product stands for a convolution with one
line of weights, made of columns as in `minigrad.backend.conv`, but half as many. *Tiles*: the same along both
dimensions, 36 multiplications for 4x4 results instead of 144,

    Y = A^T [(G W G^T) * (B^T X B)] A

where, summed over the channels, the product in brackets is a matrix product at each point: tiles x C times
C x O. All this is linear in W, so that the gradient by the weight is the chain transposed:

    dw = G^T [(B^T x) * (A dy)]              dW = G^T [(B^T X B) * (A dY A^T)] G

The price is the transforms, which pay if there are enough channels, and rounding: with points as large as 2,
terms are larger than their sum. In float32, lines are off by up to 5e-6 of the largest result, tiles by 2e-5,
and the columns of `minigrad.backend.conv`, which are the twin of this file for convolutions of any kind, by
1e-6. An infinity or a NaN reaches all results of its tile.

Values have the shape (N, H, W, C), and memory is in this order. Then windows of lines, and of pixels, are
matrices that BLAS reads where they are: nothing is copied before it is transformed. Blocks of the image are
transformed and used up one after another.

References
----------
.. [1] A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, arXiv:1509.09308.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from minigrad.backend.device import Array, array_module

Padding = tuple[tuple[int, int], ...]
Block = tuple[slice, slice]  # some images, some rows of tiles

NOTHING: Padding = ((0, 0), (0, 0))
_TILES = 128  # tiles in a block: with few channels they stay in the second-level cache;
_MANY_TILES = 512  # with many they do not anyway, and larger products make better use of two threads

allowed = True
"""Whether convolutions may use these algorithms; `allow_winograd` sets it."""

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

    At first it is allowed. It saves up to half of the time, and its results are off by up to 2e-5 of the
    largest one; without it, by about 1e-6. The switch is one for all threads. On a GPU, it says whether cuDNN
    may use its own kernels of this kind.

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


class Kernels(NamedTuple):
    """One way to compute a convolution.

    Attributes
    ----------
    correlate : callable
        x (N, H, W, C), w (O, C, 3, 3), padding -> (N, H', W', O)
    weight_gradient : callable
        x (N, H, W, C), gradient (N, H', W', O), padding -> (O, C, 3, 3)
    """

    correlate: Callable[[Array, Array, Padding], Array]
    weight_gradient: Callable[[Array, Array, Padding], Array]


def fastest(images: int, size: tuple[int, ...], channels: int, outputs: int) -> Kernels | None:
    """The algorithm for results of this height and width; None if columns take less time than both.

    The costs are measured, in multiplications within the large matrices of the columns. Multiplications cost
    C * O, transforms only C + O. Lines and tiles that stick out of their image cost as much as any other, and
    the transform of the weights as much for one tile as for many.
    """
    (height, width), pairs, values = size, channels * outputs, channels + outputs
    strips = images * -(-height // 4) * width  # of 4 pixels below each other
    tiles = images * -(-height // 4) * -(-width // 4)
    copied = channels * (outputs + 8)  # to copy a value into the columns costs as much as 8 outputs more
    costs = {
        None: 9 * images * height * width * copied,
        LINES: strips * (21 * copied + 100 * values) + 1500 * pairs,  # not 18: the matrices are smaller
        TILES: tiles * (54 * pairs + 1150 * values) + 3000 * pairs,  # not 36: they are smaller still
    }
    return min(costs, key=lambda kernels: costs[kernels])


# ---------------------------------------------------------------------- lines


def _correlate_lines(x: Array, w: Array, padding: Padding) -> Array:
    xp, dtype, (outputs, channels) = array_module(x), x.dtype, w.shape[:2]
    at, g = xp.asarray(AT, dtype), xp.asarray(G, dtype)
    height, width = _size(x, padding)
    weights = g @ w.transpose(3, 1, 0, 2).reshape(3 * channels * outputs, 3).T
    weights = weights.reshape(6, 3 * channels, outputs)
    y = xp.empty((len(x), -(-height // 4), 4, width * outputs), dtype)
    blocks = _blocks(len(x), height, width, max(channels, outputs))
    room, columns_room = _Room(x), _Room(x)
    for block, lines in _lines(x, BT, padding, width + 2, blocks):
        product = room.shaped(*lines.shape[:3], width * outputs)
        xp.matmul(_columns(lines, columns_room), weights, out=product.reshape(6, -1, outputs))
        xp.matmul(at, product.transpose(1, 2, 0, 3), out=y[block])
    return y.reshape(len(x), -1, width, outputs)[:, :height]  # type: ignore[no-any-return]


def _weight_gradient_lines(x: Array, g: Array, padding: Padding) -> Array:
    xp, channels, (images, height, width, outputs) = array_module(x), x.shape[3], g.shape
    blocks = _blocks(images, height, width, max(channels, outputs))
    room = _Room(x)
    inputs = (_columns(lines, room) for _, lines in _lines(x, BT, padding, width + 2, blocks))
    results = (lines.reshape(6, -1, outputs) for _, lines in _lines(g, AT.T, NOTHING, width, blocks))
    total = _sum_of_products(inputs, results)
    w = xp.asarray(G, x.dtype).T @ total.reshape(6, 3 * channels * outputs)
    return w.reshape(3, 3, channels, outputs).transpose(3, 2, 0, 1)  # type: ignore[no-any-return]


def _lines(
    x: Array, matrix: Array, padding: Padding, width: int, blocks: list[Block]
) -> Iterator[tuple[Block, Array]]:
    """For each block, its windows of lines times the matrix (6, k), of shape (6, images, windows, width, C).

    Windows are k lines high and begin 4 lines after each other. The images are padded, and cut or extended by
    zeros to this width.
    """
    xp = array_module(x)
    channels, k = x.shape[3], matrix.shape[1]
    matrix = xp.asarray(matrix, x.dtype)
    (top, _), (left, _) = padding
    padded, room = _Room(x), _Room(x)
    for block in blocks:
        images, rows = (part.stop - part.start for part in block)
        canvas = padded.shaped(images, 4 * rows + k - 4, width, channels)
        _paint(canvas, x[block[0]], 4 * block[1].start - top, left)
        windows = _windows(canvas.reshape(*canvas.shape[:2], width * channels), 1, k, 4)
        lines = room.shaped(6, images, rows, width * channels)
        xp.matmul(matrix, windows, out=lines.transpose(1, 2, 0, 3))
        yield block, lines.reshape(6, images, rows, width, channels)


def _columns(lines: Array, room: "_Room") -> Array:
    """What one line of weights sees, a position a row: (6, positions, 3 * C)."""
    windows = _windows(lines, 3, 3, 1)
    columns = room.shaped(*windows.shape)
    columns[...] = windows
    return columns.reshape(6, -1, 3 * lines.shape[4])


# ---------------------------------------------------------------------- tiles


def _correlate_tiles(x: Array, w: Array, padding: Padding) -> Array:
    xp, dtype, (outputs, channels) = array_module(x), x.dtype, w.shape[:2]
    at, gg = xp.asarray(AT, dtype), xp.asarray(np.kron(G, G), dtype)
    height, width = _size(x, padding)
    down, across = -(-height // 4), -(-width // 4)
    weights = gg @ w.swapaxes(0, 1).reshape(channels * outputs, 9).T
    weights = weights.reshape(36, channels, outputs)
    y = xp.empty((len(x), down, 4, across, 4, outputs), dtype)
    blocks = _blocks(len(x), height, width, max(channels, outputs))
    room, tiles_room, lines_room = _Room(x), _Room(x), _Room(x)
    for block, lines in _lines(x, BT, padding, 4 * across + 2, blocks):
        part = y[block]
        images, rows = part.shape[:2]
        tiles = _tiles(lines, BT, tiles_room)
        product = xp.matmul(tiles, weights, out=room.shaped(36, tiles.shape[1], outputs))
        product = product.reshape(6, 6, tiles.shape[1] * outputs).swapaxes(0, 1)
        # first A^T times the points, for each column of them; then times A, for each of the 4 lines made
        half = xp.matmul(at, product, out=lines_room.shaped(6, 4, product.shape[2]))
        half = half.reshape(6, 4, images, rows, across, outputs).transpose(1, 2, 3, 4, 0, 5)
        xp.matmul(at, half, out=part.transpose(2, 0, 1, 3, 4, 5))
    y = y.reshape(len(x), 4 * down, 4 * across, outputs)
    return y[:, :height, :width]  # type: ignore[no-any-return]


def _weight_gradient_tiles(x: Array, g: Array, padding: Padding) -> Array:
    xp, channels, (images, height, width, outputs) = array_module(x), x.shape[3], g.shape
    across = -(-width // 4)
    blocks = _blocks(images, height, width, max(channels, outputs))
    rooms = _Room(x), _Room(x)
    inputs = (_tiles(lines, BT, rooms[0]) for _, lines in _lines(x, BT, padding, 4 * across + 2, blocks))
    results = (_tiles(lines, AT.T, rooms[1]) for _, lines in _lines(g, AT.T, NOTHING, 4 * across, blocks))
    total = _sum_of_products(inputs, results)
    w = xp.asarray(np.kron(G, G), x.dtype).T @ total.reshape(36, channels * outputs)
    return w.reshape(3, 3, channels, outputs).transpose(3, 2, 0, 1)  # type: ignore[no-any-return]


def _tiles(lines: Array, matrix: Array, room: "_Room") -> Array:
    """The matrix (6, k) times windows of k pixels in the lines, 4 after each other: (36, tiles, C)."""
    xp = array_module(lines)
    windows = _windows(lines, 3, matrix.shape[1], 4)
    _, images, rows, across, _, channels = windows.shape
    tiles = room.shaped(6, 6, images, rows, across, channels)
    xp.matmul(xp.asarray(matrix, lines.dtype), windows, out=tiles.transpose(0, 2, 3, 4, 1, 5))
    return tiles.reshape(36, images * rows * across, channels)


LINES = Kernels(_correlate_lines, _weight_gradient_lines)
TILES = Kernels(_correlate_tiles, _weight_gradient_tiles)

# ---------------------------------------------------------------------- what both need


def _size(x: Array, padding: Padding) -> tuple[int, int]:
    """Height and width of the result."""
    height, width = (n + before + after - 2 for n, (before, after) in zip(x.shape[1:3], padding, strict=True))
    return height, width


def _sum_of_products(inputs: Iterable[Array], results: Iterable[Array]) -> Array:
    """The sum over the blocks of inputs, transposed, times results. There must be a block."""
    products = (x.swapaxes(1, 2) @ g for x, g in zip(inputs, results, strict=True))
    total = next(products)
    for product in products:
        total += product
    return total


def _windows(x: Array, axis: int, length: int, step: int) -> Array:
    """A view of x with two axes for this one: windows, `step` after each other, and the inside of a window.

    `sliding_window_view` would do, but its checks take as long as the copy of a small block.
    """
    shape, strides = list(x.shape), list(x.strides)
    shape[axis : axis + 1] = (shape[axis] - length) // step + 1, length
    strides[axis : axis + 1] = step * strides[axis], strides[axis]
    view: Array = array_module(x).lib.stride_tricks.as_strided(x, shape, strides)
    return view


def _paint(canvas: Array, x: Array, top: int, left: int) -> None:
    """Copy of each image what the canvas shows, from line `top` on and `left` pixels to the right; else 0."""
    first = max(0, -top)
    part = x[:, top + first : max(0, top + canvas.shape[1]), : canvas.shape[2] - left]
    last, right = first + part.shape[1], left + part.shape[2]
    canvas[:, :first] = 0
    canvas[:, last:] = 0
    canvas[:, first:last, :left] = 0
    canvas[:, first:last, right:] = 0
    canvas[:, first:last, left:right] = part


def _blocks(images: int, height: int, width: int, channels: int) -> list[Block]:
    """Slices of the images, and of their rows of tiles.

    A block fits the cache if there are few channels. If there are many, it has at least as many tiles as
    channels, so that it is as large as the weights, which are read for every block.
    """
    down = -(-height // 4)
    tiles = _TILES if channels < 128 else max(_MANY_TILES, channels)
    rows = max(1, tiles // max(1, -(-width // 4)))
    some = max(1, rows // max(1, down))
    return [
        (slice(image, min(images, image + some)), slice(row, min(down, row + rows)))
        for image in range(0, images, some)
        for row in range(0, down, rows)
    ]


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
