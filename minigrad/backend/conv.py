"""Convolution of arrays, as matrix products.

The patches of the input that the kernel sees, written out one a row, make a matrix, the *columns* ("im2col");
times the weights as a matrix they are the convolution. The whole matrix is kernel-size times larger than the
input, so it is made and used up in blocks that stay in the processor's cache, and made again in the backward
pass instead of kept. Two kinds of convolution have cheaper ways: those with few channels (below), and large
enough ones with a 3x3 kernel (`minigrad.backend.winograd`). On a GPU, cuDNN computes what it can
(`minigrad.backend.cudnn_conv`), and cuBLAS multiplies the columns of the rest.

Shapes are PyTorch's: (N, C, H, W) for values, (O, C / groups, kh, kw) for weights. Memory is channels-last: a
patch is then a few long runs to copy, and the product comes out as the result is stored, a pixel's channels
one after another. Inside, values have the shape (groups, N, H, W, channels of a group), so that one matmul
serves all groups.

Names: x input, w weight, y result, g gradient of the result.
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from minigrad.backend import cudnn_conv, winograd
from minigrad.backend.device import Array, array_module
from minigrad.dtypes import is_half

Pair = tuple[int, int]
Sizes = tuple[int, ...]
Slices = tuple[slice, ...]

_BLOCK = 1 << 20  # bytes of columns at a time: half of a core's second-level cache
_BLOCK_PIXELS = 1024  # but at least so many of its rows: a smaller product is not worth two threads
_GPU_BLOCK = 1 << 28  # there only memory is a limit
_PIXELS = 128  # whose channels are transposed together
_TILE = 32  # pixels of a row that a depthwise convolution computes by one product
_THIN_TILE = 2  # and that any other one does which has few channels:
_THIN = (8, 32)  # at most so many, and so many outputs


class Geometry(NamedTuple):
    """How a kernel moves over its input, with one entry for each spatial dimension.

    Attributes
    ----------
    stride : tuple of int
    padding : tuple of pair of int
        Zeros (before, after) the input; a negative number crops instead.
    dilation : tuple of int
    groups : int
        Into how many independent convolutions the channels are divided.
    """

    stride: Sizes
    padding: tuple[Pair, ...]
    dilation: Sizes
    groups: int = 1

    def positions(self, size: Sizes, kernel: Sizes) -> Sizes:
        """How many positions a kernel of this size has in an input of this size."""
        return tuple(
            (n + sum(pad) - d * (k - 1) - 1) // s + 1
            for n, k, s, pad, d in zip(size, kernel, self.stride, self.padding, self.dilation, strict=True)
        )

    def taps(self, size: Sizes, positions: Sizes, kernel: Sizes) -> Iterator[tuple[Any, Any, Any]]:
        """For each element of the kernel: its index, the positions at which it meets the input, and where."""
        axes = map(axis_taps, size, positions, kernel, self.stride, self.padding, self.dilation)
        return (tuple(zip(*tap, strict=True)) for tap in product(*axes))


def axis_taps(
    size: int, positions: int, kernel: int, stride: int, padding: Pair, dilation: int
) -> list[tuple[int, slice, slice]]:
    """`Geometry.taps` along one dimension."""
    taps = []
    for i in range(kernel):
        offset = i * dilation - padding[0]
        first = max(0, -(offset // stride))
        count = max(0, min(positions, (size - 1 - offset) // stride + 1) - first)
        start = offset + first * stride
        taps.append((i, slice(first, first + count), slice(start, start + count * stride, stride)))
    return taps


# ---------------------------------------------------------------------- the three operations


def correlate(x: Array, w: Array, geometry: Geometry) -> Array:
    """The convolution of x with w (strictly, their cross-correlation)."""
    if (y := cudnn_conv.correlate(x, w, geometry)) is not None:
        return y
    dtype, groups, kernel = x.dtype, geometry.groups, w.shape[2:]
    (x, geometry), w = _cropped(_grouped(x, groups), geometry), _computable(w)
    size = geometry.positions(x.shape[2:4], kernel)
    if tile := _tile(x, len(w) // groups, kernel, geometry):
        return _channels_first(_banded(x, w, size, geometry, tile), dtype)
    if kernels := _winograd(x, len(w), kernel, size, geometry):
        return _channels_first(kernels.correlate(x[0], w, geometry.padding)[None], dtype)
    return _channels_first(_product(x, _matrix(w, groups), kernel, size, geometry), dtype)


def weight_gradient(x: Array, g: Array, kernel: Sizes, geometry: Geometry) -> Array:
    """The gradient by the weight, whose height and width are `kernel`."""
    if (y := cudnn_conv.weight_gradient(x, g, kernel, geometry)) is not None:
        return y
    dtype, groups = x.dtype, geometry.groups
    (x, geometry), g = _cropped(_grouped(x, groups), geometry), _grouped(g, groups)
    channels, outputs = x.shape[4], g.shape[4]
    if tile := _tile(x, outputs, kernel, geometry):
        w = _banded_weight_gradient(x, g, kernel, geometry, tile)
    elif kernels := _winograd(x, outputs, kernel, g.shape[2:4], geometry):
        return kernels.weight_gradient(x[0], g[0], geometry.padding).astype(dtype, copy=False)
    else:
        w = _transposed_product(x, g, kernel, geometry)
    w = w.reshape(groups, *kernel, channels, outputs).transpose(0, 4, 3, 1, 2)
    return w.reshape(groups * outputs, channels, *kernel).astype(dtype, copy=False)


def input_gradient(g: Array, w: Array, size: Sizes, geometry: Geometry) -> Array:
    """The gradient by the input, whose height and width are `size`."""
    if (y := cudnn_conv.input_gradient(g, w, size, geometry)) is not None:
        return y
    if geometry.stride == (1, 1):
        return correlate(g, *_reversed(w, g.shape[2:], size, geometry))
    dtype, groups, kernel, channels = g.dtype, geometry.groups, w.shape[2:], w.shape[1]
    g, w = _grouped(g, groups), _computable(w)
    matrix = _matrix(w, groups).swapaxes(1, 2)
    x = array_module(g).zeros((groups, g.shape[1], *size, channels), g.dtype)
    for block in _blocks(g.shape, matrix.shape[2], g):
        part = g[block]
        columns = (_rows(part) @ matrix[block[0]]).reshape(*part.shape[:4], *kernel, channels)
        columns = columns.transpose(4, 5, 0, 1, 2, 3, 6)
        images = x[block[:2]]
        for tap, outputs, inputs in _from_row(block[2].start, geometry).taps(size, part.shape[2:4], kernel):
            images[(..., *inputs, slice(None))] += columns[tap][(..., *outputs, slice(None))]
    return _channels_first(x, dtype)


def _winograd(
    x: Array, outputs: int, kernel: Sizes, size: Sizes, geometry: Geometry
) -> winograd.Kernels | None:
    """The kernels of Winograd's algorithm, if it knows this convolution, is allowed and is worth it."""
    if (
        winograd.allowed
        and kernel == (3, 3)
        and (geometry.stride, geometry.dilation, geometry.groups) == ((1, 1), (1, 1), 1)
        and x.dtype == np.float32  # whoever takes float64 wants its digits
        and array_module(x) is np  # on a GPU, products with a 6x6 matrix are slow
    ):
        return winograd.fastest(x.shape[1], size, x.shape[4], outputs)
    return None


def _reversed(w: Array, positions: Sizes, size: Sizes, geometry: Geometry) -> tuple[Array, Geometry]:
    """The weight and geometry of the convolution that the input gradient of one with stride 1 is."""
    outputs, channels, *kernel = w.shape
    groups = geometry.groups
    w = w.reshape(groups, outputs // groups, channels, *kernel).swapaxes(1, 2)[..., ::-1, ::-1]
    axes = zip(size, positions, kernel, geometry.dilation, geometry.padding, strict=True)
    padding = tuple((d * (k - 1) - before, n - m + before) for n, m, k, d, (before, _) in axes)
    return w.reshape(groups * channels, outputs // groups, *kernel), geometry._replace(padding=padding)


def _from_row(row: int, geometry: Geometry) -> Geometry:
    """The geometry of the positions from this row on."""
    (top, bottom), horizontal = geometry.padding
    return geometry._replace(padding=((top - row * geometry.stride[0], bottom), horizontal))


# ---------------------------------------------------------------------- products with the columns


def _product(x: Array, matrix: Array, kernel: Sizes, size: Sizes, geometry: Geometry) -> Array:
    """The columns of x times a matrix."""
    xp = array_module(x)
    y = xp.empty((*x.shape[:2], *size, matrix.shape[2]), x.dtype)
    for block, columns in _column_blocks(x, kernel, size, geometry):
        xp.matmul(columns, matrix[block[0]], out=_rows(y[block]))
    return y  # type: ignore[no-any-return]


def _transposed_product(x: Array, g: Array, kernel: Sizes, geometry: Geometry) -> Array:
    """The columns of x, transposed, times g."""
    matrix = array_module(x).zeros((len(x), math.prod(kernel) * x.shape[4], g.shape[4]), x.dtype)
    for block, columns in _column_blocks(x, kernel, g.shape[2:4], geometry):
        matrix[block[0]] += columns.swapaxes(1, 2) @ _rows(g[block])
    return matrix  # type: ignore[no-any-return]


def _column_blocks(
    x: Array, kernel: Sizes, size: Sizes, geometry: Geometry
) -> Iterator[tuple[Slices, Array]]:
    """The columns in blocks: where their products belong, and arrays (groups, pixels, kh * kw * channels)."""
    xp = array_module(x)
    if kernel == (1, 1) and geometry.padding == ((0, 0), (0, 0)):  # the columns are the pixels themselves
        vertical, horizontal = geometry.stride
        yield (slice(None),) * 3, _rows(x[:, :, ::vertical, ::horizontal])
        return
    # A geometry of tiles may end before the image does; patches do not reach what is left over.
    (top, bottom), (left, right) = ((before, max(0, after)) for before, after in geometry.padding)
    groups, images, height, width, channels = x.shape
    row_length = math.prod(kernel) * channels
    canvas: Array | None = None  # room for the images of one block inside a border of zeros
    for block in _blocks((groups, images, *size), row_length, x):
        part = x[block[:2]]
        if canvas is None:  # the first block is the largest
            padded = (top + height + bottom, left + width + right)
            canvas = xp.zeros((*part.shape[:2], *padded, channels), x.dtype)
            inside = canvas[:, :, top : top + height, left : left + width]
            patches = _patches(canvas, kernel, size, geometry)
        here = (slice(len(part)), slice(part.shape[1]))
        if block[2].start == 0:
            inside[here] = part
        columns = patches[(*here, block[2])]
        pixels = math.prod(columns.shape[1:4])
        yield block, xp.ascontiguousarray(columns.reshape(len(part), pixels, row_length))


def _patches(canvas: Array, kernel: Sizes, size: Sizes, geometry: Geometry) -> Array:
    """The patches of padded images as a view of shape (groups, N, rows, columns, kh, kw, channels)."""
    group, image, row, pixel, channel = canvas.strides
    (down, right), (apart_down, apart_right) = geometry.stride, geometry.dilation
    as_strided = array_module(canvas).lib.stride_tricks.as_strided
    view: Array = as_strided(
        canvas,
        (*canvas.shape[:2], *size, *kernel, canvas.shape[4]),
        (group, image, down * row, right * pixel, apart_down * row, apart_right * pixel, channel),
    )
    return view


def _blocks(shape: Sizes, row_length: int, x: Array) -> Iterator[Slices]:
    """Slices (groups, images, rows) which cut a result of this shape so that its columns fit the cache."""
    groups, images, height, width = shape[:4]
    pixel = row_length * x.dtype.itemsize
    budget = max(_BLOCK, _BLOCK_PIXELS * pixel) if array_module(x) is np else _GPU_BLOCK
    rows = max(1, budget // max(1, width * pixel))  # as many as fit, of one image, many images, many groups
    some_images = max(1, rows // max(1, height))
    some_groups = max(1, some_images // max(1, images))
    for group in range(0, groups, some_groups):
        for image in range(0, images, some_images):
            for row in range(0, height, rows):
                yield (
                    slice(group, min(groups, group + some_groups)),
                    slice(image, min(images, image + some_images)),
                    slice(row, min(height, row + rows)),
                )


# ---------------------------------------------------------------------- few channels

# Patches of few channels are short to copy, and those of one are too short to multiply. So a tile of
# neighbouring pixels is computed at once, by a kernel as wide as everything that the tile sees: its matrix
# holds the weights once for each pixel of the tile, every time one stride further on (a band matrix). That is
# the product from above with another kernel and geometry.


def _tile(x: Array, outputs: int, kernel: Sizes, geometry: Geometry) -> int:
    """How many pixels of a row to compute at once; 0 if each by itself."""
    channels = x.shape[4]
    if channels == 1 < geometry.groups:
        return _TILE
    thin = channels <= _THIN[0] and outputs <= _THIN[1] and array_module(x) is np
    seen = _seen(_THIN_TILE, kernel[1], geometry)
    return _THIN_TILE if thin and seen < _THIN_TILE * kernel[1] else 0  # else the band is mostly zeros


def _seen(tile: int, kernel: int, geometry: Geometry) -> int:
    """How wide the part of a row is that a tile depends on."""
    return (tile - 1) * geometry.stride[1] + (kernel - 1) * geometry.dilation[1] + 1


def _banded(x: Array, w: Array, size: Sizes, geometry: Geometry, tile: int) -> Array:
    groups, channels, kernel, outputs = len(x), x.shape[4], w.shape[2:], len(w) // len(x)
    tile, tiled, wide_kernel, wide = _tiled(x.shape[3], kernel, size, geometry, tile)
    band = array_module(x).zeros((groups, *wide_kernel, channels, tile, outputs), x.dtype)
    weights = _matrix(w, groups).reshape(groups, *kernel, channels, 1, outputs)
    _diagonals(band, kernel, geometry)[...] = weights
    band = band.reshape(groups, math.prod(wide_kernel) * channels, tile * outputs)
    y = _product(x, band, wide_kernel, tiled, wide)
    return y.reshape(*y.shape[:3], tiled[1] * tile, outputs)[:, :, :, : size[1]]


def _banded_weight_gradient(x: Array, g: Array, kernel: Sizes, geometry: Geometry, tile: int) -> Array:
    xp = array_module(x)
    groups, images, height, width, outputs = g.shape
    tile, tiled, wide_kernel, wide = _tiled(x.shape[3], kernel, (height, width), geometry, tile)
    if width % tile:
        tiles = xp.zeros((groups, images, height, tiled[1] * tile, outputs), g.dtype)
        tiles[:, :, :, :width] = g
    else:
        tiles = g
    band = _transposed_product(x, tiles.reshape(groups, images, *tiled, tile * outputs), wide_kernel, wide)
    band = band.reshape(groups, *wide_kernel, x.shape[4], tile, outputs)
    return _diagonals(band, kernel, geometry).sum(4)  # type: ignore[no-any-return]


def _tiled(
    width: int, kernel: Sizes, size: Sizes, geometry: Geometry, tile: int
) -> tuple[int, Sizes, Sizes, Geometry]:
    """Pixels in a tile; the positions of tiles; the kernel and geometry that compute a tile at once."""
    vertical, (left, _) = geometry.padding
    down, right = geometry.stride
    tile = min(tile, size[1])
    tiles = -(-size[1] // tile)
    seen = _seen(tile, kernel[1], geometry)
    padding = (vertical, (left, (tiles - 1) * tile * right + seen - width - left))
    dilation = (geometry.dilation[0], 1)
    return tile, (size[0], tiles), (kernel[0], seen), Geometry((down, tile * right), padding, dilation)


def _diagonals(band: Array, kernel: Sizes, geometry: Geometry) -> Array:
    """Where the weights of each pixel are in a band (groups, kh, wide kw, C, tile, outputs)."""
    group, row, column, channel, pixel, output = band.strides
    as_strided = array_module(band).lib.stride_tricks.as_strided
    view: Array = as_strided(
        band,
        (len(band), *kernel, *band.shape[3:]),
        (group, row, geometry.dilation[1] * column, channel, geometry.stride[1] * column + pixel, output),
    )
    return view


# ---------------------------------------------------------------------- layouts


def _grouped(x: Array, groups: int) -> Array:
    """(N, C, H, W) as (groups, N, H, W, C / groups), in a dtype that BLAS computes in: mostly a view."""
    n, c, height, width = x.shape
    x = _computable(x).transpose(0, 2, 3, 1)
    if 1 < groups == c and x.flags.c_contiguous and array_module(x) is np:
        return _channel_images(x)
    return x.reshape(n, height, width, groups, c // groups).transpose(3, 0, 1, 2, 4)


def _channel_images(x: Array) -> Array:
    """(N, H, W, C) as (C, N, H, W, 1), copied some pixels at a time.

    Whoever walks through one channel of a view reads a whole cache line for each number; here the lines are
    still in the cache when the next channel needs them, which takes a quarter of the time.
    """
    n, height, width, c = x.shape
    pixels = x.reshape(n * height * width, c)
    images = array_module(x).empty((c, len(pixels)), x.dtype)
    for start in range(0, len(pixels), _PIXELS):
        part = slice(start, start + _PIXELS)
        images[:, part] = pixels[part].T
    return images.reshape(c, n, height, width, 1)  # type: ignore[no-any-return]


def _channels_first(y: Array, dtype: Any) -> Array:
    """(groups, N, H, W, C / groups) as (N, C, H, W), channels last in memory."""
    groups, n, height, width, channels = y.shape
    y = y.transpose(1, 2, 3, 0, 4).reshape(n, height, width, groups * channels)
    return array_module(y).ascontiguousarray(y, dtype).transpose(0, 3, 1, 2)  # type: ignore[no-any-return]


def _rows(y: Array) -> Array:
    """(groups, N, H, W, C) as matrices (groups, pixels, C)."""
    return y.reshape(len(y), math.prod(y.shape[1:4]), y.shape[4])


def _matrix(w: Array, groups: int) -> Array:
    """(O, C / groups, kh, kw) as matrices (groups, kh * kw * C / groups, O / groups)."""
    outputs, channels, *kernel = w.shape
    w = w.reshape(groups, outputs // groups, channels, *kernel).transpose(0, 3, 4, 2, 1)
    return w.reshape(groups, math.prod(kernel) * channels, outputs // groups)


def _cropped(x: Array, geometry: Geometry) -> tuple[Array, Geometry]:
    """Without what a negative padding crops, so that not even a NaN there matters; and the other padding."""
    slices, padding = [], []
    for size, (before, after) in zip(x.shape[2:4], geometry.padding, strict=True):
        start = min(size, max(0, -before))
        stop = max(start, size + min(0, after))
        total = size + before + after
        zeros = min(max(0, before), total)  # one side may crop more than there is of the image
        slices.append(slice(start, stop))
        padding.append((zeros, total - zeros - (stop - start)))
    return x[:, :, *slices], geometry._replace(padding=tuple(padding))


def _computable(x: Array) -> Array:
    """Half precision as single: BLAS knows no other, and sums of halves would lose digits."""
    return x.astype("float32") if is_half(x.dtype) else x
