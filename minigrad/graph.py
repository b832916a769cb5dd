"""The record that an operation leaves behind, and the switches that say whether it leaves one.

A `Tensor` is an array plus (perhaps) a `Node`. The node knows which operation made the array, the nodes
it was made from, and what its derivative needs; it does not hold the array itself, so results that no
derivative needs are freed as soon as the user lets go of them.
"""

import itertools
import weakref
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

Shape = tuple[int, ...]

# Each node takes the next number. A result is always younger than what it was made from, so falling
# numbers are a topological order of every graph: no sorting, no recursion, any depth.
next_order = itertools.count(1).__next__


class Node:
    """One recorded operation.

    Attributes
    ----------
    primitive : Primitive or None
        The operation; None for a leaf.
    parents : sequence of (Node or None), or None
        The node of each differentiable input (None: no gradient wanted). None once freed by `backward`.
    saved : tuple
        What the derivative asked to keep.
    order : int
        Creation number.
    shape, dtype
        Of the operation's result, and so of its gradient.
    pending : Array, Tensor or None
        The gradient summed so far, while a backward pass runs.
    owned : bool
        Whether `pending` is an array that nobody else can see, and may be added to in place.
    hooks : dict of callables or None
        Functions that see (and may replace) the complete gradient.
    made_at : str
        The user's line that made it; recorded in anomaly mode only.
    """

    __slots__ = (  # noqa: RUF023 (in the order of the text above)
        "primitive", "parents", "saved", "order", "shape", "dtype",
        "pending", "owned", "hooks", "made_at", "__weakref__",
    )  # fmt: skip

    primitive: Any
    parents: "Sequence[Node | None] | None"
    saved: tuple[Any, ...]
    order: int
    shape: Shape | None
    dtype: Any
    pending: Any
    owned: bool
    hooks: dict[int, Callable[[Any], Any]] | None
    made_at: str

    def __init__(
        self,
        primitive: Any,
        parents: "Sequence[Node | None]",
        saved: tuple[Any, ...],
        shape: Shape | None,
        dtype: Any,
    ) -> None:
        self.primitive = primitive
        self.parents = parents
        self.saved = saved
        self.shape = shape
        self.dtype = dtype
        self.order = next_order()
        self.pending = None
        self.owned = False
        self.hooks = None


class Leaf(Node):
    """The node of a tensor that the user marked with requires_grad: gradients end here, in `tensor.grad`.

    It refers to its tensor weakly (the tensor holds the leaf; a strong reference back would keep both alive
    until the garbage collector runs), and takes shape and dtype from it, since `.data` may be replaced.
    """

    __slots__ = ("tensor",)

    def __init__(self, tensor: Any) -> None:
        self.tensor = weakref.ref(tensor)
        self.primitive = None
        self.parents = ()
        self.saved = ()
        self.order = next_order()
        self.pending = None
        self.owned = False
        self.hooks = None

    @property
    def shape(self) -> Shape | None:  # type: ignore[override]
        """Of the tensor's array; None if nobody holds the tensor any more."""
        tensor = self.tensor()
        return None if tensor is None else tensor.data.shape

    @property
    def dtype(self) -> "np.dtype[Any] | None":
        """Of the tensor's array; None if nobody holds the tensor any more."""
        tensor = self.tensor()
        return None if tensor is None else tensor.data.dtype


# Each thread has its own value; a ContextVar is read three times as fast as a threading.local.
_recording = ContextVar("recording", default=True)
_watching = ContextVar("watching", default=False)
_autocasting: ContextVar[Any] = ContextVar("autocasting", default=None)
is_recording = _recording.get
is_watching = _watching.get
is_autocasting = _autocasting.get


class _Mode:
    @property
    def recording(self) -> bool:
        """Whether operations leave a node behind; see `no_grad`."""
        return is_recording()

    @recording.setter
    def recording(self, value: bool) -> None:
        _recording.set(value)

    @property
    def anomaly(self) -> bool:
        """Whether every result is checked for NaN; see `detect_anomaly`."""
        return is_watching()

    @anomaly.setter
    def anomaly(self, value: bool) -> None:
        _watching.set(value)

    @property
    def autocast(self) -> Any:
        """The casts that operations ask for (`minigrad.ops.autocast.Casts`), or None; see `autocast`."""
        return is_autocasting()

    @autocast.setter
    def autocast(self, value: Any) -> None:
        _autocasting.set(value)


mode = _Mode()
