"""Operations of the user's own, as in PyTorch: a class with a forward and a backward.

    class Cube(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x * x * g

    y = Cube.apply(x)

The backward is written with Tensors, so it can be differentiated again.
"""

import weakref
from collections.abc import Sequence
from typing import Any

from minigrad.backend import array_module
from minigrad.dtypes import is_floating
from minigrad.graph import Node, is_recording
from minigrad.tensor import Tensor, no_grad


class Context:
    """What a Function's forward leaves for its backward; any attribute may be set on it besides.

    Attributes
    ----------
    needs_input_grad : tuple of bool
        For each argument of `apply`, whether its gradient is wanted.
    """

    needs_input_grad: tuple[bool, ...]

    def __init__(self) -> None:
        self._to_save: tuple[Any, ...] = ()
        self._constant: set[int] = set()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors (inputs, outputs, others, or None) for backward."""
        self._to_save = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say that these outputs carry no gradient."""
        self._constant = {id(tensor) for tensor in tensors}

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What `save_for_backward` was given."""
        return tuple(_restored(array, find_node()) for array, find_node in self._saved)

    def _link(self, args: Sequence[Any], outputs: Sequence[Tensor], nodes: Sequence[Node]) -> None:
        """Remember for each saved tensor its array and where it stands in the graph.

        The tensors themselves would close a circle (tensor, node, context, tensor); a weak reference to an
        output's node suffices, for the node is alive whenever backward passes through it.
        """
        places: dict[int, Any] = {
            id(arg): (lambda node=arg._node: node) for arg in args if isinstance(arg, Tensor)
        }
        places |= {id(output): weakref.ref(node) for output, node in zip(outputs, nodes, strict=True)}
        self._saved = [
            (None if t is None else t.data, places.get(id(t), lambda: None)) for t in self._to_save
        ]
        self._to_save = ()


def _restored(array: Any, node: Node | None) -> Tensor | None:
    if array is None:
        return None
    tensor = Tensor(array)
    tensor._node = node
    return tensor


class Function:
    """Base class of the user's own operations; see the module's text."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        """Compute the result from Tensors (and other arguments); nothing is recorded meanwhile."""
        raise NotImplementedError("a Function must define forward(ctx, ...) as a static method")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return the gradient (or None) for each argument of forward, given that of each output."""
        raise NotImplementedError("a Function must define backward(ctx, g) as a static method")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward, and record it if any argument requires a gradient.

        Raises
        ------
        TypeError
            If forward returns something other than a Tensor or a tuple of Tensors.
        """
        context = Context()
        parents = [arg._node if isinstance(arg, Tensor) else None for arg in args]
        recorded = is_recording() and any(node is not None for node in parents)
        context.needs_input_grad = tuple(node is not None for node in parents)
        with no_grad():
            returned = cls.forward(context, *args)
        outputs = returned if isinstance(returned, tuple) else (returned,)
        if not all(isinstance(output, Tensor) for output in outputs):
            raise TypeError(
                f"{cls.__name__}.forward must return a Tensor or a tuple of Tensors, "
                f"got {type(returned).__name__}"
            )
        results = tuple(Tensor(output.data) for output in outputs)
        if recorded:
            call = Node(_Call(cls, [output.data for output in outputs]), parents, (), None, None)
            nodes = [
                Node(_Output(cls, i), (call,), (), out.shape, out.dtype) for i, out in enumerate(outputs)
            ]
            context._link(args, outputs, nodes)
            call.saved = (context, *[array for array, _ in context._saved])
            for output, result, node in zip(outputs, results, nodes, strict=True):
                if is_floating(output.dtype) and id(output) not in context._constant:
                    result._node = node
        return results if isinstance(returned, tuple) else results[0]


class _Parts:
    """The gradient of a call: an entry for each output that has one. The engine sums it like an array."""

    shape = dtype = base = None

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __iadd__(self, other: "_Parts") -> "_Parts":
        for i, g in other.parts.items():
            self.parts[i] = self.parts[i] + g if i in self.parts else g
        return self


class _Output:
    """The operation that picks one output of a call."""

    def __init__(self, cls: type[Function], index: int) -> None:
        self.name = cls.__name__
        self.index = index

    def gradients(self, node: Node, g: Any, floor: int) -> list[Any]:
        return [_Parts({self.index: g})]


class _Call:
    """The operation that runs a Function's backward."""

    def __init__(self, cls: type[Function], outputs: list[Any]) -> None:
        self.name = cls.__name__
        self.function = cls
        self.like = [(array_module(array), array.shape, array.dtype) for array in outputs]

    def gradients(self, node: Node, g: _Parts, floor: int) -> list[Any]:
        given = [
            g.parts.get(i) if i in g.parts else xp.zeros(shape, dtype)
            for i, (xp, shape, dtype) in enumerate(self.like)
        ]
        differentiable = any(isinstance(part, Tensor) for part in g.parts.values())
        returned = self.function.backward(
            node.saved[0], *[part if isinstance(part, Tensor) else Tensor(part) for part in given]
        )
        results = returned if isinstance(returned, tuple) else (returned,)
        parents = node.parents or ()
        if len(results) != len(parents):
            raise RuntimeError(
                f"{self.name}.backward must return a gradient (or None) for each of {len(parents)} "
                f"arguments, got {len(results)}"
            )
        for result in results:
            if result is not None and not isinstance(result, Tensor):
                raise TypeError(
                    f"{self.name}.backward must return Tensors or None, got {type(result).__name__}"
                )
        # A view, because the array may be one that the user saved or returns twice: the engine never writes
        # into views.
        return [
            None if result is None or parent is None else result if differentiable else result.data[...]
            for result, parent in zip(results, parents, strict=True)
        ]
