"""Batch and layer normalization as few passes over blocks of rows.

A block stays in a core's cache from pass to pass, and its sums are products (`ones @ block`), as fast as
BLAS. Layer norm has rows by nature; batch norm sees its input as `channel_rows`. Forward and backward have
the form that `engine.Fused` asks for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minigrad.backend import cuda
from minigrad.backend.channels import channel_rows, from_channel_rows, per_channel, row_blocks, tiled
from minigrad.backend.cuda import norm as kernels
from minigrad.backend.device import Array, array_module
from minigrad.backend.special import masked


def _wanted(needs: Sequence[bool], *gradients: Array) -> list[Array | None]:
    return [gradient if need else None for need, gradient in zip(needs, gradients, strict=True)]


# ---------------------------------------------------------------------- batch norm


class ChannelStatistics(NamedTuple):
    """Each channel's mean, which is `shift + rest`, and its (biased) variance, all in float64.

    The shift is what passes subtract first, because products with the values themselves would cancel. It is
    None where the mean is so small that they do not.
    """

    shift: Array | None
    rest: Array
    variance: Array

    @classmethod
    def known(cls, mean: Array, variance: Array) -> "ChannelStatistics":
        """Of a given mean and variance, which are copied: running statistics move on."""
        mean, variance = mean.astype("float64"), variance.astype("float64")
        if array_module(mean) is not np:  # to look would be to wait for the GPU
            return cls(mean, mean * 0, variance)
        return cls(mean, mean * 0, variance) if _far_from_zero(mean, variance) else cls(None, mean, variance)

    @property
    def mean(self) -> Array:
        """The mean of each channel."""
        return self.rest if self.shift is None else self.shift + self.rest


def channel_statistics(x: Array) -> ChannelStatistics:
    """Mean and variance of each channel of `x` (N, C, ...), even if the mean is far larger than the spread.

    The mean of the first block is the shift, so that one pass over `x` is enough. Of k blocks, it lies within
    about sqrt(k) standard deviations of the mean, so that a factor of k cancels at most.
    """
    channels, rows = x.shape[1], channel_rows(x)
    if cuda.runs_kernels(rows):
        return ChannelStatistics(*kernels.channel_statistics(rows, channels))
    first, square = _moments(rows[next(row_blocks(rows))], None, channels)
    shift = first if _far_from_zero(first, square - first * first) else None
    rest, square = _moments(rows, shift, channels)
    return ChannelStatistics(shift, rest, array_module(x).maximum(square - rest * rest, 0.0))


def _far_from_zero(mean: Array, variance: Array) -> bool:
    # Up to 4 standard deviations the squares lose one digit; to subtract nothing saves a quarter of the time.
    return bool((mean * mean > 16 * variance).any())


def _moments(rows: Array, shift: Array | None, channels: int) -> tuple[Array, Array]:
    """Mean and mean square of each channel, after `shift` is subtracted."""
    xp = array_module(rows)
    sums = xp.zeros((2, rows.shape[1]), xp.float64)
    shift_row = tiled(shift, rows)
    for block in row_blocks(rows):
        values = rows[block] if shift_row is None else rows[block] - shift_row
        sums[0] += xp.ones(len(values), rows.dtype) @ values
        sums[1] += xp.einsum("ij,ij->j", values, values)
    mean, square = per_channel(sums, channels) * (channels / rows.size)
    return mean, square


def batch_norm(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    residual: Array | None,
    statistics: ChannelStatistics,
    training: bool,
    eps: float,
    relu: bool,
) -> tuple[Array, Array | None]:
    """`(x - mean) / sqrt(variance + eps) * weight + bias + residual` for each channel of `x` (N, C, ...).

    With `relu` negative results become 0, and the result is what the backward pass keeps to know where.
    """
    xp, rows = array_module(x), channel_rows(x)
    others = None if residual is None else channel_rows(residual)
    if cuda.runs_kernels(rows, weight, bias, others):
        y = from_channel_rows(
            kernels.batch_norm(rows, (weight, bias, others), statistics, eps, relu), x.shape
        )
        return y, y if relu else None
    scale = 1 / xp.sqrt(statistics.variance + eps)
    if weight is not None:
        scale = scale * weight
    offset = -statistics.rest * scale
    if bias is not None:
        offset = offset + bias
    shift, scale, offset = (tiled(v, rows) for v in (statistics.shift, scale, offset))
    y = xp.empty_like(rows)
    for block in row_blocks(rows):
        values, result = rows[block], y[block]
        if shift is not None:
            values = xp.subtract(values, shift, out=result)
        xp.multiply(values, scale, out=result)
        result += offset
        if others is not None:
            result += others[block]
        if relu:
            xp.maximum(result, 0, out=result)
    y = from_channel_rows(y, x.shape)
    return y, y if relu else None


def batch_norm_backward(
    g: Array,
    needs: Sequence[bool],
    y: Array | None,
    x: Array,
    weight: Array | None,
    bias: Array | None,
    residual: Array | None,
    statistics: ChannelStatistics,
    training: bool,
    eps: float,
    relu: bool,
) -> list[Array | None]:
    """The gradients of `batch_norm` for x, weight, bias and residual; in `training` statistics depend on x.

    With x̂ the normalized input, dx = weight/σ (g - mean(g) - x̂ mean(g x̂)), which is a g + b x + c with three
    numbers for each channel. With `relu`, g counts only where y is positive.
    """
    xp, rows, gradients, channels = array_module(x), channel_rows(x), channel_rows(g), x.shape[1]
    results = None if y is None else channel_rows(y)
    if cuda.runs_kernels(rows, gradients, weight, results):
        dx, dweight, dbias, dresidual = kernels.batch_norm_backward(
            gradients, results, rows, weight, statistics, training, eps
        )
        dx, dresidual = (from_channel_rows(value, x.shape) for value in (dx, dresidual))
        return _wanted(needs, dx, dweight, dbias, dresidual)
    shift = tiled(statistics.shift, rows)
    scratch = xp.empty_like(rows[next(row_blocks(rows))])
    if results is not None:
        incoming, gradients = gradients, xp.empty_like(rows)
    sums = xp.zeros((2, rows.shape[1]), xp.float64)
    for block in row_blocks(rows):
        gradient = gradients[block]
        if results is not None:
            masked(incoming[block], results[block] > 0, out=gradient)
        values = rows[block]
        if shift is not None:
            values = xp.subtract(values, shift, out=scratch[: len(values)])
        sums[0] += xp.ones(len(values), rows.dtype) @ gradient
        sums[1] += xp.einsum("ij,ij->j", gradient, values)
    inverse = 1 / xp.sqrt(statistics.variance + eps)
    dbias, products = per_channel(sums, channels)
    dweight = (products - statistics.rest * dbias) * inverse

    a = inverse if weight is None else inverse * weight
    share = channels / x.size if training else 0.0  # of a single value in the mean
    b = -a * inverse * dweight * share
    c = -a * dbias * share - b * statistics.rest
    a, b, c = (tiled(v, rows) for v in (a, b, c))
    # The masked gradient, ours alone, can become dx in place unless it is also that of the residual.
    dx = gradients if y is not None and not needs[3] else xp.empty_like(rows)
    for block in row_blocks(rows):
        values, result = rows[block], dx[block]
        linear = scratch[: len(values)]
        if shift is not None:
            values = xp.subtract(values, shift, out=linear)
        xp.multiply(values, b, out=linear)
        linear += c
        xp.multiply(gradients[block], a, out=result)
        result += linear
    dresidual = g if y is None else from_channel_rows(gradients, x.shape)
    return _wanted(needs, from_channel_rows(dx, x.shape), dweight, dbias, dresidual)


# ---------------------------------------------------------------------- layer norm


def layer_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, tuple[Array, Array]]:
    """`(x - mean) / sqrt(variance + eps) * weight + bias` for each row of `x` (R, D).

    Returns
    -------
    y : Array, (R, D)
    mean, inverse : Array, (R,)
        Of each row; inverse is `1 / sqrt(variance + eps)`.
    """
    if cuda.runs_kernels(x, weight, bias):
        return kernels.layer_norm(x, weight, bias, eps)
    xp, (count, width) = array_module(x), x.shape
    average = xp.full(width, 1 / width, x.dtype)
    y, mean, inverse = xp.empty(x.shape, x.dtype), xp.empty(count, x.dtype), xp.empty(count, x.dtype)
    for block in row_blocks(x):
        mean[block] = x[block] @ average
        result = xp.subtract(x[block], mean[block, None], out=y[block])
        inverse[block] = 1 / xp.sqrt(xp.einsum("ij,ij->i", result, result) / width + eps)
        result *= inverse[block, None]
        if weight is not None:
            result *= weight
        if bias is not None:
            result += bias
    return y, (mean, inverse)


def layer_norm_backward(
    g: Array,
    needs: Sequence[bool],
    kept: tuple[Array, Array],
    x: Array,
    weight: Array | None,
    bias: Array | None,
    eps: float,
) -> list[Array | None]:
    """The gradients of `layer_norm` for x, weight and bias.

    With x̂ the normalized row and h = g weight, dx = (h - mean(h) - x̂ mean(h x̂)) / σ.
    """
    if cuda.runs_kernels(x, g, weight):
        return _wanted(needs, *kernels.layer_norm_backward(g, kept, x, weight))
    xp, width, (mean, inverse) = array_module(x), x.shape[1], kept
    scale = xp.ones(width, x.dtype) if weight is None else weight
    average = scale / width
    dx = xp.empty(x.shape, x.dtype)
    dweight, dbias = xp.zeros((2, width), xp.float64)
    for block in row_blocks(x):
        gradient, result, inv = g[block], dx[block], inverse[block]
        centred = x[block] - mean[block, None]
        product = gradient * centred
        dweight += inv @ product
        dbias += xp.ones(len(inv), x.dtype) @ gradient
        xp.multiply(gradient, scale, out=result)
        result -= (gradient @ average)[:, None]
        centred *= (product @ average * inv * inv)[:, None]
        result -= centred
        result *= inv[:, None]
    return _wanted(needs, dx, dweight, dbias)
