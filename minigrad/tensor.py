"""The Tensor: an array, its gradient, and the node that remembers where it came from.

The class itself knows no mathematics. Operators and methods (`x + y`, `x.sum()`) are bound to it in
`methods.py`, the one place that lists them all.
"""

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from minigrad.backend import Array, device_of, is_array, to_device, to_numpy
from minigrad.dtypes import KIND, as_dtype, get_default_dtype, is_floating
from minigrad.graph import Leaf, Node, mode, next_order


class Tensor:
    """A multi-dimensional array that gradients can flow through.

    Made by `minigrad.tensor`, by creation functions such as `minigrad.zeros`, and by operations.

    Attributes
    ----------
    data : Array
        The raw NumPy or CuPy array. Writing into it is not recorded.
    grad : Tensor or None
        The gradient that `backward` summed up, for a leaf that requires one.
    """

    __slots__ = ("data", "grad", "_node", "__weakref__")  # noqa: RUF023 (public ones first)
    __array_ufunc__ = None  # `ndarray * tensor` then calls our operator; np.exp(tensor) is refused by name
    __hash__ = object.__hash__

    data: Array
    grad: "Tensor | None"
    _node: Node | None

    if TYPE_CHECKING:  # bound in methods.py

        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: Any) -> "Tensor": ...
        def __radd__(self, other: Any) -> "Tensor": ...
        def __sub__(self, other: Any) -> "Tensor": ...
        def __rsub__(self, other: Any) -> "Tensor": ...
        def __mul__(self, other: Any) -> "Tensor": ...
        def __rmul__(self, other: Any) -> "Tensor": ...
        def __truediv__(self, other: Any) -> "Tensor": ...
        def __rtruediv__(self, other: Any) -> "Tensor": ...
        def __floordiv__(self, other: Any) -> "Tensor": ...
        def __rfloordiv__(self, other: Any) -> "Tensor": ...
        def __pow__(self, other: Any) -> "Tensor": ...
        def __rpow__(self, other: Any) -> "Tensor": ...
        def __matmul__(self, other: Any) -> "Tensor": ...
        def __rmatmul__(self, other: Any) -> "Tensor": ...
        def __neg__(self) -> "Tensor": ...
        def __abs__(self) -> "Tensor": ...
        def __getitem__(self, index: Any) -> "Tensor": ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __lt__(self, other: Any) -> "Tensor": ...
        def __le__(self, other: Any) -> "Tensor": ...
        def __gt__(self, other: Any) -> "Tensor": ...
        def __ge__(self, other: Any) -> "Tensor": ...
        def __and__(self, other: Any) -> "Tensor": ...
        def __or__(self, other: Any) -> "Tensor": ...
        def __xor__(self, other: Any) -> "Tensor": ...
        def __invert__(self) -> "Tensor": ...

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        self.data = data if is_array(data) else np.asarray(data)
        self.grad = None
        self._node = None
        if requires_grad:
            self.requires_grad = True

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension."""
        shape: tuple[int, ...] = self.data.shape
        return shape

    @property
    def ndim(self) -> int:
        """How many dimensions there are."""
        return self.data.ndim

    @property
    def dtype(self) -> "np.dtype[Any]":
        """The type of the elements."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """Where the array lives: 'cpu' or 'cuda:N'."""
        return device_of(self.data)

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        return self._node is None or isinstance(self._node, Leaf)

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded, so that a gradient can reach it."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if value == self.requires_grad:
            return
        if not self.is_leaf:
            raise RuntimeError(
                "requires_grad can only be changed on a leaf; this tensor is the result of "
                f"{self._node.primitive.name}: use x.detach()"  # type: ignore[union-attr]
            )
        if value and not is_floating(self.dtype):
            raise RuntimeError(f"only a floating dtype can require gradients, this one is {self.dtype.name}")
        self._node = Leaf(self) if value else None

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set `requires_grad` in place and return the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def grad_fn(self) -> str | None:
        """The name of the operation that made this tensor, if one was recorded."""
        return None if self.is_leaf else self._node.primitive.name  # type: ignore[union-attr]

    # ------------------------------------------------------------------ leaving minigrad

    def numpy(self) -> Array:
        """The values as a NumPy array, cut off from the graph; on the CPU it shares the tensor's memory."""
        return to_numpy(self.data)

    def item(self) -> float:
        """The value of a one-element tensor as a Python number.

        Raises
        ------
        RuntimeError
            If there is more than one element, or none.
        """
        if self.data.size != 1:
            raise RuntimeError(f"item: expected a tensor with one element, this one has shape {self.shape}")
        return self.data.item()  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """The values as (nested lists of) Python numbers."""
        return self.data.tolist()

    def detach(self) -> "Tensor":
        """The same array in a tensor that no gradient reaches."""
        return Tensor(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack__(self, **options: Any) -> Any:
        return self.data.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.data.__dlpack_device__()

    # ------------------------------------------------------------------ gradients

    def register_hook(self, hook: Callable[["Tensor"], "Tensor | None"]) -> "HookHandle":
        """Call `hook(gradient)` when the complete gradient of this tensor is known.

        Parameters
        ----------
        hook : callable
            Gets the gradient; may return another tensor of the same shape to be used in its place.

        Returns
        -------
        HookHandle
            Its `remove()` takes the hook away again.

        Raises
        ------
        RuntimeError
            If the tensor does not require a gradient.
        """
        if self._node is None:
            raise RuntimeError("register_hook: this tensor requires no gradient, so none will ever arrive")
        if self._node.hooks is None:
            self._node.hooks = {}
        return HookHandle(self._node.hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this intermediate result in `.grad`, as if it were a leaf."""
        if self.is_leaf and self.requires_grad:
            return
        reference = weakref.ref(self)

        def keep(gradient: Tensor) -> None:
            tensor = reference()
            if tensor is not None:
                tensor.grad = gradient if tensor.grad is None else tensor.grad + gradient

        self.register_hook(keep)

    # ------------------------------------------------------------------ Python's protocols

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __bool__(self) -> bool:
        if self.data.size != 1:
            raise RuntimeError(
                f"the truth value of a tensor of shape {self.shape} is ambiguous: use .any() or .all()"
            )
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if is_floating(self.dtype):
            raise TypeError(f"only integer tensors can be used as an index, this one is {self.dtype.name}")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.data.size == 1 and spec else repr(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        if not self.is_leaf:
            raise RuntimeError("only leaf tensors can be deep-copied; use x.detach().clone()")
        copy = type(self).__new__(type(self))
        Tensor.__init__(copy, self.data.copy(), self.requires_grad)
        memo[id(self)] = copy
        if self.grad is not None:
            copy.grad = Tensor(self.grad.data.copy())
        return copy

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise RuntimeError("only leaf tensors can be pickled; use x.detach()")
        return (_rebuild, (type(self), self.numpy(), self.device, self.requires_grad))


def _rebuild(kind: type[Tensor], array: Array, device: str, requires_grad: bool) -> Tensor:
    result = kind.__new__(kind)
    Tensor.__init__(result, to_device(array, device), requires_grad)
    return result


class HookHandle:
    """Removes a hook: see `Tensor.register_hook`."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks = hooks
        self._key = next_order()  # never used twice, unlike id(self)
        hooks[self._key] = hook

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def tensor(data: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A new leaf tensor with a copy of `data`.

    Parameters
    ----------
    data : number, (nested) sequence, Array or Tensor
        Python floats become the default dtype (float32), Python integers int64; arrays keep theirs.
    dtype : dtype, optional
    device : str, optional
        'cpu', 'cuda' or 'cuda:N'; by default where `data` is.
    requires_grad : bool
        Whether gradients are to be collected in `.grad`.

    Raises
    ------
    TypeError
        If `data` cannot be read as numbers.
    ValueError
        If nested sequences have unequal lengths.

    Examples
    --------
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    if isinstance(data, Tensor):
        data = data.data
    if not (is_array(data) or isinstance(data, np.generic)):
        data = _array_of_python(data)
        if dtype is None and data.dtype == np.float64:
            dtype = get_default_dtype()
    array = data.astype(as_dtype(data.dtype if dtype is None else dtype), copy=True)
    return Tensor(
        array if device is None else to_device(np.asarray(array) if np.isscalar(array) else array, device),
        requires_grad,
    )


def _array_of_python(data: Any) -> Array:
    if isinstance(data, (list, tuple)) and any(isinstance(entry, Tensor) for entry in data):
        data = [entry.tolist() if isinstance(entry, Tensor) else entry for entry in data]
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"tensor: nested sequences must have equal lengths ({error})") from None
    if array.dtype.kind not in KIND:
        raise TypeError(f"tensor: cannot read numbers from {type(data).__name__} {data!r:.60}")
    return array


def as_tensor(data: Any, dtype: Any = None, device: str | None = None) -> Tensor:
    """`data` as a tensor, without a copy where it is one already (or an array) of that dtype and device."""
    if isinstance(data, Tensor) and dtype is None and device is None:
        return data
    if is_array(data) and dtype in (None, data.dtype):
        as_dtype(data.dtype)
        return Tensor(data if device is None else to_device(data, device))
    return tensor(data, dtype, device)


from_numpy = as_tensor


class no_grad:
    """Record nothing inside: as a context (`with no_grad():`) or on a function (`@no_grad()`).

    Examples
    --------
    >>> x = tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     y = Tensor(x.data * 3)
    >>> y.requires_grad
    False
    """

    _recording = False

    def __enter__(self) -> None:
        self._before = mode.recording
        mode.recording = self._recording

    def __exit__(self, *_: object) -> None:
        mode.recording = self._before

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, run in this mode."""

        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return inside


class enable_grad(no_grad):
    """Record inside, even within `no_grad`."""

    _recording = True


class set_grad_enabled(no_grad):
    """Switch recording on or off by a flag: at once, and until the end of the block if used in `with`.

    Parameters
    ----------
    recording : bool
    """

    def __init__(self, recording: bool) -> None:
        self._before = mode.recording
        mode.recording = recording

    def __enter__(self) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Not supported: the flag was set when this object was made, not when a function is called."""
        raise TypeError("set_grad_enabled is not a decorator: use no_grad() or enable_grad()")


def is_grad_enabled() -> bool:
    """Whether operations are being recorded now."""
    return mode.recording
