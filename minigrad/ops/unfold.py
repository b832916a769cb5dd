"""The blocks that a sliding kernel covers, written out (unfold) and put back (fold), which are adjoint."""

import math
from collections.abc import Sequence
from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.conv import Geometry, Sizes
from minigrad.engine import primitive
from minigrad.ops.shape import squeeze
from minigrad.ops.sliding import check_kernel, sizes, with_batch


@primitive(x=lambda g, x_shape, kernel, geometry: _fold(g, x_shape[2:], kernel, geometry))
def _unfold(x: Array, kernel: Sizes, geometry: Geometry) -> Array:
    n, channels, *size = x.shape
    positions = geometry.positions(size, kernel)
    columns = array_module(x).zeros((*kernel, n, channels, *positions), x.dtype)
    for tap, outputs, inputs in geometry.taps(size, positions, kernel):
        columns[tap][(..., *outputs)] = x[(..., *inputs)]
    columns = columns.transpose(2, 3, 0, 1, 4, 5)
    return columns.reshape(n, channels * math.prod(kernel), math.prod(positions))  # type: ignore[no-any-return]


@primitive(columns=lambda g, kernel, geometry: _unfold(g, kernel, geometry))
def _fold(columns: Array, size: Sizes, kernel: Sizes, geometry: Geometry) -> Array:
    n, channels = len(columns), columns.shape[1] // math.prod(kernel)
    positions = geometry.positions(size, kernel)
    columns = columns.reshape(n, channels, *kernel, *positions).transpose(2, 3, 0, 1, 4, 5)
    x = array_module(columns).zeros((n, channels, *size), columns.dtype)
    for tap, outputs, inputs in geometry.taps(size, positions, kernel):
        x[(..., *inputs)] += columns[tap][(..., *outputs)]
    return x  # type: ignore[no-any-return]


def unfold(
    input: Any,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Any:
    """The blocks of pixels that a sliding kernel covers, one a column.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size, dilation, padding, stride : int or pair of int
        As for `conv2d`, which is the product of a weight of shape (O, C * kh * kw) with these columns.

    Returns
    -------
    Tensor, shape (N, C * kh * kw, L) or (C * kh * kw, L)
        With L the number of positions of the kernel.

    Raises
    ------
    RuntimeError
        If the kernel is larger than the padded image, or an argument is impossible.

    Examples
    --------
    >>> import minigrad as mg
    >>> unfold(mg.tensor([[[1.0, 2.0, 3.0]]]), (1, 2)).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    x, batched = with_batch(input, 2, "unfold")
    kernel, geometry = _sliding(kernel_size, dilation, padding, stride, "unfold")
    check_kernel(geometry, x.shape[2:], kernel, "unfold")
    columns = _unfold(x, kernel, geometry)
    return columns if batched else squeeze(columns, 0)


def fold(
    input: Any,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Any:
    """The transpose of `unfold`: columns put back to where they came from, and added up where they overlap.

    Parameters
    ----------
    input : Tensor, shape (N, C * kh * kw, L) or (C * kh * kw, L)
    output_size : int or pair of int
        Height and width of the image.
    kernel_size, dilation, padding, stride : int or pair of int
        As for `unfold`.

    Returns
    -------
    Tensor, shape (N, C, H, W) or (C, H, W)

    Raises
    ------
    RuntimeError
        If `input` is not what `unfold` makes of images of this size, or an argument is impossible.

    Examples
    --------
    >>> import minigrad as mg
    >>> fold(mg.tensor([[1.0, 2.0], [2.0, 3.0]]), (1, 3), (1, 2)).tolist()
    [[[1.0, 4.0, 3.0]]]
    """
    columns, batched = with_batch(input, 1, "fold")
    size = sizes(output_size, 2, "output_size", "fold", least=1)
    kernel, geometry = _sliding(kernel_size, dilation, padding, stride, "fold")
    check_kernel(geometry, size, kernel, "fold")
    if columns.shape[1] % math.prod(kernel):
        raise RuntimeError(f"fold: {columns.shape[1]} rows do not divide into kernels of size {kernel}")
    blocks = math.prod(geometry.positions(size, kernel))
    if columns.shape[2] != blocks:
        raise RuntimeError(f"fold: output_size {size} needs {blocks} columns, got {columns.shape[2]}")
    x = _fold(columns, size, kernel, geometry)
    return x if batched else squeeze(x, 0)


def _sliding(kernel: Any, dilation: Any, padding: Any, stride: Any, name: str) -> tuple[Sizes, Geometry]:
    kernel = sizes(kernel, 2, "kernel_size", name, least=1)
    geometry = Geometry(
        stride=sizes(stride, 2, "stride", name, least=1),
        padding=tuple((p, p) for p in sizes(padding, 2, "padding", name)),
        dilation=sizes(dilation, 2, "dilation", name, least=1),
    )
    return kernel, geometry
