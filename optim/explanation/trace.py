"""Arithmetic that keeps a record: values that know the expression they came from.

A `Traced` stands for an array of one element, or for a number. Run on these, an optimizer's own update, with
its in-place operators and `out=`, leaves behind one tree of expressions for each array that it changed. Every
value in the trees is what NumPy computed, in the array's precision, so that it is the very number that the
same code gives on whole arrays.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

_created = count()

# Between numbers the update computes with Python's operators, which may round powers otherwise than NumPy.
_ON_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "negative": operator.neg,
    "absolute": abs,
    "sqrt": math.sqrt,
}


@dataclass(frozen=True, eq=False)
class Expression:
    """A value and how it came about.

    Parameters
    ----------
    value : number or array of one element
    name : str, optional
        Of something given, such as a hyper-parameter; a number without a name stands for itself.
    operation : str, optional
        NumPy's name of the function, or a dtype's: rounding to it. None for what is given.
    inputs : tuple of Expression
    """

    value: Any
    name: str | None = None
    operation: str | None = None
    inputs: tuple["Expression", ...] = ()
    order: int = field(default_factory=lambda: next(_created))


class Traced(NDArrayOperatorsMixin):
    """An array of one element, or a number, that records what is done with it.

    Parameters
    ----------
    value : number or array of one element
    name : str, optional
        What to call it in equations.

    Attributes
    ----------
    expression : Expression
        Of the present value; writing in place replaces it.

    Examples
    --------
    >>> lr, w = Traced(0.5, "lr"), Traced(np.array([1.0]), "w")
    >>> w -= lr * np.array([4.0])
    >>> w.value
    array([-1.])
    >>> w.expression.operation, [x.name or x.operation for x in w.expression.inputs]
    ('subtract', ['w', 'multiply'])
    """

    def __init__(self, value: Any, name: str | None = None) -> None:
        self.expression = value if isinstance(value, Expression) else Expression(value, name)

    @property
    def value(self) -> Any:
        """The present value."""
        return self.expression.value

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: tuple[Any, ...] = (), **kwargs: Any
    ) -> Any:
        if method != "__call__":
            return NotImplemented
        expressions = tuple(_expression(x) for x in inputs)
        values = [x.value for x in expressions]
        if not any(isinstance(value, np.ndarray) for value in values):
            result = _ON_NUMBERS.get(ufunc.__name__, ufunc)(*values)
            out = ()  # a number is not changed in place: `x *= 2` makes another one
        elif out:
            result = ufunc(*values, out=np.empty_like(out[0].value), **kwargs)
        else:
            result = ufunc(*values, **kwargs)
        if np.asarray(result).dtype == bool:
            return result
        expression = Expression(result, None, ufunc.__name__, expressions)
        if not out:
            return Traced(expression)
        out[0].expression = expression
        return out[0]

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: dict[str, Any]
    ) -> Any:
        expressions = tuple(_expression(x) for x in args)
        value = function(*(x.value for x in expressions), **kwargs)
        if function.__name__.endswith("_like"):  # zeros_like(g) is nothing but a zero
            return Traced(value)
        return Traced(Expression(value, None, function.__name__, expressions))

    def __getitem__(self, at: Any) -> "Traced":
        return self

    def __setitem__(self, at: Any, value: Any) -> None:
        given = _expression(value)
        stored = np.empty_like(self.value)
        stored[...] = given.value
        rounds = isinstance(given.value, np.ndarray) and given.value.dtype != stored.dtype
        how = (None, stored.dtype.name, (given,)) if rounds else (given.name, given.operation, given.inputs)
        self.expression = Expression(stored, *how)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    @property
    def dtype(self) -> "np.dtype[Any]":
        """The array's."""
        return self.value.dtype  # type: ignore[no-any-return]


def traced(method: Any) -> Callable[..., None]:
    """The same method, but its `math.sqrt` takes a `Traced`, of which Python's would make a plain number."""
    function = method.__func__
    recording = SimpleNamespace(**{**vars(math), "sqrt": _sqrt})
    names = {**function.__globals__, "math": recording}
    copy = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    return MethodType(copy, method.__self__)


def _sqrt(x: Any) -> Any:
    return np.sqrt(x) if isinstance(x, Traced) else math.sqrt(x)


def _expression(x: Any) -> Expression:
    return x.expression if isinstance(x, Traced) else Expression(x)
