"""Comparisons and logic: boolean results, no gradients."""

from collections.abc import Callable
from typing import Any

from minigrad.engine import xp_of
from minigrad.tensor import Tensor

__all__ = [
    "allclose", "eq", "equal", "ge", "gt", "isfinite", "isinf", "isnan", "le", "logical_and", "logical_not",
    "logical_or", "logical_xor", "lt", "ne",
]  # fmt: skip


def _comparison(name: str, ufunc: str, meaning: str) -> Callable[[Any, Any], Any]:
    def compare(input: Any, other: Any) -> Any:
        left = input.data if isinstance(input, Tensor) else input
        right = other.data if isinstance(other, Tensor) else other
        if not all(hasattr(x, "dtype") or isinstance(x, (bool, int, float)) for x in (left, right)):
            raise TypeError(
                f"{name}: expected tensors or numbers, got {type(input).__name__} and {type(other).__name__}"
            )
        xp = xp_of(left, right)
        result = getattr(xp, ufunc)(left, right)
        return Tensor(result) if isinstance(input, Tensor) or isinstance(other, Tensor) else result

    compare.__name__ = compare.__qualname__ = name
    compare.__doc__ = f"Whether `input {meaning} other`, element by element, as a boolean tensor."
    return compare


eq = _comparison("eq", "equal", "==")
ne = _comparison("ne", "not_equal", "!=")
lt = _comparison("lt", "less", "<")
le = _comparison("le", "less_equal", "<=")
gt = _comparison("gt", "greater", ">")
ge = _comparison("ge", "greater_equal", ">=")
logical_and = _comparison("logical_and", "logical_and", "and")
logical_or = _comparison("logical_or", "logical_or", "or")
logical_xor = _comparison("logical_xor", "logical_xor", "xor")


def _property(name: str, ufunc: str, meaning: str) -> Callable[[Any], Any]:
    def test(input: Any) -> Any:
        array = input.data if isinstance(input, Tensor) else input
        result = getattr(xp_of(array), ufunc)(array)
        return Tensor(result) if isinstance(input, Tensor) else result

    test.__name__ = test.__qualname__ = name
    test.__doc__ = f"Whether each element {meaning}, as a boolean tensor."
    return test


isnan = _property("isnan", "isnan", "is not a number")
isinf = _property("isinf", "isinf", "is infinite")
isfinite = _property("isfinite", "isfinite", "is neither infinite nor NaN")
logical_not = _property("logical_not", "logical_not", "is zero or False")


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements satisfy `|input - other| <= atol + rtol * |other|`."""
    left, right = (x.data if isinstance(x, Tensor) else x for x in (input, other))
    return bool(xp_of(left, right).allclose(left, right, rtol=rtol, atol=atol, equal_nan=equal_nan))


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and the same elements."""
    return input.shape == other.shape and bool(xp_of(input, other).all(eq(input, other).data))
