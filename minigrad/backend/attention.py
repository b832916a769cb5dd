"""Attention on a few batch entries at a time, whose scores stay in cache from one product to the other."""

import math
from collections.abc import Iterator
from types import EllipsisType

import numpy as np

from minigrad.backend.device import Array, array_module

_BLOCK = 1 << 18  # scores


def attention(
    query: Array, key: Array, value: Array, bias: Array | None, scale: float
) -> tuple[Array, tuple[Array, Array]]:
    """`softmax(query @ keyᵀ * scale + bias) @ value`, and for the gradients the softmax and the result.

    The leading dimensions of query, key and value are equal; `bias` broadcasts to the scores. The result lies
    in memory as the query does: heads that a transposition split off are joined again without a copy.
    """
    xp = array_module(query)
    weights = xp.empty((*query.shape[:-1], key.shape[-2]), query.dtype)
    output = xp.empty_like(query, shape=(*query.shape[:-1], value.shape[-1]))
    if bias is not None:
        bias = xp.broadcast_to(bias, weights.shape)
    for rows in _blocks(weights):
        scores = weights[rows]
        xp.matmul(query[rows] * scale, _transposed(key[rows]), out=scores)
        if bias is not None:
            scores += bias[rows]
        scores -= scores.max(-1, keepdims=True)
        xp.exp(scores, out=scores)
        scores *= 1 / scores.sum(-1, keepdims=True)
        xp.matmul(scores, value[rows], out=output[rows])
    return output, (weights, output)


def attention_backward(
    g: Array, query: Array, key: Array, value: Array, weights: Array, output: Array, scale: float
) -> tuple[Array, Array, Array]:
    """The gradients of `attention` for query, key and value.

    With dP = g valueᵀ, the derivative of the softmax P is P (dP - rowsum(P dP)), where rowsum(P dP) is
    rowsum(g output).
    """
    xp = array_module(query)
    dquery, dkey, dvalue = xp.empty_like(query), xp.empty_like(key), xp.empty_like(value)
    for rows in _blocks(weights):
        gradient = g[rows]
        xp.matmul(_transposed(weights[rows]), gradient, out=dvalue[rows])
        dscores = gradient @ _transposed(value[rows])
        dscores -= xp.einsum("...i,...i->...", gradient, output[rows])[..., None]
        dscores *= weights[rows]
        xp.matmul(dscores, key[rows] * scale, out=dquery[rows])
        xp.matmul(_transposed(dscores), query[rows] * scale, out=dkey[rows])
    return dquery, dkey, dvalue


def _transposed(x: Array) -> Array:
    return x.swapaxes(-1, -2)


def _blocks(weights: Array) -> Iterator[slice | EllipsisType]:
    """Slices of the first dimension, if it is a batch; all of it on a GPU, which has no such cache."""
    if weights.ndim == 2 or array_module(weights) is not np:
        yield ...
        return
    step = max(1, _BLOCK // max(1, math.prod(weights.shape[1:])))
    for start in range(0, len(weights), step):
        yield slice(start, start + step)
