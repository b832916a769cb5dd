"""Changes in place: `x[i] = v`, `x += y`, `x.add_(y)`, ...

A graph knows values, not memory. So a recorded change makes a new value, and the tensor takes it on: other
tensors that shared its memory keep the old one, and nothing that a derivative has saved is touched. Where
nothing is recorded (inside `no_grad`, or if no gradient is wanted), the array is written to: all who share it
see the change.
"""

from typing import Any

from minigrad.dtypes import KIND
from minigrad.engine import explained
from minigrad.graph import Leaf, is_recording
from minigrad.mutation import mutated
from minigrad.ops import choice, elementwise
from minigrad.ops.indices import parse
from minigrad.ops.operands import cast, like
from minigrad.ops.scatter import put, write
from minigrad.tensor import Tensor


def inplace(x: Tensor, result: Tensor) -> Tensor:
    """Let `x` become `result`, an expression of it, and return `x`.

    Parameters
    ----------
    x, result : Tensor
        Of the same shape; a result of another dtype is converted.

    Raises
    ------
    RuntimeError
        If `x` is a leaf that requires a gradient and recording is on, if `result` has another shape, or a
        dtype that `x` cannot hold (a fraction in an integer tensor).
    """
    if result.shape != x.shape:
        raise RuntimeError(
            f"a tensor of shape {x.shape} cannot be changed in place into one of shape {result.shape}"
        )
    if KIND[result.dtype.kind] > KIND[x.dtype.kind]:
        raise RuntimeError(f"a {result.dtype.name} result cannot be written into a tensor of {x.dtype.name}")
    result = cast(result, x.dtype)
    if _is_recorded(x, result):
        x.data, x._node = result.data, result._node
    else:
        _refuse_shared(x)
        x.data[...] = result.data
        mutated(x.data)
    return x


def _is_recorded(x: Tensor, *others: Any) -> bool:
    if not is_recording() or not any(isinstance(t, Tensor) and t.requires_grad for t in (x, *others)):
        return False
    if isinstance(x._node, Leaf):
        raise RuntimeError(
            "a leaf tensor that requires a gradient cannot be changed in place while recording is on: "
            "its gradient would belong to a value that is gone; use `with mg.no_grad():`, or x.clone()"
        )
    return True


def setitem_(x: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`.

    If it has to be recorded, `x` becomes the result of `index_put` on its old value. That is a copy: filling
    n rows one by one costs n copies (`stack` costs one), and tensors that shared memory with `x` keep the old
    value. Otherwise the array is written to.

    Parameters
    ----------
    x : Tensor
    index : whatever may stand between brackets
    value : Tensor, Array or number
        Broadcast to the shape of `x[index]`. Of a position that comes twice the last value stays.

    Raises
    ------
    RuntimeError
        If `x` is a leaf that requires a gradient and recording is on, or `value` does not broadcast.
    IndexError
        If the index does not fit.
    TypeError
        If `value` is none of these.
    """
    if not (hasattr(value, "dtype") or isinstance(value, (bool, int, float))):
        raise TypeError(f"x[...] = value: expected a tensor or a number, got {type(value).__name__}")
    basic, arrays = parse(index, x.data, "x[...] = value")
    value = cast(value, x.dtype) if isinstance(value, Tensor) else like(value, x)
    if _is_recorded(x, value):
        result = put(x, value, basic, arrays)
        x.data, x._node = result.data, result._node
        return
    _refuse_shared(x)
    array = value.data if isinstance(value, Tensor) else value
    try:
        write(x.data, array, basic, arrays)
    except ValueError as error:
        raise explained(error, "x[...] = value", (x.data, array)) from error
    mutated(x.data)


def _refuse_shared(x: Tensor) -> None:
    if not getattr(x.data.flags, "writeable", True):  # CuPy has no such flag
        raise RuntimeError(
            f"this tensor of shape {x.shape} cannot be changed in place: its memory is read-only, or (after "
            "expand) one number in it stands for many elements; use x.clone()"
        )


def copy_(x: Tensor, src: Any) -> Tensor:
    """Replace the elements by those of `src`, which is broadcast."""
    setitem_(x, ..., src)
    return x


def fill_(x: Tensor, value: Any) -> Tensor:
    """Replace all elements by one number (or a 0-d tensor)."""
    setitem_(x, ..., value)
    return x


def zero_(x: Tensor) -> Tensor:
    """Replace all elements by 0."""
    setitem_(x, ..., 0)
    return x


def add_(x: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """`x += alpha * other`."""
    return inplace(x, elementwise.add(x, other, alpha=alpha))


def sub_(x: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """`x -= alpha * other`."""
    return inplace(x, elementwise.sub(x, other, alpha=alpha))


def mul_(x: Tensor, other: Any) -> Tensor:
    """`x *= other`."""
    return inplace(x, elementwise.mul(x, other))


def div_(x: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """`x /= other`; see `div`."""
    return inplace(x, elementwise.div(x, other, rounding_mode=rounding_mode))


def clamp_(x: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Limit each element to lie between `min` and `max`; see `clamp`."""
    return inplace(x, choice.clamp(x, min, max))
