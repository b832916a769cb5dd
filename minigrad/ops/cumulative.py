"""Running sums and products."""

from typing import Any

from minigrad.backend import Array
from minigrad.backend.half import rounded, wide
from minigrad.dtypes import float32, is_half
from minigrad.engine import primitive
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.index import narrow
from minigrad.ops.join import cat
from minigrad.ops.operands import cast, dim_of
from minigrad.ops.reduce import converted
from minigrad.ops.shape import flip

__all__ = ["cumprod", "cumsum"]


@primitive(x=lambda g, dim: flip(cumsum(flip(g, dim), dim), dim))
def _cumsum(x: Array, dim: int) -> Array:
    return rounded(wide(x).cumsum(axis=dim), x.dtype)


def cumsum(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The sum of each element and all before it along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
    dtype : dtype, optional
        To convert to first; by default integers and booleans become int64.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.cumsum(mg.tensor([1.0, 2.0, 3.0]), 0).tolist()
    [1.0, 3.0, 6.0]
    """
    if is_autocasting():
        return autocasting("cumsum", cumsum, input, dim, dtype=dtype)
    x = converted(input, dtype)
    dim = dim_of(dim, x.ndim, "cumsum")
    return _cumsum(x, dim) if x.ndim else x


def cumprod(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The product of each element and all before it along `dim`; arguments as for `cumsum`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.cumprod(mg.tensor([1.0, 2.0, 3.0]), 0).tolist()
    [1.0, 2.0, 6.0]
    """
    if is_autocasting():
        return autocasting("cumprod", cumprod, input, dim, dtype=dtype)
    y = converted(input, dtype)
    dim = dim_of(dim, y.ndim, "cumprod")
    if is_half(y.dtype):
        return cast(cumprod(cast(y, float32), dim), y.dtype)
    size = y.shape[dim] if y.ndim else 1
    # Products over windows of 1, 2, 4, ... elements. Nothing is divided, so zeros need no care at any order.
    step = 1
    while step < size:
        y = cat(
            [narrow(y, dim, 0, step), narrow(y, dim, step, size - step) * narrow(y, dim, 0, size - step)], dim
        )
        step *= 2
    return y
