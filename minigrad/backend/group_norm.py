"""Group normalization in channels-last memory, as convolutions make and take it: nothing is transposed.

A few samples at a time go through all passes while they are in a core's cache. Each sample is seen as wide
rows in which the channels repeat (see channels.py); its groups are sums of a few of these columns. Forward
and backward have the form that `engine.Fused` asks for.
"""

import math
from collections.abc import Iterator, Sequence

from minigrad.backend.channels import row_blocks
from minigrad.backend.device import Array, array_module

_WIDTH = 1024  # elements in a row


def group_norm(
    x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float
) -> tuple[Array, tuple[Array, Array]]:
    """`(x - mean) / sqrt(variance + eps) * weight + bias` for each group of channels of `x` (N, C, ...).

    Returns
    -------
    y : Array, (N, C, ...)
    mean, inverse : Array, float64 (N, groups)
        Of each group; inverse is `1 / sqrt(variance + eps)`.
    """
    xp, rows, channels = array_module(x), _sample_rows(x), x.shape[1]
    ones, same = xp.ones(rows.shape[1], x.dtype), xp.ones(channels)
    scale = same if weight is None else weight
    y = xp.empty_like(rows)
    mean, inverse = xp.empty((2, len(x), groups))
    members = rows[:1].size // groups
    for block in _samples(rows):
        values, result = rows[block], y[block]
        mean[block] = _group_sums(_channel_sums(ones @ values, channels), groups) / members
        xp.subtract(values, _spread(mean[block], same, values), out=result)
        squares = _channel_sums(xp.einsum("nij,nij->nj", result, result), channels)
        inverse[block] = 1 / xp.sqrt(_group_sums(squares, groups) / members + eps)
        result *= _spread(inverse[block], scale, values)
        if bias is not None:
            result += xp.tile(bias, rows.shape[2] // channels)
    return _images(y, x.shape), (mean, inverse)


def group_norm_backward(
    g: Array,
    needs: Sequence[bool],
    kept: tuple[Array, Array],
    x: Array,
    weight: Array | None,
    bias: Array | None,
    groups: int,
    eps: float,
) -> list[Array | None]:
    """The gradients of `group_norm` for x, weight and bias.

    With x̂ the normalized group and h = g weight, dx = (h - mean(h) - x̂ mean(h x̂)) / σ.
    """
    xp, rows, gradients, channels = array_module(x), _sample_rows(x), _sample_rows(g), x.shape[1]
    mean, inverse = kept
    ones, same = xp.ones(rows.shape[1], x.dtype), xp.ones(channels)
    scale = same if weight is None else weight
    dx = xp.empty_like(rows)
    dweight, dbias = xp.zeros((2, channels))
    members = rows[:1].size // groups
    for block in _samples(rows):
        gradient, result, inv = gradients[block], dx[block], inverse[block]
        centred = rows[block] - _spread(mean[block], same, gradient)
        sums = _channel_sums(ones @ gradient, channels)
        products = _channel_sums(xp.einsum("nij,nij->nj", gradient, centred), channels)
        dbias += sums.sum(0)
        dweight += (products * xp.repeat(inv, channels // groups, 1)).sum(0)
        mean_h, mean_hx = (_group_sums(s * scale, groups) / members for s in (sums, products))
        xp.multiply(gradient, _spread(inv, scale, gradient), out=result)
        centred *= _spread(mean_hx * inv**3, same, gradient)
        centred += _spread(mean_h * inv, same, gradient)
        result -= centred
    found = (_images(dx, x.shape), *(d.astype(x.dtype) for d in (dweight, dbias)))
    return [d if need else None for d, need in zip(found, needs, strict=True)]


def _sample_rows(x: Array) -> Array:
    """`x` (N, C, ...) as (N, R, W), where the channels are repeated along rows of about 1024 elements."""
    count, channels, *sizes = x.shape
    pixels = math.prod(sizes)
    repeats = next(n for n in range(max(1, _WIDTH // channels), 0, -1) if pixels % n == 0)
    last: Array = array_module(x).ascontiguousarray(x.transpose(0, *range(2, x.ndim), 1))
    return last.reshape(count, pixels // repeats, repeats * channels)


def _images(rows: Array, shape: Sequence[int]) -> Array:
    """The array of shape (N, C, ...), in channels-last memory, whose `_sample_rows` these are."""
    last = rows.reshape(shape[0], *shape[2:], shape[1])
    return last.transpose(0, last.ndim - 1, *range(1, last.ndim - 1))


def _samples(rows: Array) -> Iterator[slice]:
    """Slices of a few samples each."""
    return row_blocks(rows.reshape(len(rows), -1))


def _channel_sums(columns: Array, channels: int) -> Array:
    """Sums of columns (N, W), added up over the repeats of each channel: float64 (N, C)."""
    result: Array = columns.astype("float64").reshape(len(columns), -1, channels).sum(1)
    return result


def _group_sums(sums: Array, groups: int) -> Array:
    """Sums of channels (N, C), added up over each group: (N, groups)."""
    result: Array = sums.reshape(len(sums), groups, -1).sum(2)
    return result


def _spread(values: Array, factors: Array, rows: Array) -> Array:
    """Values of groups (N, groups) times factors of channels (C,), as rows (N, 1, W) like `rows`."""
    xp, (count, _, width) = array_module(values), rows.shape
    row = xp.repeat(values, len(factors) // values.shape[1], 1) * factors
    return xp.tile(row, width // len(factors)).astype(rows.dtype).reshape(count, 1, width)  # type: ignore[no-any-return]
