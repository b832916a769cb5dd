"""Pooling: the largest pixel, or the average, of the window at each position."""

import math
from collections.abc import Sequence
from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.conv import Geometry, Sizes, axis_taps
from minigrad.backend.special import masked
from minigrad.dtypes import is_floating
from minigrad.engine import primitive, xp_of
from minigrad.ops.choice import only
from minigrad.ops.operands import cast, require_floating
from minigrad.ops.shape import squeeze
from minigrad.ops.sliding import check_kernel, sizes, with_batch
from minigrad.tensor import Tensor

Segments = list[tuple[int, int]]

# ---------------------------------------------------------------------- maxima

# Winners are the elements of the kernel, counted row by row, under which the maxima lie. Once they are known,
# the gradient puts numbers where the winners are, and the derivative of that picks numbers up there.


def _to_winners(g: Any, x: Any, y: Any, kernel: Sizes, geometry: Geometry) -> Any:
    if isinstance(g, Tensor) or array_module(g).isnan(y).any():
        return _put(g, _winners(x, y, kernel, geometry), x.shape[2:], kernel, geometry)
    return _to_first_maxima(g, x, y, kernel, geometry)


def _to_first_maxima(g: Array, x: Array, y: Array, kernel: Sizes, geometry: Geometry) -> Array:
    """The same without a list of the winners, which takes a fifth less time."""
    overlapping = _overlapping(kernel, geometry)
    dx = _channels_last(g, x.shape[2:], 0)
    unfound = _channels_last(y, y.shape[2:], True, bool)
    for _, outputs, inputs in geometry.taps(x.shape[2:], y.shape[2:], kernel):
        searching = unfound[(..., *outputs)]
        found = x[(..., *inputs)] == y[(..., *outputs)]
        found &= searching
        searching ^= found
        if overlapping:
            dx[(..., *inputs)] += masked(g[(..., *outputs)], found)
        else:
            masked(g[(..., *outputs)], found, out=dx[(..., *inputs)])
    return dx


def _overlapping(kernel: Sizes, geometry: Geometry) -> bool:
    """Whether a pixel can be in two windows."""
    return any(d * (k - 1) >= s for k, s, d in zip(kernel, geometry.stride, geometry.dilation, strict=True))


@primitive(x=_to_winners)
def _max_pool(x: Array, kernel: Sizes, geometry: Geometry) -> Array:
    lowest = -math.inf if is_floating(x.dtype) else array_module(x).iinfo(x.dtype).min
    windows: Any = zip(geometry.positions(x.shape[2:], kernel), kernel, *geometry[:3], strict=True)
    for axis, (positions, *window) in enumerate(windows, 2):  # maxima of columns, then of these in rows
        y = _channels_last(x, (*x.shape[2:axis], positions, *x.shape[axis + 1 :]), lowest)
        before = (slice(None),) * axis
        for _, outputs, inputs in axis_taps(x.shape[axis], positions, *window):
            part = y[(*before, outputs)]
            array_module(x).maximum(part, x[(*before, inputs)], out=part)
        x = y
    return x


@primitive(g=lambda h, winners, kernel, geometry: _pick(h, winners, kernel, geometry))
def _put(g: Array, winners: Array, size: Sizes, kernel: Sizes, geometry: Geometry) -> Array:
    x = _channels_last(g, size, 0)
    overlapping = _overlapping(kernel, geometry)
    for i, (_, outputs, inputs) in enumerate(geometry.taps(size, g.shape[2:], kernel)):
        target, part = x[(..., *inputs)], only(g[(..., *outputs)], winners[(..., *outputs)] == i)
        if overlapping:
            target += part
        else:
            target[...] = part
    return x


@primitive(x=lambda g, x_shape, winners, kernel, geometry: _put(g, winners, x_shape[2:], kernel, geometry))
def _pick(x: Array, winners: Array, kernel: Sizes, geometry: Geometry) -> Array:
    y = _channels_last(x, winners.shape[2:], 0)
    for i, (_, outputs, inputs) in enumerate(geometry.taps(x.shape[2:], winners.shape[2:], kernel)):
        y[(..., *outputs)] += only(x[(..., *inputs)], winners[(..., *outputs)] == i)
    return y


def _winners(x: Any, y: Any, kernel: Sizes, geometry: Geometry) -> Array:
    """Which element of the kernel each maximum is under: of equals the first, of NaNs the last."""
    x, y = (value.data if isinstance(value, Tensor) else value for value in (x, y))
    xp = array_module(x)
    winners = _channels_last(y, y.shape[2:], 0, "uint8" if math.prod(kernel) <= 256 else "int32")
    taps = list(enumerate(geometry.taps(x.shape[2:], y.shape[2:], kernel)))
    for i, (_, outputs, inputs) in reversed(taps):
        _set_where(x[(..., *inputs)] == y[(..., *outputs)], winners[(..., *outputs)], i)
    if xp.isnan(y).any():
        for i, (_, outputs, inputs) in taps:
            _set_where(xp.isnan(x[(..., *inputs)]), winners[(..., *outputs)], i)
    return winners


def _set_where(condition: Array, target: Array, value: int) -> None:
    """`target[condition] = value`; on bytes, whose arithmetic wraps around, this is 20 times faster."""
    target += condition * (value - target)


def _channels_last(example: Array, size: Sizes, value: float, dtype: Any = None) -> Array:
    """An array full of `value`, like `example` but of another height and width (and dtype)."""
    xp = array_module(example)
    result = xp.full((len(example), *size, example.shape[1]), value, dtype or example.dtype)
    return xp.moveaxis(result, -1, 1)  # type: ignore[no-any-return]


def _flat_indices(winners: Array, size: Sizes, kernel: Sizes, geometry: Geometry) -> Array:
    """The places of the winners in the image, counted row by row."""
    xp = array_module(winners)
    winners = winners.astype("int64")
    indices, unit, rest = xp.zeros_like(winners), 1, winners
    for axis in reversed(range(len(size))):
        element, rest = rest % kernel[axis], rest // kernel[axis]
        start = xp.arange(winners.shape[axis + 2]) * geometry.stride[axis] - geometry.padding[axis][0]
        start = start.reshape(-1, *[1] * (len(size) - 1 - axis))
        place = start + element * geometry.dilation[axis]
        # Only a window without a single pixel has its winner outside. As in PyTorch, it names the first place
        # after the edge that the dilation would lead to.
        indices += xp.where(place < 0, place % geometry.dilation[axis], place) * unit
        unit *= size[axis]
    return indices  # type: ignore[no-any-return]


def max_pool2d(
    input: Any,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest pixel of each window; the first of equal ones gets the gradient.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        By default `kernel_size`, so that windows touch but do not overlap.
    padding : int or pair of int
        By how much windows may reach over the edge; what is outside never wins.
    dilation : int or pair of int
        The distance between the pixels of a window.
    ceil_mode : bool
        Whether windows that reach over the far edge count too.
    return_indices : bool
        Whether to return also where in its H x W image each maximum is.

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W'), or a pair of them

    Raises
    ------
    RuntimeError
        If the kernel is larger than the padded image, or an argument is impossible.

    Examples
    --------
    >>> import minigrad as mg
    >>> max_pool2d(mg.tensor([[[1.0, 2.0, 5.0, 0.0], [4.0, 3.0, 1.0, 1.0]]]), 2).tolist()
    [[[4.0, 5.0]]]
    """
    arguments = (kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return _max_pooled("max_pool2d", 2, input, *arguments)


def max_pool1d(
    input: Any,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool2d` for sequences, (N, C, L) or (C, L)."""
    arguments = (kernel_size, stride, padding, dilation, ceil_mode, return_indices)
    return _max_pooled("max_pool1d", 1, input, *arguments)


def _max_pooled(
    name: str,
    dims: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x, batched = with_batch(input, dims, name)
    kernel, geometry = _windows(name, x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode)
    if x.dtype == bool:
        raise RuntimeError(f"{name}: expected numbers, got a boolean tensor")
    y = _max_pool(x, kernel, geometry)
    result = y if batched else squeeze(y, 0)
    if not return_indices:
        return result
    indices = _flat_indices(_winners(x, y, kernel, geometry), x.shape[2:], kernel, geometry)
    indices = indices if batched else squeeze(indices, 0)
    return result, Tensor(indices) if isinstance(x, Tensor) else indices


def _windows(
    name: str, size: Sizes, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Sizes, Geometry]:
    """The size of the kernel, and a geometry with exactly as many positions as asked for."""
    dims = len(size)
    kernel = sizes(kernel_size, dims, "kernel_size", name, least=1)
    default = stride is None or (isinstance(stride, Sequence) and len(stride) == 0)
    stride = kernel if default else sizes(stride, dims, "stride", name, least=1)
    before = sizes(padding, dims, "padding", name)
    dilation = sizes(dilation, dims, "dilation", name, least=1)
    covered = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    if any(2 * p > c for p, c in zip(before, covered, strict=True)):
        raise RuntimeError(f"{name}: padding {before} is more than half of what the kernel covers, {covered}")
    geometry = Geometry(stride, tuple((p, p) for p in before), dilation)
    if ceil_mode:  # more padding after the image, for a last window that starts before its end
        after = []
        for n, s, p, c in zip(size, stride, before, covered, strict=True):
            last = -(-(n + 2 * p - c) // s) * s
            after.append((last if last < n + p else last - s) + c - n - p)
        geometry = geometry._replace(padding=tuple(zip(before, after, strict=True)))
    check_kernel(geometry, size, kernel, name)
    return kernel, geometry


# ---------------------------------------------------------------------- averages

# An average over rectangles is a sum over segments of the rows, then of the columns, divided by their areas.


@primitive(x=lambda g, x_shape, axis, segments: _spread_segments(g, x_shape[axis], axis, segments))
def _sum_segments(x: Array, axis: int, segments: Segments) -> Array:
    """The sum over each of some segments along an axis."""
    size = (*x.shape[2:axis], len(segments), *x.shape[axis + 1 :])
    xp, y = array_module(x), _channels_last(x, size, 0)
    before: Any = (slice(None),) * axis
    for i, (start, stop) in enumerate(segments):
        xp.sum(x[(*before, slice(start, stop))], axis, out=y[(*before, i)])
    return y


@primitive(g=lambda h, axis, segments: _sum_segments(h, axis, segments))
def _spread_segments(g: Array, length: int, axis: int, segments: Segments) -> Array:
    """Each element of g added to all of its segment."""
    x = _channels_last(g, (*g.shape[2:axis], length, *g.shape[axis + 1 :]), 0)
    before = (slice(None),) * axis
    for i, (start, stop) in enumerate(segments):
        x[(*before, slice(start, stop))] += g[(*before, slice(i, i + 1))]
    return x


def _averages(x: Any, segments: list[Segments], counted: list[Segments], divisor: int | None = None) -> Any:
    """Sums over rectangles, divided by their size as `counted` gives it, or by `divisor`."""
    if x.dtype == "float16":  # of which sums soon overflow
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
    kernel, geometry = _windows(name, size, kernel_size, stride, padding, 1, ceil_mode)
    segments, counted = [], []
    axes = zip(size, geometry.positions(size, kernel), kernel, *geometry[:2], strict=True)
    for n, positions, k, s, (before, _) in axes:
        windows = [(i * s - before, i * s - before + k) for i in range(positions)]
        segments.append([(max(0, start), min(n, stop)) for start, stop in windows])
        # `padding` counts on either side, what ceil_mode adds behind it does not
        counted.append([(start, min(n + before, stop)) for start, stop in windows])
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
