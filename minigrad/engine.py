"""Operations that know their derivative, and the backward pass through a graph of them.

An operation is a function of raw arrays with one rule for each differentiable input:

    @primitive(a=lambda g, b: g * b, b=lambda g, a: g * a)
    def mul(a, b):
        return a * b

A rule gets the gradient `g` of the result and, by name, whatever else it asks for: an input (`b`), the result
(`y`), the shape of an input (`a_shape`) or a plain argument. What rules ask for is what the node saves.

Rules are written with operations that take raw arrays and Tensors alike. The backward pass hands them raw
arrays, which is fast; with `create_graph` it hands them Tensors, so the same line records a graph and second
derivatives come for free. Broadcasting, dtypes, sums and errors are the engine's business, never a rule's.
"""

import heapq
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minigrad import anomaly, mutation
from minigrad.accumulation import accumulate, deliver
from minigrad.backend import Array, array_module, device_of
from minigrad.graph import Node, is_autocasting, is_recording, is_watching, mode
from minigrad.mutation import mutated as mutated
from minigrad.tensor import Tensor, enable_grad, no_grad

Rule = Callable[..., Any]


class Primitive:
    """A differentiable operation on arrays; see the module's text. Made by `primitive`."""

    def __init__(self, forward: Callable[..., Array], rules: dict[str, Rule]) -> None:
        names = _parameters(forward)
        if list(rules) != names[: len(rules)]:
            raise TypeError(f"{forward.__name__}: rules {list(rules)} must be for its first inputs {names}")
        self.name = forward.__name__.strip("_")
        self.__doc__ = forward.__doc__
        self.forward = forward
        self.inputs = len(rules)

        # Every value a rule can ask for has a position: arguments first, then the result, then input shapes.
        position = {name: i for i, name in enumerate([*names, "y"])}
        self.result = position["y"]
        wanted = {name: _parameters(rule)[1:] for name, rule in rules.items()}
        shapes = [name for name in names if any(f"{name}_shape" in wants for wants in wanted.values())]
        self.shapes_of = [position[name] for name in shapes]
        position |= {f"{name}_shape": self.result + 1 + i for i, name in enumerate(shapes)}
        self.saves = sorted({position[want] for wants in wanted.values() for want in wants})
        self.keep = _picker(self.saves)
        self.rules = [
            (rules[name], _picker([self.saves.index(position[w]) for w in wanted[name]])) for name in rules
        ]

    def __call__(self, *args: Any) -> Any:
        """Run on arrays and plain arguments; the result is an array, or a Tensor if an input is one."""
        values = list(args)
        nodes: list[Node | None] = [None] * self.inputs
        plain = True
        for i in range(self.inputs):
            value = args[i]
            if isinstance(value, Tensor):
                plain = False
                values[i] = value.data
                nodes[i] = value._node
        if plain:
            return self.forward(*values)
        try:
            y = self.forward(*values)
        except (ValueError, TypeError, IndexError) as error:
            raise explained(error, self.name, values[: self.inputs]) from error
        return finished(self, values, nodes, y)

    def gradients(self, node: Node, g: Any, floor: int) -> list[Any]:
        """The gradient for each parent of `node` that is no older than `floor`; None for the others."""
        saved: Sequence[Any] = node.saved
        if isinstance(g, Tensor):
            saved = [
                self._as_tensor(node, source, value) for source, value in zip(self.saves, saved, strict=True)
            ]
        results = []
        for parent, (rule, pick) in zip(node.parents, self.rules):  # type: ignore[arg-type]  # noqa: B905 (speed)
            results.append(None if parent is None or parent.order < floor else rule(g, *pick(saved)))
        return results

    def _as_tensor(self, node: Node, source: int, value: Any) -> Any:
        """A saved array with its place in the graph, as create_graph needs it."""
        if source == self.result:
            return _tensor_of(value, node)
        if source < self.inputs and not isinstance(value, (int, float)):
            return _tensor_of(value, (node.parents or ())[source])
        return value


def finished(operation: Primitive, values: Sequence[Any], nodes: Sequence[Node | None], y: Any) -> Tensor:
    """The result `y` of an operation as a Tensor, with a node if anything recorded led to it."""
    if y.ndim == 0:  # NumPy's 0-d results come as scalars
        y = array_module(y, *values).asarray(y)
    result = new_tensor(Tensor)
    result.data = y
    result.grad = None
    result._node = None
    for node in nodes:
        if node is not None:
            if is_recording():
                known = (*values, y)
                if operation.shapes_of:
                    known += tuple([values[i].shape for i in operation.shapes_of])
                result._node = Node(operation, nodes, operation.keep(known), y.shape, y.dtype)
            break
    if is_watching():
        anomaly.check_forward(operation.name, values[: operation.inputs], y, result._node)
    return result


new_tensor = Tensor.__new__  # for an array that is one for sure, faster than Tensor(array)


def _parameters(function: Callable[..., Any]) -> list[str]:
    # inspect.signature would cost a third of the time of `import minigrad`.
    code = getattr(function, "__wrapped__", function).__code__
    return list(code.co_varnames[: code.co_argcount])


def _picker(positions: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """A fast function that picks these positions of a sequence, as a tuple."""
    if len(positions) == 0:
        return lambda values: ()
    if len(positions) == 1:
        only = positions[0]
        return lambda values: (values[only],)
    return operator.itemgetter(*positions)


def primitive(**rules: Rule) -> Callable[[Callable[..., Array]], Callable[..., Any]]:
    """Make an operation of a function of arrays, given a rule for each of its first (differentiable) inputs.

    Examples
    --------
    >>> import numpy as np
    >>> @primitive(x=lambda g, x: 3 * x * x * g)
    ... def cube(x):
    ...     return x * x * x
    >>> x = Tensor(np.array(2.0), requires_grad=True)
    >>> y = cube(x)
    >>> backward([y._node], [np.array(1.0)])
    >>> x.grad.item()
    12.0
    """
    return lambda forward: Primitive(forward, rules)


class Fused:
    """An operation with a hand-written backward for speed, and a composite twin that defines it.

    Parameters
    ----------
    forward : callable
        `forward(*args) -> (y, extra)` on arrays; `extra` is whatever else `backward` wants kept.
    backward : callable
        `backward(g, needs, extra, *args) -> gradients`, one for each of the first `inputs` arguments;
        `needs` says for which of them a gradient is wanted (None may be returned for the others).
    twin : callable
        The same function written with other operations. It serves create_graph, and tests hold the two equal.
    inputs : int
        How many leading arguments are differentiable.
    """

    def __init__(
        self, forward: Callable[..., Any], backward: Callable[..., Any], twin: Callable[..., Any], inputs: int
    ) -> None:
        self.name = forward.__name__.strip("_")
        self.__doc__ = forward.__doc__
        self.forward = forward
        self.backward = backward
        self.twin = twin
        self.inputs = inputs

    def __call__(self, *args: Any) -> Any:
        """Run on arrays and plain arguments; the result is an array, or a Tensor if an input is one."""
        inputs = args[: self.inputs]
        values = tuple([a.data if isinstance(a, Tensor) else a for a in inputs]) + args[self.inputs :]
        try:
            y, extra = self.forward(*values)
        except (ValueError, TypeError, IndexError) as error:
            raise explained(error, self.name, values[: self.inputs]) from error
        if not any([isinstance(a, Tensor) for a in inputs]):  # noqa: C419 (speed)
            return y
        result = Tensor(y)
        nodes = tuple([a._node if isinstance(a, Tensor) else None for a in inputs])
        if is_recording() and any([node is not None for node in nodes]):  # noqa: C419 (speed)
            result._node = Node(self, nodes, (extra, *values), result.data.shape, result.data.dtype)
        if is_watching():
            anomaly.check_forward(self.name, values[: self.inputs], result.data, result._node)
        return result

    def gradients(self, node: Node, g: Any, floor: int) -> Sequence[Any]:
        """The gradient for each parent of `node` that is no older than `floor`; None for the others."""
        parents = node.parents or ()
        needs = tuple([parent is not None and parent.order >= floor for parent in parents])
        extra, *values = node.saved
        if not isinstance(g, Tensor):
            results = self.backward(g, needs, extra, *values)
            return [result if need else None for result, need in zip(results, needs, strict=True)]
        # The twin starts from fresh tensors of the same values and is differentiated from g alone; what
        # comes out depends on the inputs through the twin's own record, joined to theirs by an identity.
        linked = [_tensor_of(v, p) if p is not None else v for v, p in zip(values, parents, strict=False)]
        starts = [identity(v) if p is not None else v for v, p in zip(linked, parents, strict=True)]
        y = self.twin(*starts, *values[self.inputs :])
        wanted: list[Any] = [start._node for start, need in zip(starts, needs, strict=True) if need]
        found = iter(gradients_of([y._node], [g], wanted, create_graph=True))
        return [next(found) if need else None for need in needs]


@primitive(x=lambda g: g)
def identity(x: Array) -> Array:
    """`x` itself, as a new node of the graph."""
    return x


# ---------------------------------------------------------------------- the backward pass


def backward(
    roots: Sequence[Node], gradients: Sequence[Any], *, retain_graph: bool = False, create_graph: bool = False
) -> None:
    """Add the gradient of the roots, weighted by `gradients`, to `.grad` of every leaf behind them."""
    _run(roots, gradients, None, 0, retain_graph, create_graph)


def gradients_of(
    roots: Sequence[Node],
    gradients: Sequence[Any],
    inputs: Sequence[Node],
    *,
    retain_graph: bool = True,
    create_graph: bool = False,
) -> list[Any]:
    """The gradient for each node of `inputs`, None where no root depends on it; no `.grad` changes."""
    found: dict[Node, Any] = dict.fromkeys(inputs)
    floor = min((node.order for node in inputs), default=0)
    _run(roots, gradients, found, floor, retain_graph, create_graph)
    return [found[node] for node in inputs]


def _run(
    roots: Sequence[Node],
    gradients: Sequence[Any],
    found: dict[Node, Any] | None,
    floor: int,
    retain_graph: bool,
    create_graph: bool,
) -> None:
    """Visit nodes from the youngest to the oldest; each passes its gradient on to its parents.

    With `found`, gradients of these nodes are written there and leaves are left alone; nodes older than
    `floor` (the oldest of them) cannot lead there and are not visited.
    """
    heap: list[tuple[int, Node]] = []
    push, pop = heapq.heappush, heapq.heappop
    parent: Any  # a node, wherever the result for it is not None
    for node, g in zip(roots, gradients, strict=True):
        deliver(node, g, g, heap)  # the caller's array: not ours to add to
    watching, casts = is_watching(), is_autocasting()
    if casts is not None:
        mode.autocast = None  # the forward pass has settled the dtypes
    try:
        with enable_grad() if create_graph else no_grad():
            while heap:
                node = pop(heap)[1]
                g, owned = node.pending, node.owned
                node.pending = None
                if node.hooks:
                    g, owned = _call_hooks(node, g), False
                if found is not None and node in found:
                    found[node] = g
                    owned = False
                primitive = node.primitive
                if primitive is None:
                    if found is None:
                        accumulate(node, g, owned)  # type: ignore[arg-type]
                    continue
                parents = node.parents
                if parents is None:
                    raise RuntimeError(
                        f"backward reached the result of {primitive.name}, whose graph has been freed by an "
                        "earlier backward: call that with retain_graph=True, or repeat the forward pass"
                    )
                if mutation.last_write > node.order:
                    mutation.refuse_if_mutated(node)
                results = primitive.gradients(node, g, floor)
                if watching:
                    anomaly.check_backward(node, g, results)
                for parent, result in zip(parents, results):  # noqa: B905 (speed)
                    if result is None:
                        continue
                    # `deliver` written out for the usual case: a first gradient that fits.
                    if (
                        parent.pending is None
                        and result.shape == parent.shape
                        and result.dtype is parent.dtype
                    ):
                        parent.pending = result
                        parent.owned = result is not g
                        push(heap, (-parent.order, parent))
                    else:
                        deliver(parent, result, g, heap)
                if not retain_graph:
                    node.parents, node.saved = None, ()
    finally:
        if casts is not None:
            mode.autocast = casts
        for _, node in heap:  # only after an error: leave no half sums behind
            node.pending = None


def _call_hooks(node: Node, g: Any) -> Any:
    given = g if isinstance(g, Tensor) else Tensor(g)
    for hook in list((node.hooks or {}).values()):
        changed = hook(given)
        if changed is not None:
            if not isinstance(changed, Tensor) or changed.shape != given.shape:
                raise RuntimeError(
                    f"a hook must return None or a tensor of shape {given.shape}, not {changed!r:.80}"
                )
            given = changed
    return given if isinstance(g, Tensor) else given.data


def _tensor_of(value: Any, node: Node | None) -> Tensor:
    result = Tensor(value)
    result._node = node
    return result


def explained(error: Exception, name: str, values: Iterable[Any]) -> Exception:
    """The same error, saying which operation met it on what; shape errors become PyTorch's RuntimeError."""
    arrays = [value for value in values if hasattr(value, "dtype")]
    devices = sorted({device_of(array) for array in arrays})
    if len(devices) > 1:
        return RuntimeError(
            f"{name}: expected all tensors on one device, got {' and '.join(devices)}; use x.to(device)"
        )
    given = ", ".join(f"{array.dtype.name} {array.shape}" for array in arrays)
    kind = RuntimeError if type(error) is ValueError else type(error)
    return kind(f"{name}: {error} (given {given})")


def xp_of(*values: Any) -> Any:
    """The array module for a mix of arrays and Tensors."""
    return array_module(*[value.data if isinstance(value, Tensor) else value for value in values])
