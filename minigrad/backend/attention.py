"""Attention on a few batch entries at a time, whose scores stay in cache from one product to the other.

What is kept of the softmax are the exponentials and one over the sum of each row. To divide by the sums, the
backward pass multiplies the gradient of the result, which is far smaller than the scores.

On a GPU, cuDNN computes attention in half precision (`minigrad.backend.cudnn_attention`).
"""

from collections.abc import Iterator
from types import EllipsisType
from typing import Any

import numpy as np

from minigrad.backend import cudnn_attention
from minigrad.backend.device import Array, array_module
from minigrad.backend.half import rounded, wide
from minigrad.dtypes import is_half

_BLOCK = 1 << 18  # scores at a time
_SMALL = 1 << 18  # multiplications in a product of matrices for which OpenBLAS wakes up no other thread
_CHUNK = 128  # queries at a time, of a long causal sequence

Kept = tuple[tuple[tuple[Array, Array], ...], Array] | cudnn_attention.Kept


def attention(
    query: Array, key: Array, value: Array, bias: Array | None, causal: bool, scale: float
) -> tuple[Array, Kept]:
    """`softmax(query @ keyᵀ * scale + bias) @ value`, and what the gradients need of it.

    The leading dimensions of query, key and value are equal; `bias` broadcasts to the scores. With `causal`,
    query i sees only the keys up to i, and most of the others are not even looked at. The result lies in
    memory as the query does: heads that a transposition split off are joined again without a copy.

    Returns
    -------
    result : Array
    kept : tuple
        For each chunk of queries the exponentials and one over their sums; and the result.
    """
    if (by_cudnn := cudnn_attention.attention(query, key, value, bias, causal, scale)) is not None:
        return by_cudnn
    if is_half(query.dtype):
        bias = None if bias is None else wide(bias)
        output, kept = attention(wide(query), wide(key), wide(value), bias, causal, scale)
        return rounded(output, query.dtype), kept
    xp = array_module(query)
    output = xp.empty_like(query, shape=(*query.shape[:-1], value.shape[-1]))
    if bias is not None:
        bias = xp.broadcast_to(bias, (*query.shape[:-1], key.shape[-2]))
    least = 1e12 * float(np.finfo(query.dtype).tiny)
    chunks = []
    for queries, keys in _chunks(query, key, causal):
        shape = (*query.shape[:-2], queries.stop - queries.start, keys.stop)
        exponentials, inverse = xp.empty(shape, query.dtype), xp.empty((*shape[:-1], 1), query.dtype)
        if causal:
            corner = shape[-2], max(0, keys.stop - queries.start)
            future = xp.triu(xp.full(corner, -np.inf, query.dtype), 1)
        for rows in _blocks(exponentials):
            scores, result = exponentials[rows], _part(output, rows, queries)
            # One maximum for all rows is quickly found. If it is too large for one of them, each has its own.
            for careful in (False, True) if xp is np else (True,):
                part = _part(query, rows, queries) * scale
                xp.matmul(part, _transposed(_part(key, rows, keys)), out=scores)
                if bias is not None:
                    scores += bias[rows][..., queries, keys]
                if causal:
                    scores[..., queries.start :] += future
                scores -= scores.max(-1, keepdims=True) if careful else scores.max(initial=-np.inf)
                xp.exp(scores, out=scores)
                sums = scores @ xp.ones((shape[-1], 1), query.dtype)
                if careful or (sums > least).all():
                    break
            xp.divide(1, sums, out=inverse[rows])
            xp.matmul(scores, _part(value, rows, keys), out=result)
            result *= inverse[rows]
        chunks.append((exponentials, inverse))
    return output, (tuple(chunks), output)


def attention_backward(
    g: Array, query: Array, key: Array, value: Array, kept: Kept, causal: bool, scale: float
) -> tuple[Array, Array, Array]:
    """The gradients of `attention` for query, key and value.

    With dP = g valueᵀ, the derivative of the softmax P is P (dP - rowsum(P dP)), where rowsum(P dP) is
    rowsum(g output).
    """
    if isinstance(kept, cudnn_attention.Kept):
        return cudnn_attention.attention_backward(g, query, key, value, kept, causal, scale)
    if is_half(query.dtype):
        wider = attention_backward(wide(g), wide(query), wide(key), wide(value), kept, causal, scale)
        dquery, dkey, dvalue = (rounded(x, query.dtype) for x in wider)
        return dquery, dkey, dvalue
    xp, (parts, output) = array_module(query), kept
    dquery, dkey, dvalue = xp.empty_like(query), xp.zeros_like(key), xp.zeros_like(value)
    chunks = zip(_chunks(query, key, causal), parts, strict=True)
    for number, ((queries, keys), (exponentials, inverse)) in enumerate(chunks):
        for rows in _blocks(exponentials):
            gradient = _part(g, rows, queries) * inverse[rows]
            dscores = gradient @ _transposed(_part(value, rows, keys))
            dscores -= xp.einsum("...i,...i->...", gradient, _part(output, rows, queries))[..., None]
            dscores *= exponentials[rows]
            xp.matmul(dscores, _part(key, rows, keys) * scale, out=_part(dquery, rows, queries))
            products = (
                (dkey, _transposed(dscores), _part(query, rows, queries) * scale),
                (dvalue, _transposed(exponentials[rows]), gradient),
            )
            for target, left, right in products:
                if number == 0:
                    xp.matmul(left, right, out=_part(target, rows, keys))
                else:
                    _part(target, rows, keys)[...] += left @ right
    return dquery, dkey, dvalue


def _part(x: Array, rows: slice | EllipsisType, positions: slice) -> Array:
    """Some batch entries, and some of the positions in the sequence: a view."""
    part: Array = x[rows][..., positions, :]
    return part


def _transposed(x: Array) -> Array:
    return x.swapaxes(-1, -2)


def _chunks(query: Array, key: Array, causal: bool) -> list[tuple[Any, Any]]:
    """Slices of the queries that are computed together, each with a slice of the keys that they see."""
    length, (others, width) = query.shape[-2], key.shape[-2:]
    size = length
    if array_module(query) is np:
        small = _SMALL // max(1, others * width)
        if 32 <= small < length:
            size = small
        elif causal:
            size = _CHUNK
    starts = range(0, length, max(1, size))
    ends = [min(length, start + size) for start in starts]
    return [
        (slice(start, end), slice(0, min(others, end) if causal else others))
        for start, end in zip(starts, ends, strict=True)
    ]


def _blocks(scores: Array) -> Iterator[slice | EllipsisType]:
    """Slices of the first dimension, if it is a batch; all of it on a GPU, which has no such cache."""
    if scores.ndim == 2 or array_module(scores) is not np:
        yield ...
        return
    step = max(1, _BLOCK * len(scores) // max(1, scores.size))
    for start in range(0, len(scores), step):
        yield slice(start, start + step)
