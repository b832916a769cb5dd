"""Attention by cuDNN, in float16 and bfloat16: the algorithm called FlashAttention.

It goes through keys and values in blocks that stay in the GPU's fast memory, and rescales the sums as larger
scores appear, so that the scores are never written down; the gradients compute them again. cuDNN has these
gradients for float16 and bfloat16 only. For float32, and whatever else it refuses (the width of a head has to
be a multiple of 8), its twin `minigrad.backend.attention` is there. Kernels are compiled for each new shape,
which takes about a second.

Results have the heads side by side in memory, (B, L, H, E): one row for the projection that follows.

References
----------
.. [1] T. Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness", NeurIPS
   2022, arXiv:2205.14135.
"""

from typing import Any, NamedTuple

import numpy as np

from minigrad.backend import cudnn
from minigrad.backend.device import Array, array_module

# A bias of minus infinity, less a maximum of minus infinity, would be NaN; these weigh nothing either.
_LOWEST = {"float16": -(2.0**15), "bfloat16": -(2.0**41)}


class Kept(NamedTuple):
    """What the gradients need.

    Attributes
    ----------
    output : Array, shape (B, H, L, Ev)
    statistics : Array, shape (B, H, L, 1)
        For each query the logarithm of the sum of its exponentials, in float32.
    bias : Array or None
    """

    output: Array
    statistics: Array
    bias: Array | None


def attention(
    query: Array, key: Array, value: Array, bias: Array | None, causal: bool, scale: float
) -> tuple[Array, Kept] | None:
    """`softmax(query @ keyᵀ * scale + bias) @ value`, if cuDNN knows this and its gradients."""
    xp = array_module(query)
    if xp is np or (dtype := query.dtype.name) not in _LOWEST or cudnn.library()[0] is None:
        return None
    if min(query.size, key.size, value.size) == 0:
        return None
    shape = (*query.shape[:-1], value.shape[-1])
    if bias is not None:
        bias = _full_bias(bias, (*query.shape[:-1], key.shape[-2]), _LOWEST[dtype])
    query, key, value = (_loadable(_batched_heads(x)) for x in (query, key, value))
    output = _heads_side_by_side((*query.shape[:3], value.shape[3]), query)
    kept = Kept(output, xp.empty((*query.shape[:3], 1), xp.float32), bias)
    plan = _plan(query, key, value, kept, causal, scale)
    if plan is None or _backward_plan(query, key, value, kept, causal, scale) is None:
        return None
    cudnn.execute(plan, [*_present(query, key, value, bias), output, kept.statistics])
    return output.reshape(shape), kept


def attention_backward(
    g: Array, query: Array, key: Array, value: Array, kept: Kept, causal: bool, scale: float
) -> tuple[Array, Array, Array]:
    """The gradients of `attention` for query, key and value."""
    shapes = query.shape, key.shape, value.shape
    query, key, value = (_loadable(_batched_heads(x)) for x in (query, key, value))
    given, g = _batched_heads(g), _heads_side_by_side(kept.output.shape, g)
    g[...] = given
    plan = _backward_plan(query, key, value, kept, causal, scale)
    assert plan is not None, "the forward pass has made it"
    results = [_heads_side_by_side(x.shape, x) for x in (query, key, value)]
    cudnn.execute(plan, [*_present(query, key, value, kept.output, g, kept.statistics, kept.bias), *results])
    dquery, dkey, dvalue = (x.reshape(shape) for x, shape in zip(results, shapes, strict=True))
    return dquery, dkey, dvalue


def _plan(query: Any, key: Array, value: Array, kept: Kept, causal: bool, scale: float) -> cudnn.Plan | None:
    operands = _forms(q=query, k=key, v=value, bias=kept.bias)
    results = [_form(kept.output), _form(kept.statistics)]
    arguments = {"generate_stats": True, **_arguments(causal, scale)}
    return cudnn.plan("sdpa", operands, results, arguments, query.device)


def _backward_plan(
    query: Any, key: Array, value: Array, kept: Kept, causal: bool, scale: float
) -> cudnn.Plan | None:
    operands = _forms(
        q=query, k=key, v=value, o=kept.output, dO=kept.output, stats=kept.statistics, bias=kept.bias
    )
    results = [_side_by_side_form(x) for x in (query, key, value)]
    return cudnn.plan("sdpa_backward", operands, results, _arguments(causal, scale), query.device)


def _arguments(causal: bool, scale: float) -> dict[str, Any]:
    # A query sees no key to the right of the diagonal that begins at the first query and key.
    return {"attn_scale": scale, "diagonal_band_right_bound": 0} if causal else {"attn_scale": scale}


# ---------------------------------------------------------------------- layouts


def _batched_heads(x: Array) -> Array:
    """(..., L, E) as (B, H, L, E)."""
    if x.ndim > 4:
        return x.reshape(-1, *x.shape[-3:])
    return x.reshape(*x.shape[:-2], *(1,) * (4 - x.ndim), *x.shape[-2:])


def _full_bias(bias: Array, shape: tuple[int, ...], lowest: float) -> Array:
    """The bias as (B or 1, H or 1, L, S), for scores of this shape."""
    xp = array_module(bias)
    leading = (1,) * (len(shape) - bias.ndim) + bias.shape[:-2] if len(shape) <= 4 else shape[:-2]
    bias = _batched_heads(xp.broadcast_to(bias, (*leading, *shape[-2:])))
    return cudnn.aligned(xp.ascontiguousarray(xp.maximum(bias, lowest)))  # type: ignore[no-any-return]


def _loadable(x: Array) -> Array:
    """The array itself if each of its rows is in one piece and begins where cuDNN can load it, or a copy."""
    steps = [step for step, size in zip(x.strides[:-1], x.shape[:-1], strict=True) if size > 1]
    in_place = x.strides[-1] == x.itemsize and all(step > 0 and step % cudnn.ALIGNMENT == 0 for step in steps)
    return cudnn.aligned(x if in_place else array_module(x).ascontiguousarray(x))  # type: ignore[no-any-return]


def _heads_side_by_side(shape: tuple[int, ...], like: Array) -> Array:
    """An array of shape (B, H, L, E) that is (B, L, H, E) in memory."""
    batch, heads, length, width = shape
    x: Array = array_module(like).empty((batch, length, heads, width), like.dtype)
    return x.swapaxes(1, 2)


def _side_by_side_form(x: Array) -> cudnn.Form:
    _, heads, length, width = x.shape
    return cudnn.Form(x.shape, (length * heads * width, width, heads * width, 1), x.dtype.name)


def _form(x: Array) -> cudnn.Form:
    """The form of an array; an axis of size 1 has the stride that it would have in an array without gaps."""
    strides: list[int] = []
    inside = 1
    for step, size in zip(reversed(x.strides), reversed(x.shape), strict=True):
        strides.insert(0, step // x.itemsize if size > 1 else inside)
        inside = strides[0] * size
    return cudnn.Form(x.shape, tuple(strides), x.dtype.name)


def _forms(**operands: Array | None) -> dict[str, cudnn.Form]:
    return {name: _form(x) for name, x in operands.items() if x is not None}


def _present(*arrays: Array | None) -> list[Array]:
    return [x for x in arrays if x is not None]
