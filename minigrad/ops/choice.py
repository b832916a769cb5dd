"""Operations that choose, limit or round: sign and size, the larger and the smaller, one or the other.

Their derivatives are steps: the gradient goes to what was chosen.
"""

from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.half import rounded
from minigrad.backend.special import masked
from minigrad.dtypes import is_floating, result_type
from minigrad.engine import primitive, xp_of
from minigrad.ops.operands import binary, promote
from minigrad.tensor import Tensor, as_tensor

__all__ = [
    "abs", "ceil", "clamp", "floor", "maximum", "minimum", "round", "sign", "trunc", "where",
]  # fmt: skip


@primitive(x=lambda g, x: g * sign(x))
def _abs(x: Array) -> Array:
    return array_module(x).abs(x)  # type: ignore[no-any-return]


def abs(input: Any) -> Any:
    """The absolute value of each element; its derivative at 0 is taken as 0."""
    return _abs(input)


@primitive(x=lambda g: g * 0.0)
def _sign(x: Array) -> Array:
    return array_module(x).sign(x)  # type: ignore[no-any-return]


def sign(input: Any) -> Any:
    """-1, 0 or 1 by the sign of each element."""
    return _sign(input)


@primitive(x=lambda g: g * 0.0)
def _stepwise(x: Array, function: str) -> Array:
    return getattr(array_module(x), function)(x)  # type: ignore[no-any-return]


def floor(input: Any) -> Any:
    """The largest integer not above each element."""
    return _stepwise(input, "floor") if is_floating(input.dtype) else input


def ceil(input: Any) -> Any:
    """The smallest integer not below each element."""
    return _stepwise(input, "ceil") if is_floating(input.dtype) else input


def round(input: Any) -> Any:
    """The nearest integer; halves go to the even one."""
    return _stepwise(input, "rint") if is_floating(input.dtype) else input


def trunc(input: Any) -> Any:
    """The integer part of each element."""
    return _stepwise(input, "trunc") if is_floating(input.dtype) else input


@primitive(g=lambda h, mask: only(h, mask))
def _only(g: Array, mask: Array) -> Array:
    return masked(g, mask)


def only(g: Any, mask: Any) -> Any:
    """The gradient `g` where `mask` is true, and 0 elsewhere, also in the place of an inf or NaN."""
    return _only(g, mask.data if isinstance(mask, Tensor) else mask)


@primitive(a=lambda g, condition: only(g, condition), b=lambda g, condition: only(g, ~condition))
def _where(a: Array, b: Array, condition: Array) -> Array:
    like = a if hasattr(a, "dtype") else b  # the other one may be a number
    return rounded(array_module(condition).where(condition, a, b), like.dtype)  # CuPy makes bfloat16 float32


def where(condition: Any, input: Any, other: Any) -> Any:
    """`input` where `condition` holds, `other` elsewhere.

    Parameters
    ----------
    condition : boolean Tensor
    input, other : Tensor or number

    Raises
    ------
    TypeError
        If `condition` is not boolean.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([-1.0, 2.0])
    >>> mg.where(x > 0, x, 0.0).tolist()
    [0.0, 2.0]
    """
    mask = condition.data if isinstance(condition, Tensor) else condition
    if getattr(mask, "dtype", None) != "bool":
        raise TypeError(
            f"where: condition must be a boolean tensor, got {getattr(mask, 'dtype', type(mask).__name__)}"
        )
    if not (hasattr(input, "dtype") or hasattr(other, "dtype")):
        input = as_tensor(xp_of(mask).asarray(input, dtype=result_type(input, other)))
    input, other = promote(input, other, "where")
    return _where(input, other, mask)


# At a tie both operands get half of the gradient, as in PyTorch.
@binary(
    a=lambda g, a, b: only(g * (1 - 0.5 * (a == b)), a >= b),
    b=lambda g, a, b: only(g * (1 - 0.5 * (a == b)), b >= a),
)
def _maximum(a: Array, b: Array) -> Array:
    return array_module(a, b).maximum(a, b)  # type: ignore[no-any-return]


@binary(
    a=lambda g, a, b: only(g * (1 - 0.5 * (a == b)), a <= b),
    b=lambda g, a, b: only(g * (1 - 0.5 * (a == b)), b <= a),
)
def _minimum(a: Array, b: Array) -> Array:
    return array_module(a, b).minimum(a, b)  # type: ignore[no-any-return]


def maximum(input: Any, other: Any) -> Any:
    """The larger of two elements; at a tie each gets half of the gradient."""
    return _maximum(input, other)


def minimum(input: Any, other: Any) -> Any:
    """The smaller of two elements; at a tie each gets half of the gradient."""
    return _minimum(input, other)


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """Each element, limited to lie between `min` and `max` (numbers, tensors, or None for no limit).

    Raises
    ------
    RuntimeError
        If neither limit is given.
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of min and max must be given")
    if min is None:
        high, input = promote(max, input, "clamp")
        return _clamp_above(input, high)
    low, input = promote(min, input, "clamp")
    if max is None:
        return _clamp_below(input, low)
    high, input = promote(max, input, "clamp")
    return _clamp(input, low, high)


# Unlike maximum and minimum, an element exactly at a limit keeps its whole gradient, as in PyTorch; and where
# the limits are in the wrong order, the upper one wins.
@primitive(x=lambda g, x, low: only(g, x >= low), low=lambda g, x, low: only(g, x < low))
def _clamp_below(x: Array, low: Array) -> Array:
    return array_module(x, low).maximum(x, low)  # type: ignore[no-any-return]


@primitive(x=lambda g, x, high: only(g, x <= high), high=lambda g, x, high: only(g, x > high))
def _clamp_above(x: Array, high: Array) -> Array:
    return array_module(x, high).minimum(x, high)  # type: ignore[no-any-return]


@primitive(
    x=lambda g, x, low, high: only(g, (x >= low) & (x <= high)),
    low=lambda g, x, low, high: only(g, (x < low) & (low < high)),
    high=lambda g, x, low, high: only(g, (x > high) | (high < low)),
)
def _clamp(x: Array, low: Array, high: Array) -> Array:
    xp = array_module(x, low, high)
    return xp.minimum(xp.maximum(x, low), high)  # type: ignore[no-any-return]
