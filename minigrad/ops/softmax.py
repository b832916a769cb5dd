"""Softmax and its logarithm: positive numbers that sum to 1 along a dimension.

Both subtract the largest element first, so that no exponential overflows; the result does not change by it.
"""

from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.half import in_float32
from minigrad.engine import primitive
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.elementwise import exp
from minigrad.ops.operands import cast, dim_of, require_floating, widened
from minigrad.ops.reduce import sum as total
from minigrad.ops.shape import reshape

__all__ = ["log_softmax", "softmax", "softmin"]


def _softmax_rule(g: Any, y: Any, dim: int) -> Any:
    g, y = widened(g), widened(y)
    return y * (g - total(g * y, dim, True))


def _log_softmax_rule(g: Any, y: Any, dim: int) -> Any:
    g = widened(g)
    return g - exp(widened(y)) * total(g, dim, True)


@primitive(x=_softmax_rule)
@in_float32
def _softmax(x: Array, dim: int) -> Array:
    y = x - x.max(dim, keepdims=True)
    array_module(x).exp(y, out=y)
    y /= y.sum(dim, keepdims=True)
    return y  # type: ignore[no-any-return]


@primitive(x=_log_softmax_rule)
@in_float32
def _log_softmax(x: Array, dim: int) -> Array:
    xp = array_module(x)
    y = x - x.max(dim, keepdims=True)
    y -= xp.log(xp.exp(y).sum(dim, keepdims=True))
    return y  # type: ignore[no-any-return]


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """`exp(input)`, divided by its sum along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
    dtype : dtype, optional
        Convert `input` to this floating dtype first.

    Raises
    ------
    RuntimeError
        If the dtype (of `input`, unless `dtype` is given) is not floating.
    IndexError
        If `dim` is out of range.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.softmax(mg.tensor([0.0, 0.0, float("-inf")]), dim=0).tolist()
    [0.5, 0.5, 0.0]
    """
    return _along(_softmax, "softmax", input, dim, dtype)


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """The logarithm of `softmax`, accurate also where that underflows; arguments as there."""
    return _along(_log_softmax, "log_softmax", input, dim, dtype)


def softmin(input: Any, dim: int, dtype: Any = None) -> Any:
    """`softmax(-input)`; arguments as there."""
    return _along(_softmax, "softmin", -input, dim, dtype)


def _along(operation: Any, name: str, input: Any, dim: int, dtype: Any) -> Any:
    if is_autocasting():
        return autocasting(name, _along, operation, name, input, dim, dtype)
    if dtype is not None:
        input = cast(input, dtype)
    require_floating(input, name)
    axis = dim_of(dim, input.ndim, name)
    if 0 in input.shape:
        return input * 1  # nothing has no maximum
    if input.ndim == 0:
        return reshape(operation(reshape(input, (1,)), axis), ())
    return operation(input, axis)
