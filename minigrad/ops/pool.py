"""Pooling by maxima: the largest pixel of the window at each position."""

import math
from collections.abc import Sequence
from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.channels import images_of
from minigrad.backend.conv import Geometry, Sizes, axis_taps
from minigrad.backend.special import masked
from minigrad.dtypes import is_floating
from minigrad.engine import primitive
from minigrad.ops.choice import only
from minigrad.ops.shape import squeeze
from minigrad.ops.sliding import windows, with_batch
from minigrad.tensor import Tensor

# Winners are the elements of the kernel, counted row by row, under which the maxima lie. Once they are known,
# the gradient puts numbers where the winners are, and the derivative of that picks numbers up there.


def _to_winners(g: Any, x: Any, y: Any, kernel: Sizes, geometry: Geometry) -> Any:
    if isinstance(g, Tensor) or array_module(g).isnan(y).any():
        return _put(g, _winners(x, y, kernel, geometry), x.shape[2:], kernel, geometry)
    return _to_first_maxima(g, x, y, kernel, geometry)


def _to_first_maxima(g: Array, x: Array, y: Array, kernel: Sizes, geometry: Geometry) -> Array:
    """The same without a list of the winners, which takes a fifth less time."""
    overlapping = _overlapping(kernel, geometry)
    dx = images_of(g, x.shape[2:], 0)
    unfound = images_of(y, y.shape[2:], True, bool)
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
    axes: Any = zip(geometry.positions(x.shape[2:], kernel), kernel, *geometry[:3], strict=True)
    for axis, (positions, *window) in enumerate(axes, 2):  # maxima of columns, then of these in rows
        y = images_of(x, (*x.shape[2:axis], positions, *x.shape[axis + 1 :]), lowest)
        before = (slice(None),) * axis
        for _, outputs, inputs in axis_taps(x.shape[axis], positions, *window):
            part = y[(*before, outputs)]
            array_module(x).maximum(part, x[(*before, inputs)], out=part)
        x = y
    return x


@primitive(g=lambda h, winners, kernel, geometry: _pick(h, winners, kernel, geometry))
def _put(g: Array, winners: Array, size: Sizes, kernel: Sizes, geometry: Geometry) -> Array:
    x = images_of(g, size, 0)
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
    y = images_of(x, winners.shape[2:], 0)
    for i, (_, outputs, inputs) in enumerate(geometry.taps(x.shape[2:], winners.shape[2:], kernel)):
        y[(..., *outputs)] += only(x[(..., *inputs)], winners[(..., *outputs)] == i)
    return y


def _winners(x: Any, y: Any, kernel: Sizes, geometry: Geometry) -> Array:
    """Which element of the kernel each maximum is under: of equals the first, of NaNs the last."""
    x, y = (value.data if isinstance(value, Tensor) else value for value in (x, y))
    xp = array_module(x)
    winners = images_of(y, y.shape[2:], 0, "uint8" if math.prod(kernel) <= 256 else "int32")
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
    kernel, geometry = windows(name, x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode)
    if x.dtype == bool:
        raise RuntimeError(f"{name}: expected numbers, got a boolean tensor")
    y = _max_pool(x, kernel, geometry)
    result = y if batched else squeeze(y, 0)
    if not return_indices:
        return result
    indices = _flat_indices(_winners(x, y, kernel, geometry), x.shape[2:], kernel, geometry)
    indices = indices if batched else squeeze(indices, 0)
    return result, Tensor(indices) if isinstance(x, Tensor) else indices
