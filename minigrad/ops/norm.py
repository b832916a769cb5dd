"""Normalization over the batch, over features, over groups, and of vectors.

Batch norm and layer norm run as fused kernels (`minigrad.backend.norm`). The compositions beside them say
what they compute, and serve when derivatives are to be differentiated.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module
from minigrad.backend import norm as kernels
from minigrad.backend.group_norm import group_norm as group_norm_forward
from minigrad.backend.group_norm import group_norm_backward
from minigrad.backend.norm import ChannelStatistics
from minigrad.engine import Fused, mutated
from minigrad.graph import is_autocasting
from minigrad.ops import activation
from minigrad.ops.autocast import autocasting
from minigrad.ops.choice import clamp
from minigrad.ops.elementwise import rsqrt
from minigrad.ops.operands import cast, promote, require_floating, widened
from minigrad.ops.reduce import mean, sum
from minigrad.ops.shape import broadcast_shapes, expand, reshape
from minigrad.ops.vector_norm import norm
from minigrad.tensor import Tensor


def _prepared(name: str, shape: tuple[int, ...], input: Any, weight: Any, bias: Any = None) -> list[Any]:
    """Input, weight and bias, checked; in float32 if they are halves, in which sums of squares overflow.

    Raises
    ------
    RuntimeError
        If `weight` or `bias` has not the given shape or not the input's dtype, or this is not floating.
    """
    require_floating(input, name)
    _require_shape(name, shape, input, weight=weight, bias=bias)
    values: list[Any] = [v if v is None else widened(v) for v in (input, weight, bias)]
    for which, value in zip(("weight", "bias"), values[1:], strict=True):
        if value is not None and value.dtype != values[0].dtype:
            kinds = f"{input.dtype.name}, got {value.dtype.name}"
            raise RuntimeError(f"{name}: {which} must have the dtype of the input, {kinds}")
    return values


def _require_shape(name: str, shape: tuple[int, ...], input: Any, **parameters: Any) -> None:
    for which, value in parameters.items():
        if value is not None and value.shape != shape:
            sizes = f"{shape} for an input of shape {input.shape}, got {value.shape}"
            raise RuntimeError(f"{name}: {which} must have shape {sizes}")


def _scaled(x: Any, weight: Any, bias: Any, shape: Sequence[int]) -> Any:
    """`x * weight + bias`, either of which may be None, with both brought to `shape`."""
    if weight is not None:
        x = x * reshape(weight, shape)
    return x if bias is None else x + reshape(bias, shape)


# ---------------------------------------------------------------------- over the batch


def _batch_norm_twin(
    x: Any,
    weight: Any,
    bias: Any,
    residual: Any,
    statistics: ChannelStatistics,
    training: bool,
    eps: float,
    relu: bool,
) -> Any:
    ones = [1] * (x.ndim - 2)
    if training:
        dims = (0, *range(2, x.ndim))
        centred = x - mean(x, dims, True)
        variance = mean(centred * centred, dims, True)
    else:
        known = [reshape(s.astype(x.dtype), (-1, *ones)) for s in (statistics.mean, statistics.variance)]
        centred, variance = x - known[0], known[1]
    return _finished(_scaled(centred * rsqrt(variance + eps), weight, bias, (-1, *ones)), residual, relu)


def _finished(y: Any, residual: Any, relu: bool) -> Any:
    y = y if residual is None else y + residual
    return activation.relu(y) if relu else y


_batch_norm = Fused(kernels.batch_norm, kernels.batch_norm_backward, _batch_norm_twin, inputs=4)


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    residual: Any = None,
    relu: bool = False,
) -> Any:
    """Normalize each channel to mean 0 and variance 1, then scale and shift it.

    Parameters
    ----------
    input : floating Tensor, (N, C) or (N, C, ...)
    running_mean, running_var : Tensor, (C,), or None
        Used in place of the batch's own statistics unless `training`; with it, updated in place:
        ``running = (1 - momentum) * running + momentum * batch's``, where the variance is the unbiased one.
    weight, bias : Tensor, (C,), optional
    training : bool
        Whether to use (and differentiate through) the mean and variance of this batch.
    momentum : float
    eps : float
        Added to the variance.
    residual : Tensor, shape and dtype of the input, optional
        Added to the result.
    relu : bool
        Whether `relu` is taken of the sum. Both are ``relu(batch_norm(x) + residual)``, which PyTorch has no
        function for, without three more passes over the memory.

    Raises
    ------
    ValueError
        If `training` with one value a channel, or with an `eps` that is not positive.
    RuntimeError
        If shapes or dtypes do not fit, or running statistics are missing without `training`.

    Notes
    -----
    Ioffe and Szegedy, "Batch Normalization", 2015, https://arxiv.org/abs/1502.03167, algorithm 1.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[1.0, 10.0], [3.0, 30.0]])
    >>> [[round(v, 3) for v in row] for row in batch_norm(x, None, None, training=True).tolist()]
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    if eps < 0 or (training and eps == 0):
        raise ValueError(f"batch_norm: eps must be {'positive' if training else 'at least 0'}, got {eps}")
    if input.ndim < 2 and input.shape != (0,):
        raise RuntimeError(f"batch_norm: expected an input of shape (N, C) or (N, C, ...), got {input.shape}")
    channels = input.shape[1] if input.ndim > 1 else 0
    x, weight, bias = _prepared("batch_norm", (channels,), input, weight, bias)
    _require_shape("batch_norm", (channels,), input, running_mean=running_mean, running_var=running_var)
    if residual is not None:
        if (residual.shape, residual.dtype) != (input.shape, input.dtype):
            raise RuntimeError(
                f"batch_norm: residual must be like the input, {input.dtype.name} {input.shape}, "
                f"got {residual.dtype.name} {residual.shape}"
            )
        residual = cast(residual, x.dtype)
    if 0 in input.shape:  # no values, no statistics
        y = _scaled(x, weight, bias, (-1, *[1] * (input.ndim - 2)))
        return cast(_finished(y, residual, relu), input.dtype)
    values, old_mean, old_variance = (
        v.data if isinstance(v, Tensor) else v for v in (x, running_mean, running_var)
    )
    if training:
        count = values.size // channels
        if count == 1:
            raise ValueError(f"batch_norm: training needs more than 1 value per channel, got {x.shape}")
        statistics = kernels.channel_statistics(values)
        _follow(old_mean, statistics.mean, momentum)
        _follow(old_variance, statistics.variance * (count / (count - 1)), momentum)
    elif old_mean is None or old_variance is None:
        raise RuntimeError(
            "batch_norm: expected running_mean and running_var to be given when training=False"
        )
    else:
        statistics = ChannelStatistics.known(old_mean, old_variance)
    return cast(_batch_norm(x, weight, bias, residual, statistics, training, eps, relu), input.dtype)


def _follow(running: Array | None, value: Array, momentum: float) -> None:
    """Move a running statistic towards the value of this batch, in place."""
    if running is not None:
        running *= 1 - momentum
        running += (momentum * value).astype(running.dtype)
        mutated(running)


# ---------------------------------------------------------------------- over features


def _layer_norm_twin(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    centred = x - mean(x, 1, True)
    return _scaled(centred * rsqrt(mean(centred * centred, 1, True) + eps), weight, bias, (-1,))


_layer_norm = Fused(kernels.layer_norm, kernels.layer_norm_backward, _layer_norm_twin, inputs=3)


def layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Normalize over the last dimensions to mean 0 and variance 1, then scale and shift each element.

    Parameters
    ----------
    input : floating Tensor, (..., *normalized_shape)
    normalized_shape : sequence of int
    weight, bias : Tensor, normalized_shape, optional
    eps : float
        Added to the variance.

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit.

    Notes
    -----
    Ba, Kiros and Hinton, "Layer Normalization", 2016, https://arxiv.org/abs/1607.06450, equation 4.

    Examples
    --------
    >>> import minigrad as mg
    >>> [round(v, 3) for v in layer_norm(mg.tensor([1.0, 2.0, 3.0]), (3,)).tolist()]
    [-1.225, 0.0, 1.225]
    """
    if is_autocasting():
        return autocasting("layer_norm", layer_norm, input, normalized_shape, weight, bias, eps)
    shape = _trailing_shape(input, normalized_shape, "layer_norm")
    x, weight, bias = _prepared("layer_norm", shape, input, weight, bias)
    if 0 in shape:
        return cast(_scaled(x, weight, bias, shape), input.dtype)
    rows = reshape(x, (math.prod(input.shape[: input.ndim - len(shape)]), math.prod(shape)))
    weight, bias = (v if v is None else reshape(v, -1) for v in (weight, bias))
    return cast(reshape(_layer_norm(rows, weight, bias, eps), input.shape), input.dtype)


def _trailing_shape(input: Any, normalized_shape: Sequence[int], name: str) -> tuple[int, ...]:
    """`normalized_shape` as a tuple, which the shape of `input` ends with."""
    if not isinstance(normalized_shape, Sequence):
        raise TypeError(
            f"{name}: normalized_shape must be a sequence of integers such as ({normalized_shape},)"
        )
    shape = tuple(normalized_shape)
    if not shape or input.shape[-len(shape) :] != shape:
        raise RuntimeError(f"{name}: the input of shape {input.shape} must end with normalized_shape={shape}")
    return shape


def rms_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None
) -> Any:
    """Divide by the root of the mean square over the last dimensions, then scale each element.

    Parameters
    ----------
    input : floating Tensor, (..., *normalized_shape)
    normalized_shape : sequence of int
    weight : Tensor, normalized_shape, optional
    eps : float, optional
        Added to the mean square; by default the machine epsilon of the dtype (for halves, of float32).

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit.

    Notes
    -----
    Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019, https://arxiv.org/abs/1910.07467,
    equation 4.

    Examples
    --------
    >>> import minigrad as mg
    >>> [round(v, 3) for v in rms_norm(mg.tensor([3.0, 4.0]), (2,)).tolist()]
    [0.849, 1.131]
    """
    if is_autocasting():
        return autocasting("rms_norm", rms_norm, input, normalized_shape, weight, eps)
    shape = _trailing_shape(input, normalized_shape, "rms_norm")
    x, weight, _ = _prepared("rms_norm", shape, input, weight)
    if eps is None:
        eps = float(np.finfo(x.dtype).eps)
    square = mean(x * x, tuple(range(-len(shape), 0)), True)
    return cast(_scaled(x * rsqrt(square + eps), weight, None, shape), input.dtype)


# ---------------------------------------------------------------------- over groups of channels


def _group_norm_twin(x: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
    rows = reshape(x, (x.shape[0] * groups, math.prod(x.shape[1:]) // groups))
    y = reshape(_layer_norm(rows, None, None, eps), x.shape)
    return _scaled(y, weight, bias, (-1, *[1] * (x.ndim - 2)))


_group_norm = Fused(group_norm_forward, group_norm_backward, _group_norm_twin, inputs=3)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Normalize each sample's groups of channels to mean 0 and variance 1, then scale and shift each channel.

    Parameters
    ----------
    input : floating Tensor, (N, C, ...)
    num_groups : int
        Into how many groups of neighbours the C channels are divided.
    weight, bias : Tensor, (C,), optional
    eps : float
        Added to the variance.

    Raises
    ------
    RuntimeError
        If C is not divisible by `num_groups`, or shapes or dtypes do not fit.
    ValueError
        If there is one value a group.

    Notes
    -----
    Wu and He, "Group Normalization", 2018, https://arxiv.org/abs/1803.08494, section 3.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[1.0, 3.0, 10.0, 30.0]])
    >>> [[round(v, 3) for v in row] for row in group_norm(x, 2).tolist()]
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    if is_autocasting():
        return autocasting("group_norm", group_norm, input, num_groups, weight, bias, eps)
    if input.ndim < 2:
        raise RuntimeError(f"group_norm: expected an input of shape (N, C, ...), got {input.shape}")
    batch, channels, *sizes = input.shape
    if num_groups < 1 or channels % num_groups:
        raise RuntimeError(
            f"group_norm: {channels} channels cannot be divided into num_groups={num_groups} equal groups"
        )
    x, weight, bias = _prepared("group_norm", (channels,), input, weight, bias)
    members = channels // num_groups * math.prod(sizes)
    if batch * members == 1:
        raise ValueError(
            f"group_norm: expected more than 1 value per group, got an input of shape {input.shape}"
        )
    if not batch * members:
        return cast(_scaled(x, weight, bias, (-1, *[1] * len(sizes))), input.dtype)
    # on a GPU layer norm has a kernel of its own, and transposing costs little
    values = x.data if isinstance(x, Tensor) else x
    normalize_groups = _group_norm if array_module(values) is np else _group_norm_twin
    return cast(normalize_groups(x, weight, bias, num_groups, eps), input.dtype)


# ---------------------------------------------------------------------- of vectors


def normalize(input: Any, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Any:
    """Divide by the p-norm along `dim`, or by `eps` where the norm is smaller.

    Parameters
    ----------
    input : floating Tensor
    p : float
    dim : int or tuple of int
    eps : float

    Examples
    --------
    >>> import minigrad as mg
    >>> [round(v, 3) for v in normalize(mg.tensor([3.0, 4.0]), dim=0).tolist()]
    [0.6, 0.8]
    """
    if is_autocasting():
        return autocasting("normalize", normalize, input, p, dim, eps)
    return input / clamp(norm(input, p, dim, True), min=eps)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors along `dim`; norms below `eps` count as `eps`.

    Parameters
    ----------
    x1, x2 : floating Tensors
        Of shapes that broadcast together.
    dim : int
        Of the broadcast shape; it disappears.
    eps : float

    Examples
    --------
    >>> import minigrad as mg
    >>> round(cosine_similarity(mg.tensor([1.0, 0.0]), mg.tensor([1.0, 1.0]), dim=0).item(), 4)
    0.7071
    """
    if is_autocasting():
        return autocasting("cosine_similarity", cosine_similarity, x1, x2, dim, eps)
    x1, x2 = promote(x1, x2, "cosine_similarity")
    shape = broadcast_shapes("cosine_similarity", x1.shape, x2.shape)
    x1, x2 = normalize(expand(x1, shape), dim=dim, eps=eps), normalize(expand(x2, shape), dim=dim, eps=eps)
    return sum(x1 * x2, dim)
