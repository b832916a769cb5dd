"""Operations on each element, or on pairs of elements after broadcasting.

Read the rules as a table of derivatives: `g` is the gradient of the result, `y` the result itself.
"""

from typing import Any

from minigrad.backend import Array, array_module, special
from minigrad.backend.half import in_float32
from minigrad.dtypes import get_default_dtype, is_floating
from minigrad.engine import primitive
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.choice import trunc, where
from minigrad.ops.operands import binary, cast, floating, like, promote, unary

__all__ = [
    "add", "addcdiv", "addcmul", "cos", "div", "erf", "exp", "expm1", "lerp", "log", "log1p", "log2",
    "log10", "mul", "neg", "pow", "reciprocal", "rsqrt", "sigmoid", "sin", "sqrt", "square", "sub",
    "tan", "tanh",
]  # fmt: skip

# ---------------------------------------------------------------------- arithmetic


@binary(a=lambda g: g, b=lambda g: g)
def _add(a: Array, b: Array) -> Array:
    return a + b


@binary(a=lambda g: g, b=lambda g: -g)
def _sub(a: Array, b: Array) -> Array:
    return a - b


@binary(a=lambda g, b: g * b, b=lambda g, a: g * a)
def _mul(a: Array, b: Array) -> Array:
    return a * b


@binary(a=lambda g, b: g / b, b=lambda g, y, b: -g * y / b)
def _div(a: Array, b: Array) -> Array:
    return a / b


@primitive(a=lambda g: -g)
def _neg(a: Array) -> Array:
    return -a


def add(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """`input + alpha * other`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.add(mg.tensor([1.0, 2.0]), mg.tensor([[10.0], [20.0]])).tolist()
    [[11.0, 12.0], [21.0, 22.0]]
    """
    return _add(input, other if alpha == 1 else other * alpha)


def sub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """`input - alpha * other`."""
    return _sub(input, other if alpha == 1 else other * alpha)


def mul(input: Any, other: Any) -> Any:
    """`input * other`, element by element."""
    return _mul(input, other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """`input / other`; with a rounding mode the quotient is rounded and has no gradient.

    Parameters
    ----------
    input, other : Tensor or number
        Integers are divided as floating numbers unless they are rounded.
    rounding_mode : {None, 'trunc', 'floor'}
        Towards zero, or down (as Python's `//`).

    Raises
    ------
    ValueError
        For any other rounding mode.
    """
    if rounding_mode not in (None, "trunc", "floor"):
        raise ValueError(f"div: rounding_mode must be None, 'trunc' or 'floor', got {rounding_mode!r}")
    if rounding_mode is None:
        for x in (input, other):
            if hasattr(x, "dtype") and is_floating(x.dtype):
                return _div(input, other)
    input, other = promote(input, other, "div")
    dtype = getattr(input, "dtype", None) or other.dtype
    if rounding_mode is not None and not is_floating(dtype):
        return _rounded_quotient(input, other, rounding_mode)
    if not is_floating(dtype):
        input, other = (cast(x, get_default_dtype()) if hasattr(x, "dtype") else x for x in (input, other))
    if rounding_mode == "floor":
        return _rounded_quotient(input, other, "floor")
    quotient = _div(input, other)
    return quotient if rounding_mode is None else trunc(quotient)


def divided_by(input: Any, other: Any) -> Any:
    """`other / input`, the operator with a number on the left: a reciprocal, not a product, to `autocast`."""
    if is_autocasting():
        return autocasting("reciprocal", div, other, input)
    return div(other, input)


@primitive(a=lambda g: g * 0.0, b=lambda g: g * 0.0)
def _rounded_quotient(a: Array, b: Array, rounding_mode: str) -> Array:
    xp = array_module(a, b)
    quotient = xp.floor_divide(a, b)
    if rounding_mode == "floor":
        return quotient  # type: ignore[no-any-return]
    return quotient + ((quotient < 0) & (quotient * b != a))  # type: ignore[no-any-return]


def neg(input: Any) -> Any:
    """`-input`."""
    return _neg(input)


@unary(lambda g, y: -g * y * y)
def reciprocal(x: Array) -> Array:
    """`1 / input`."""
    return 1 / x


@unary(lambda g, x: g * (2 * x))
def square(x: Array) -> Array:
    """The square of each element."""
    return x * x


# ---------------------------------------------------------------------- powers, exponentials, logarithms


def _power_by_base(g: Any, x: Any, exponent: Any) -> Any:
    if isinstance(exponent, (int, float)):
        return g * 0.0 if exponent == 0 else g * (exponent * pow(x, exponent - 1))
    # 0 ** -1 would spoil 0 * x ** -1, whose limit is 0
    return g * where(exponent == 0, 0.0, exponent * pow(x, where(exponent == 0, 1.0, exponent - 1)))


def _power_by_exponent(g: Any, y: Any, x: Any, exponent: Any) -> Any:
    flat = (x == 0) & (exponent >= 0)  # there y * log(x) has the limit 0, not 0 * -inf
    return g * where(flat, 0.0, y * log(where(flat, 1.0, like(x, g))))


@primitive(x=_power_by_base, exponent=_power_by_exponent)
@in_float32
def _pow(x: Array, exponent: Any) -> Array:
    if isinstance(exponent, (int, float)):  # a general float32 power costs 70 times a product
        if exponent == 2:
            return x * x
        if exponent == 3:
            return x * x * x
        if exponent == 0.5:
            return array_module(x).sqrt(x)  # type: ignore[no-any-return]
    return x**exponent  # type: ignore[no-any-return]


def pow(input: Any, exponent: Any) -> Any:
    """`input ** exponent`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.pow(mg.tensor([2.0, 3.0]), 2).tolist()
    [4.0, 9.0]
    """
    if is_autocasting():
        return autocasting("pow", pow, input, exponent)
    if isinstance(exponent, (int, float)) and hasattr(input, "dtype"):
        if isinstance(exponent, float) and not is_floating(input.dtype):
            input = floating(input)
        elif isinstance(exponent, int) and exponent < 0 and not is_floating(input.dtype):
            raise RuntimeError(
                "pow: integers to negative integer powers are not allowed; use a floating tensor"
            )
        return _pow(input, exponent)
    input, exponent = promote(input, exponent, "pow")
    return _pow(input if hasattr(input, "dtype") else like(input, exponent), exponent)


@unary(lambda g, y: g * y)
def exp(x: Array) -> Array:
    """The exponential of each element."""
    return array_module(x).exp(x)  # type: ignore[no-any-return]


@unary(lambda g, y: g * (y + 1))
def expm1(x: Array) -> Array:
    """`exp(input) - 1`, accurate near 0."""
    return array_module(x).expm1(x)  # type: ignore[no-any-return]


@unary(lambda g, x: g / x)
def log(x: Array) -> Array:
    """The natural logarithm of each element."""
    return array_module(x).log(x)  # type: ignore[no-any-return]


@unary(lambda g, x: g / (x + 1))
def log1p(x: Array) -> Array:
    """`log(1 + input)`, accurate near 0."""
    return array_module(x).log1p(x)  # type: ignore[no-any-return]


@unary(lambda g, x: g / (x * 0.6931471805599453))
def log2(x: Array) -> Array:
    """The logarithm to base 2 of each element."""
    return array_module(x).log2(x)  # type: ignore[no-any-return]


@unary(lambda g, x: g / (x * 2.302585092994046))
def log10(x: Array) -> Array:
    """The logarithm to base 10 of each element."""
    return array_module(x).log10(x)  # type: ignore[no-any-return]


@unary(lambda g, y: g / (2 * y))
def sqrt(x: Array) -> Array:
    """The square root of each element."""
    return array_module(x).sqrt(x)  # type: ignore[no-any-return]


@unary(lambda g, y: -0.5 * g * y * y * y)
def rsqrt(x: Array) -> Array:
    """`1 / sqrt(input)`."""
    return 1 / array_module(x).sqrt(x)  # type: ignore[no-any-return]


# ---------------------------------------------------------------------- trigonometry and sigmoids


@unary(lambda g, x: g * cos(x))
def sin(x: Array) -> Array:
    """The sine of each element, in radians."""
    return array_module(x).sin(x)  # type: ignore[no-any-return]


@unary(lambda g, x: -g * sin(x))
def cos(x: Array) -> Array:
    """The cosine of each element, in radians."""
    return array_module(x).cos(x)  # type: ignore[no-any-return]


@unary(lambda g, y: g * (1 + y * y))
def tan(x: Array) -> Array:
    """The tangent of each element, in radians."""
    return array_module(x).tan(x)  # type: ignore[no-any-return]


@unary(lambda g, y: g * (1 - y * y))
def tanh(x: Array) -> Array:
    """The hyperbolic tangent of each element."""
    return array_module(x).tanh(x)  # type: ignore[no-any-return]


@unary(lambda g, y: g * (y * (1 - y)))
def sigmoid(x: Array) -> Array:
    """`1 / (1 + exp(-input))`, without overflow."""
    xp = array_module(x)
    small = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1, small) / (1 + small)  # type: ignore[no-any-return]


@unary(lambda g, x: g * (1.1283791670955126 * exp(-x * x)))
def erf(x: Array) -> Array:
    """The error function, `2/sqrt(pi) * integral of exp(-t^2) from 0 to input`."""
    return special.erf(x)


# ---------------------------------------------------------------------- combinations


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """`input + weight * (end - input)`: `input` at weight 0, `end` at weight 1."""
    return input + weight * (end - input)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Any:
    """`input + value * tensor1 * tensor2`."""
    product = tensor1 * tensor2
    return input + (product if value == 1 else product * value)


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Any:
    """`input + value * tensor1 / tensor2`."""
    quotient = tensor1 / tensor2
    return input + (quotient if value == 1 else quotient * value)
