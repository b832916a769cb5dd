"""What arrives at an operation, brought into the form that its primitive expects: dtypes and dimensions."""

import operator
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from minigrad.backend import Array
from minigrad.backend.half import in_float32
from minigrad.dtypes import float32, get_default_dtype, is_floating, is_half, result_type
from minigrad.engine import Primitive, Rule, explained, finished, new_tensor, xp_of
from minigrad.graph import Node, is_autocasting, is_recording, is_watching
from minigrad.ops.autocast import autocasting
from minigrad.ops.cast import cast as cast
from minigrad.tensor import Tensor


def widened(input: Any) -> Any:
    """`input` (array or Tensor) in float32 if it is in half precision."""
    return cast(input, float32) if is_half(input.dtype) else input


def floating(input: Any, name: str = "operation") -> Any:
    """`input` in a floating dtype: integers and booleans become the default one, as in PyTorch."""
    try:
        kind = input.dtype.kind
    except AttributeError:
        raise TypeError(f"{name}: expected a tensor, got {type(input).__name__}") from None
    return input if kind in "fV" else cast(input, get_default_dtype())


def promote(a: Any, b: Any, name: str = "operation") -> tuple[Any, Any]:
    """Two operands (Tensors, arrays or Python numbers) in the dtype in which PyTorch would combine them.

    Python numbers stay what they are: NumPy and CuPy let the array's dtype decide.
    """
    left, right = getattr(a, "dtype", None), getattr(b, "dtype", None)
    if left is right and left is not None:
        return a, b
    if right is None and left is not None and left.kind == "f" and type(b) in _NUMBERS:
        return a, b
    if left is None and right is not None and right.kind == "f" and type(a) in _NUMBERS:
        return a, b
    if left is None and right is None:
        raise TypeError(
            f"{name}: expected at least one tensor, got {type(a).__name__} and {type(b).__name__}"
        )
    try:
        dtype = result_type(a, b)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if dtype.kind == "V":  # which a Python float would make float32
        return tuple(
            [cast(x, dtype) if hasattr(x, "dtype") else xp_of(a, b).asarray(x, dtype) for x in (a, b)]
        )
    return (a if left is None else cast(a, dtype)), (b if right is None else cast(b, dtype))


_NUMBERS = (float, int, bool)


class _Binary(Primitive):
    """An operation on two operands, in the dtype in which PyTorch would combine them.

    `Primitive.__call__` and `finished` written out for two operands, because `x * w + b` on small tensors
    costs what this costs: a third less than by calling them.
    """

    def __call__(self, a: Any, b: Any) -> Any:
        left, right = isinstance(a, Tensor), isinstance(b, Tensor)
        x = a.data if left else a
        z = b.data if right else b
        dtype = getattr(x, "dtype", None)
        if dtype is None or dtype is not getattr(z, "dtype", None):
            promoted = promote(a, b, self.name)
            if promoted[0] is not a or promoted[1] is not b:
                if promoted[0].dtype.kind == "V" and (type(a) in _NUMBERS or type(b) in _NUMBERS):
                    # A bfloat16 tensor and a number, whose digits are all to count.
                    y = self(*[cast(v, float32) if hasattr(v, "dtype") else v for v in (a, b)])
                    return cast(y, promoted[0].dtype)
                return self(*promoted)
        if not (left or right):
            return self.forward(x, z)
        try:
            y = self.forward(x, z)
        except (ValueError, TypeError, IndexError) as error:
            raise explained(error, self.name, (x, z)) from error
        first = a._node if left else None
        second = b._node if right else None
        if y.ndim == 0 or is_watching():
            return finished(self, (x, z), (first, second), y)
        result = new_tensor(Tensor)
        result.data = y
        result.grad = None
        result._node = None
        if (first is not None or second is not None) and is_recording():
            result._node = Node(self, (first, second), self.keep((x, z, y)), y.shape, y.dtype)
        return result


def binary(**rules: Rule) -> Callable[[Callable[[Any, Any], Array]], Callable[[Any, Any], Any]]:
    """Like `primitive`, for two operands whose dtypes are promoted; either may be a Python number.

    Rules may ask for the operands and the result, not for shapes: the engine un-broadcasts.
    """
    return lambda forward: _Binary(forward, rules)


def unary(rule: Rule) -> Callable[[Callable[[Array], Array]], Callable[[Any], Any]]:
    """Make a public function of one floating argument from its forward on an array and its derivative."""

    def decorate(forward: Callable[[Array], Array]) -> Callable[[Any], Any]:
        name = forward.__name__
        run, run_half = Primitive(forward, {"x": rule}), Primitive(in_float32(forward), {"x": rule})

        @wraps(forward)
        def function(input: Any) -> Any:
            if is_autocasting():
                return autocasting(name, function, input)
            if getattr(input, "dtype", None) is float32:
                return run(input)
            x = floating(input, name)
            return run_half(x) if is_half(x.dtype) else run(x)

        return function

    return decorate


def like(value: Any, example: Any) -> Any:
    """A Python number, array or Tensor as an array (or Tensor) with the dtype and device of `example`."""
    if isinstance(value, Tensor):
        return value
    return xp_of(example).asarray(value, dtype=example.dtype)


def dims_of(dim: Any, ndim: int, name: str) -> tuple[int, ...]:
    """`dim` (None, an integer or a sequence of them, negative ones counted from the end) as a tuple of axes.

    Raises
    ------
    IndexError
        If a dimension is out of range.
    RuntimeError
        If one appears twice.
    """
    if dim is None:
        return tuple(range(ndim))
    if isinstance(dim, Sequence):
        axes = tuple(dim_of(d, ndim, name) for d in dim)
        if len(set(axes)) < len(axes):
            raise RuntimeError(f"{name}: a dimension appears twice in dim={tuple(dim)}")
        return axes if axes else tuple(range(ndim))
    return (dim_of(dim, ndim, name),)


def dim_of(dim: Any, ndim: int, name: str) -> int:
    """One dimension as a number from 0 to ndim - 1; a 0-d tensor counts as having one.

    Raises
    ------
    IndexError
        If it is out of range.
    TypeError
        If it is no integer.
    """
    try:
        index = operator.index(dim)
    except TypeError:
        raise TypeError(f"{name}: dim must be an integer, got {dim!r}") from None
    size = max(ndim, 1)
    if not -size <= index < size:
        raise IndexError(
            f"{name}: dimension {index} is out of range for {ndim} dimensions "
            f"(expected {-size} to {size - 1})"
        )
    return index % size


def require_floating(input: Any, name: str) -> None:
    """Refuse integer tensors where PyTorch does.

    Raises
    ------
    RuntimeError
        If `input` is not floating.
    """
    if not is_floating(input.dtype):
        raise RuntimeError(f"{name}: expected a floating tensor, got {input.dtype.name}; use x.to('float32')")
