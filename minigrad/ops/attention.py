"""Scaled dot-product attention: a weighted mean of values, where keys that resemble the query weigh most."""

import math
from typing import Any

import numpy as np

from minigrad.backend import Array, device_of
from minigrad.backend import attention as kernels
from minigrad.engine import Fused, xp_of
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.choice import where
from minigrad.ops.dropout import dropout
from minigrad.ops.matmul import matmul, require_broadcastable, require_same_dtype
from minigrad.ops.operands import cast, require_floating, widened
from minigrad.ops.shape import expand, transpose
from minigrad.ops.softmax import softmax
from minigrad.random import Generator
from minigrad.tensor import Tensor

__all__ = ["scaled_dot_product_attention"]

_NAME = "scaled_dot_product_attention"


def _attention_backward(
    g: Array,
    needs: Any,
    kept: Any,
    query: Array,
    key: Array,
    value: Array,
    bias: Any,
    causal: bool,
    scale: float,
) -> tuple[Array, ...]:
    return kernels.attention_backward(g, query, key, value, kept, causal, scale)


def _composite(
    query: Any,
    key: Any,
    value: Any,
    bias: Any,
    causal: bool,
    scale: float,
    dropout_p: float = 0.0,
    generator: Any = None,
) -> Any:
    dtype = query.dtype
    query, key, value = (widened(x) for x in (query, key, value))
    bias = None if bias is None else widened(bias)
    if causal:
        bias = _future(query, key) if bias is None else bias + _future(query, key)
    scores = matmul(query, transpose(key, -2, -1)) * scale
    weights = softmax(scores if bias is None else scores + bias, -1)
    return cast(matmul(dropout(weights, dropout_p, generator=generator), value), dtype)


_attention = Fused(kernels.attention, _attention_backward, _composite, inputs=3)


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    generator: Generator | None = None,
) -> Any:
    """`softmax(query @ keyᵀ * scale + mask) @ value`.

    Parameters
    ----------
    query : Tensor (..., L, E)
    key : Tensor (..., S, E)
    value : Tensor (..., S, Ev)
        The leading dimensions are batches (and heads), and broadcast.
    attn_mask : Tensor, optional
        Of a shape that broadcasts to (..., L, S). Boolean: true where a query may look at a key. Floating:
        added to the scores; it may require a gradient. A query that may look at no key gets zeros.
    dropout_p : float
        The probability with which a weight is dropped (also outside of training: pass 0 there).
    is_causal : bool
        Mask key j for query i where j > i. There can be no `attn_mask` then.
    scale : float, optional
        1 / √E by default.
    generator : Generator, optional
        What dropout draws from.

    Returns
    -------
    Tensor (..., L, Ev)

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit, or both `attn_mask` and `is_causal` are given.

    References
    ----------
    Vaswani et al., Attention Is All You Need, 2017.

    Examples
    --------
    >>> import minigrad as mg
    >>> token = mg.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> mg.nn.functional.scaled_dot_product_attention(token, token, token, is_causal=True)[0].tolist()
    [1.0, 0.0]
    """
    if is_autocasting():
        arguments = (query, key, value, attn_mask, dropout_p, is_causal)
        return autocasting(_NAME, scaled_dot_product_attention, *arguments, scale=scale, generator=generator)
    query, key, value = _checked(query, key, value)
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"{_NAME}: dropout_p must be between 0 and 1, got {dropout_p}")
    if scale is None:
        scale = 1 / math.sqrt(max(1, query.shape[-1]))
    if is_causal and attn_mask is not None:
        raise RuntimeError(f"{_NAME}: attn_mask must be None when is_causal=True")
    bias: Any = _bias(attn_mask, query, (*query.shape[:-1], key.shape[-2]))
    seen = None
    if attn_mask is not None:
        hidden = ((bias.data if isinstance(bias, Tensor) else bias) == -math.inf).all(-1, keepdims=True)
        if hidden.any():  # the softmax of these rows is 0 / 0: compute them unmasked, and make them zero
            bias, seen = where(hidden, 0.0, bias), ~hidden
    if dropout_p > 0 or isinstance(bias, Tensor) or key.shape[-2] == 0:
        output = _composite(query, key, value, bias, is_causal, scale, dropout_p, generator)
    else:
        output = _attention(query, key, value, bias, is_causal, scale)
    return output if seen is None else output * seen


def _checked(*operands: Any) -> list[Any]:
    """Query, key and value with equal leading dimensions."""
    require_same_dtype(_NAME, *operands)
    require_floating(operands[0], _NAME)
    query, key, value = operands
    shapes = f"got query {query.shape}, key {key.shape} and value {value.shape}"
    if min(x.ndim for x in operands) < 2:
        raise RuntimeError(f"{_NAME}: query, key and value need at least two dimensions, {shapes}")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError(f"{_NAME}: expected shapes (..., L, E), (..., S, E) and (..., S, Ev), {shapes}")
    try:
        batch = np.broadcast_shapes(*[x.shape[:-2] for x in operands])
    except ValueError:
        raise RuntimeError(f"{_NAME}: the leading dimensions do not broadcast, {shapes}") from None
    return [x if x.shape[:-2] == batch else expand(x, (*batch, *x.shape[-2:])) for x in operands]


def _future(query: Any, key: Any) -> Array:
    """Minus infinity for each query and the keys after it."""
    xp = xp_of(query)
    return xp.triu(xp.full((query.shape[-2], key.shape[-2]), -math.inf, query.dtype), 1)  # type: ignore[no-any-return]


def _bias(attn_mask: Any, query: Any, shape: tuple[int, ...]) -> Any:
    """What is added to scores of this shape: None, an array, or a Tensor if it requires a gradient."""
    xp, dtype = xp_of(query), query.dtype
    if attn_mask is None:
        return None
    if attn_mask.dtype not in (bool, np.float32, dtype):
        given = attn_mask.dtype.name
        raise RuntimeError(f"{_NAME}: attn_mask must be bool, float32 or {dtype.name}, got {given}")
    require_broadcastable(_NAME, "attn_mask", attn_mask.shape, shape)
    devices = [device_of(x.data if isinstance(x, Tensor) else x) for x in (query, attn_mask)]
    if devices[0] != devices[1]:
        raise RuntimeError(f"{_NAME}: query is on {devices[0]}, attn_mask on {devices[1]}; use x.to(device)")
    mask = attn_mask.data if isinstance(attn_mask, Tensor) and not attn_mask.requires_grad else attn_mask
    return cast(xp.where(mask, 0.0, -math.inf) if mask.dtype == bool else mask, dtype)
