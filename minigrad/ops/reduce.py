"""Reductions: sums, means and their relatives along dimensions.

A rule gets the gradient in the reduced shape; `_spread` carries it back to the shape of the input.
"""

import math
from collections.abc import Sequence
from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.half import in_float32, rounded, wide
from minigrad.dtypes import as_dtype, is_floating
from minigrad.engine import primitive, xp_of
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.choice import where
from minigrad.ops.elementwise import exp
from minigrad.ops.index import narrow
from minigrad.ops.join import cat
from minigrad.ops.operands import cast, dim_of, dims_of, floating, require_floating
from minigrad.ops.shape import _expand, _reshape, flatten
from minigrad.tensor import Tensor

__all__ = ["all", "any", "count_nonzero", "logsumexp", "mean", "prod", "std", "sum", "var", "var_mean"]

Dim = int | Sequence[int] | None
Shape = tuple[int, ...]


def axes_of(input: Any, dim: Dim, name: str) -> Shape:
    """The dimensions to reduce: none of a 0-d tensor, whose `dim` may be 0 or -1 all the same."""
    try:
        ndim = input.ndim
    except AttributeError:
        raise TypeError(f"{name}: expected a tensor, got {type(input).__name__}") from None
    dims = dims_of(dim, ndim, name)
    return dims if ndim else ()


def kept(y: Any, x_shape: Shape, dims: Shape) -> Any:
    """A reduced value with the reduced dimensions back in place, each of size 1."""
    return _reshape(y, tuple([1 if i in dims else n for i, n in enumerate(x_shape)]))


def _spread(g: Any, x_shape: Shape, dims: Shape) -> Any:
    return _expand(kept(g, x_shape, dims), x_shape)


def _count(x_shape: Shape, dims: Shape) -> int:
    return math.prod([x_shape[i] for i in dims])


# ---------------------------------------------------------------------- sum and mean


def total(x: Array, dims: Shape, keepdim: bool) -> Array:
    """The sum of an array, which `wide` has prepared.

    Over the leading or the trailing dimensions (in memory) it is a product with a vector of ones, for BLAS
    adds many numbers at once: 2 to 30 times faster where rows are short, and no less accurate.
    """
    if x.dtype.kind == "f" and x.size > 2048 and len(dims) < x.ndim:
        rest = tuple([i for i in range(x.ndim) if i not in dims])
        count = _count(x.shape, dims)
        ones = array_module(x).ones(count, x.dtype)
        shape = [n if i in rest else 1 for i, n in enumerate(x.shape) if keepdim or i in rest]
        columns = x.transpose(dims + rest)
        if columns.flags.c_contiguous:
            return (ones @ columns.reshape(count, -1)).reshape(shape)  # type: ignore[no-any-return]
        rows = x.transpose(rest + dims)
        if rows.flags.c_contiguous and count <= 1024:
            return (rows.reshape(-1, count) @ ones).reshape(shape)  # type: ignore[no-any-return]
    return x.sum(axis=dims, keepdims=keepdim)  # type: ignore[no-any-return]


@primitive(x=lambda g, x_shape, dims: _spread(g, x_shape, dims))
def _sum(x: Array, dims: Shape, keepdim: bool) -> Array:
    return rounded(total(wide(x), dims, keepdim), x.dtype)


def sum(input: Any, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over the dimensions `dim`, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
    keepdim : bool
        Whether the reduced dimensions stay, with size 1.
    dtype : dtype, optional
        To convert to first; by default integers and booleans become int64.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.sum(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1).tolist()
    [3.0, 7.0]
    """
    if is_autocasting():
        return autocasting("sum", sum, input, dim, keepdim, dtype=dtype)
    dims = axes_of(input, dim, "sum")
    return _sum(converted(input, dtype), dims, keepdim)


def converted(input: Any, dtype: Any) -> Any:
    """In the dtype asked for; else integers and booleans as int64, so that sums and products have room."""
    if dtype is None:
        return input if is_floating(input.dtype) else cast(input, as_dtype("int64"))
    return cast(input, as_dtype(dtype))


@primitive(x=lambda g, x_shape, dims: _spread(g / _count(x_shape, dims), x_shape, dims))
def _mean(x: Array, dims: Shape, keepdim: bool) -> Array:
    return rounded(total(wide(x), dims, keepdim) / _count(x.shape, dims), x.dtype)


def mean(input: Any, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean over the dimensions `dim`, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
    keepdim : bool
        Whether the reduced dimensions stay, with size 1.
    dtype : dtype, optional
        To convert to first.

    Raises
    ------
    RuntimeError
        If `input` is not floating and no floating `dtype` is given.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.mean(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, keepdim=True).tolist()
    [[2.0, 3.0]]
    """
    dims = axes_of(input, dim, "mean")
    if dtype is not None:
        input = cast(input, as_dtype(dtype))
    require_floating(input, "mean")
    return _mean(input, dims, keepdim)


# ---------------------------------------------------------------------- variance and standard deviation


def _var_rule(g: Any, x: Any, dims: Shape, correction: float) -> Any:
    freedom = _count(x.shape, dims) - correction
    return kept(g, x.shape, dims) * ((x - mean(x, dims, True)) * (2 / freedom if freedom > 0 else math.inf))


@primitive(x=_var_rule)
def _var(x: Array, dims: Shape, correction: float, keepdim: bool) -> Array:
    x, dtype = wide(x), x.dtype
    centered = x - _mean(x, dims, True)
    freedom = max(_count(x.shape, dims) - correction, 0)
    return rounded(total(centered * centered, dims, keepdim) / freedom, dtype)


# At 0 the derivatives of std and of a norm are taken as 0 (as in PyTorch), not as 1/0.
@primitive(x=lambda g, y: g / where(y == 0, math.inf, 2 * y))
@in_float32
def root(x: Array) -> Array:
    """The square root, with derivative 0 at 0."""
    return array_module(x).sqrt(x)  # type: ignore[no-any-return]


def var(
    input: Any,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Any:
    """The variance over the dimensions `dim`, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        A boolean here is taken for `unbiased`, as in PyTorch: `var(x, False)`.
    unbiased : bool, optional
        True for `correction=1`, False for `correction=0`.
    keepdim : bool
        Whether the reduced dimensions stay, with size 1.
    correction : float, optional
        The sum of squared deviations is divided by the number of elements minus this; 1 by default.

    Raises
    ------
    RuntimeError
        If `input` is not floating.
    TypeError
        If both `unbiased` and `correction` are given.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.var(mg.tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    return _variance("var", input, dim, unbiased, keepdim, correction)


def std(
    input: Any,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Any:
    """The standard deviation, the square root of `var`; its derivative is taken as 0 where it is 0."""
    return root(_variance("std", input, dim, unbiased, keepdim, correction))


def var_mean(
    input: Any,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Any, Any]:
    """The variance and the mean."""
    variance = _variance("var_mean", input, dim, unbiased, keepdim, correction)
    return variance, mean(input, None if isinstance(dim, bool) else dim, keepdim)


def _variance(
    name: str, input: Any, dim: Dim | bool, unbiased: bool | None, keepdim: bool, correction: float | None
) -> Any:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}: give either unbiased or correction, not both")
    if correction is None:
        correction = 0 if unbiased is False else 1
    dims = axes_of(input, dim, name)
    require_floating(input, name)
    return _var(input, dims, correction, keepdim)


# ---------------------------------------------------------------------- exponentials


@primitive(x=lambda g, x, y, dims: kept(g, x.shape, dims) * exp(x - kept(y, x.shape, dims)))
@in_float32
def _logsumexp(x: Array, dims: Shape, keepdim: bool) -> Array:
    xp = array_module(x)
    largest = x.max(axis=dims, keepdims=True) if x.size else xp.zeros((1,) * x.ndim, x.dtype)
    largest = xp.where(xp.isinf(largest), 0, largest)  # inf - inf would be NaN
    result = xp.log(total(xp.exp(x - largest), dims, True)) + largest
    if keepdim:
        return result  # type: ignore[no-any-return]
    return result.reshape([n for i, n in enumerate(x.shape) if i not in dims])  # type: ignore[no-any-return]


def logsumexp(input: Any, dim: int | Sequence[int], keepdim: bool = False) -> Any:
    """`log(sum(exp(input), dim))` without overflow.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int
    keepdim : bool
        Whether the reduced dimensions stay, with size 1.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.logsumexp(mg.tensor([1000.0, 1000.0], dtype="float64"), 0).item()
    1000.6931471805599
    """
    if is_autocasting():
        return autocasting("logsumexp", logsumexp, input, dim, keepdim)
    dims = axes_of(input, dim, "logsumexp")
    return _logsumexp(floating(input, "logsumexp"), dims, keepdim)


# ---------------------------------------------------------------------- products


def _others(x: Any, dim: int) -> Any:
    """For each element the product of all others along `dim`, exact with zeros because nothing is divided.

    Pairs are multiplied until one is left; on the way back each takes the other's factor.
    """
    half, odd = divmod(x.shape[dim], 2)
    if half == 0:
        return xp_of(x).ones(x.shape, x.dtype)
    left, right = narrow(x, dim, 0, half), narrow(x, dim, half, half)
    pairs = [left * right, narrow(x, dim, 2 * half, odd)] if odd else [left * right]
    others = _others(cat(pairs, dim), dim)
    outside = narrow(others, dim, 0, half)
    parts = [outside * right, outside * left]
    return cat([*parts, narrow(others, dim, half, 1)] if odd else parts, dim)


@primitive(x=lambda g, x, dim: kept(g, x.shape, (dim,)) * _others(x, dim))
def _prod(x: Array, dim: int, keepdim: bool) -> Array:
    return rounded(wide(x).prod(axis=dim, keepdims=keepdim), x.dtype)


def prod(input: Any, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The product along one dimension, or of all elements.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
    keepdim : bool
        Whether the reduced dimension stays, with size 1.
    dtype : dtype, optional
        To convert to first; by default integers and booleans become int64.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([2.0, 0.0, 5.0], requires_grad=True)
    >>> mg.prod(x).backward()
    >>> x.grad.tolist()
    [0.0, 10.0, 0.0]
    """
    if is_autocasting():
        return autocasting("prod", prod, input, dim, keepdim, dtype=dtype)
    x = converted(input, dtype)
    if dim is None or x.ndim == 0:
        if dim is not None:
            dim_of(dim, 0, "prod")
        y = _prod(flatten(x), 0, False)
        return _reshape(y, (1,) * x.ndim) if keepdim else y
    return _prod(x, dim_of(dim, x.ndim, "prod"), keepdim)


# ---------------------------------------------------------------------- truth


def _truth(input: Any, dim: Dim, keepdim: bool, name: str) -> Any:
    dims = axes_of(input, dim, name)
    array = input.data if isinstance(input, Tensor) else input
    result = getattr(array_module(array), name)(array, axis=dims, keepdims=keepdim)
    return Tensor(result) if isinstance(input, Tensor) else result


def all(input: Any, dim: Dim = None, keepdim: bool = False) -> Any:
    """Whether all elements (along `dim`) are true, that is, not 0."""
    return _truth(input, dim, keepdim, "all")


def any(input: Any, dim: Dim = None, keepdim: bool = False) -> Any:
    """Whether any element (along `dim`) is true, that is, not 0."""
    return _truth(input, dim, keepdim, "any")


def count_nonzero(input: Any, dim: Dim = None) -> Any:
    """The number of elements (along `dim`) that are not 0."""
    return sum(input != 0, dim)
