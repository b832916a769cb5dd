"""Pooling by averages: of the window at each position, or of rectangles that divide the image."""

import math
from collections.abc import Sequence
from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.channels import images_of
from minigrad.dtypes import is_half
from minigrad.engine import primitive, xp_of
from minigrad.ops.operands import cast, require_floating
from minigrad.ops.shape import squeeze
from minigrad.ops.sliding import sizes, windows, with_batch

Segments = list[tuple[int, int]]

# An average over rectangles is a sum over segments of the rows, then of the columns, divided by their areas.


@primitive(x=lambda g, x_shape, axis, segments: _spread_segments(g, x_shape[axis], axis, segments))
def _sum_segments(x: Array, axis: int, segments: Segments) -> Array:
    """The sum over each of some segments along an axis."""
    size = (*x.shape[2:axis], len(segments), *x.shape[axis + 1 :])
    xp, y = array_module(x), images_of(x, size, 0)
    before: Any = (slice(None),) * axis
    for i, (start, stop) in enumerate(segments):
        xp.sum(x[(*before, slice(start, stop))], axis, out=y[(*before, i)])
    return y


@primitive(g=lambda h, axis, segments: _sum_segments(h, axis, segments))
def _spread_segments(g: Array, length: int, axis: int, segments: Segments) -> Array:
    """Each element of g added to all of its segment."""
    x = images_of(g, (*g.shape[2:axis], length, *g.shape[axis + 1 :]), 0)
    before = (slice(None),) * axis
    for i, (start, stop) in enumerate(segments):
        x[(*before, slice(start, stop))] += g[(*before, slice(i, i + 1))]
    return x


def _averages(x: Any, segments: list[Segments], counted: list[Segments], divisor: int | None = None) -> Any:
    """Sums over rectangles, divided by their size as `counted` gives it, or by `divisor`."""
    if is_half(x.dtype):  # of which sums soon overflow
        return cast(_averages(cast(x, "float32"), segments, counted, divisor), x.dtype)
    sums = x
    for axis, along in enumerate(segments, 2):
        sums = _sum_segments(sums, axis, along)
    return sums / (divisor or _areas(x, counted))


def _areas(x: Any, segments: list[Segments]) -> Any:
    """The size of each rectangle: a number if all have the same."""
    lengths = [[stop - start for start, stop in along] for along in segments]
    if all(len(set(along)) == 1 for along in lengths):
        return math.prod(along[0] for along in lengths)
    areas = xp_of(x).ones((), x.dtype)
    for along in lengths:
        areas = areas[..., None] * xp_of(x).asarray(along, x.dtype)
    return areas


def avg_pool2d(
    input: Any,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The average of the pixels of each window.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding, ceil_mode
        As for `max_pool2d`; padding is zeros.
    count_include_pad : bool
        Whether padding counts as pixels when the sum is divided.
    divisor_override : int, optional
        What to divide by instead of the number of pixels.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')

    Raises
    ------
    RuntimeError
        If the kernel is larger than the padded image, or an argument is impossible.

    Examples
    --------
    >>> import minigrad as mg
    >>> avg_pool2d(mg.tensor([[[1.0, 2.0, 5.0, 0.0], [4.0, 1.0, 1.0, 2.0]]]), 2).tolist()
    [[[2.0, 2.0]]]
    """
    if divisor_override == 0:
        raise RuntimeError("avg_pool2d: divisor_override must not be zero")
    arguments = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _average_pooled("avg_pool2d", 2, input, *arguments)


def avg_pool1d(
    input: Any,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """`avg_pool2d` for sequences, (N, C, L) or (C, L)."""
    arguments = (kernel_size, stride, padding, ceil_mode, count_include_pad, None)
    return _average_pooled("avg_pool1d", 1, input, *arguments)


def _average_pooled(
    name: str,
    dims: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    x, batched = with_batch(input, dims, name)
    require_floating(x, name)
    size = x.shape[2:]
    kernel, geometry = windows(name, size, kernel_size, stride, padding, 1, ceil_mode)
    segments, counted = [], []
    axes = zip(size, geometry.positions(size, kernel), kernel, *geometry[:2], strict=True)
    for n, positions, k, s, (before, _) in axes:
        spans = [(i * s - before, i * s - before + k) for i in range(positions)]
        segments.append([(max(0, start), min(n, stop)) for start, stop in spans])
        # `padding` counts on either side, what ceil_mode adds behind it does not
        counted.append([(start, min(n + before, stop)) for start, stop in spans])
    y = _averages(x, segments, counted if count_include_pad else segments, divisor)
    return y if batched else squeeze(y, 0)


def adaptive_avg_pool2d(input: Any, output_size: int | Sequence[int | None] | None) -> Any:
    """Averages over rectangles that divide the image as evenly as possible.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    output_size : int, or pair of (int or None)
        How many rectangles in each direction; None for as many as there are pixels.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')

    Raises
    ------
    RuntimeError
        If the image has no pixels, or `output_size` is impossible.

    Examples
    --------
    >>> import minigrad as mg
    >>> adaptive_avg_pool2d(mg.tensor([[[1.0, 2.0, 3.0]]]), (1, 2)).tolist()
    [[[1.5, 2.5]]]
    """
    return adaptive_average("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool1d(input: Any, output_size: int | Sequence[int]) -> Any:
    """`adaptive_avg_pool2d` for sequences, (N, C, L) or (C, L)."""
    return adaptive_average("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_average(name: str, dims: int, input: Any, output_size: Any) -> Any:
    """`adaptive_avg_pool2d` in any number of dimensions, under the name that called it."""
    x, batched = with_batch(input, dims, name)
    require_floating(x, name)
    if math.prod(x.shape[1:]) == 0:
        raise RuntimeError(f"{name}: expected input with pixels and channels, got shape {x.shape}")
    wanted = output_size if isinstance(output_size, Sequence) else [output_size] * dims
    if len(wanted) == dims:
        wanted = [n if m is None else m for n, m in zip(x.shape[2:], wanted, strict=True)]
    pairs = zip(x.shape[2:], sizes(wanted, dims, "output_size", name), strict=True)
    # Of m rectangles in n pixels, rectangle i holds every pixel that it covers a part of.
    segments = [[(i * n // m, -(-(i + 1) * n // m)) for i in range(m)] for n, m in pairs]
    y = _averages(x, segments, segments)
    return y if batched else squeeze(y, 0)
