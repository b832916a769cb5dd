"""Where the time goes: every operation and every layer, forward and backward, with its time and memory.

    with mg.profile() as p:
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
    print(p)

Nothing in the library asks whether it is being watched. All work goes through a few methods (`__call__` and
`gradients` of operations, `__call__` of modules); while a profile is active their classes have timed ones in
their place, and afterwards the originals again. So a profile that is off costs nothing.

Timed calls are nested, and each is a `Span`. A span begins inside another one, takes over its layer and its
phase unless it knows better, and adds its time to that of the other when it ends. What an operation calls is
part of that operation: the two convolutions in the derivative of a convolution are no rows of their own.
"""

import weakref
from collections.abc import Callable, Iterable
from functools import partial
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

from minigrad.backend import synchronize
from minigrad.mutation import address_range, arrays_in
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.profile_report import Row

_watched: list[tuple[type, str]] = []
_active: "profile | None" = None


def watch(owner: type, method: str) -> None:
    """Let profiles show the calls of a method, also where a subclass overrides it, under the object's class.

    Parameters
    ----------
    owner : type
    method : str

    Examples
    --------
    >>> class Camera:
    ...     def picture(self):
    ...         return 0
    >>> watch(Camera, "picture")
    >>> with profile() as p:
    ...     _ = Camera().picture()
    >>> [row.name for row in p.rows()]
    ['Camera.picture']
    """
    _watched.append((owner, method))


class Span:
    """One call of something that is timed.

    Attributes
    ----------
    name : str
        Of the operation, or the class of the module.
    kind : {'operation', 'part', 'layer', 'region', 'profile'}
        A part is what an operation calls; a region is a watched method, or the engine's backward pass; the
        profile itself is the span that holds all others.
    phase : {'forward', 'backward', 'other'}
        Other is what belongs to neither, such as an optimizer's step.
    layer : tuple of str
        The class of the outermost module, then the path in it: ('ResNet', 'layer1', '0', 'conv1'). A
        derivative has the layer of the call that it is the derivative of.
    start, stop : float
        Times of `time.perf_counter`.
    inner : float
        Seconds spent in the spans directly inside.
    nbytes : int
        Size of an operation's result, in a forward pass.
    saved : int
        Bytes that the call keeps for the backward pass, without those that an earlier call keeps already.
        Parameters of modules do not count: they are there anyway.
    """

    __slots__ = ("inner", "kind", "layer", "name", "nbytes", "paths", "phase", "saved", "start", "stop")

    def __init__(
        self, name: str, kind: str, phase: str, layer: tuple[str, ...], paths: dict[Any, Any]
    ) -> None:
        self.name = name
        self.kind = kind
        self.phase = phase
        self.layer = layer
        self.paths = paths  # of the modules inside the outermost one that is being called
        self.inner = 0.0
        self.nbytes = self.saved = 0
        self.start = self.stop = perf_counter()

    @property
    def seconds(self) -> float:
        """From the beginning of the call to its end."""
        return self.stop - self.start

    @property
    def own(self) -> float:
        """The same without the spans inside."""
        return self.seconds - self.inner


class profile:
    """Record the time and memory of everything that runs inside, by operation and by layer.

    Only the thread that entered is watched. A GPU is waited for after each operation, so that the time is
    that of the operation that spent it; on the CPU a profile adds a few microseconds to each call.

    Attributes
    ----------
    spans : list of Span
        All calls, in the order in which they began; the first is the profile itself.

    Raises
    ------
    RuntimeError
        If another profile is active.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
    >>> with mg.profile() as p:
    ...     model(mg.ones(2, 4)).sum().backward()
    >>> [(row.name, row.calls, row.backward_calls) for row in sorted(p.rows(), key=lambda row: row.name)]
    [('engine', 0, 1), ('linear', 1, 1), ('relu', 1, 1), ('sum', 1, 1)]
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._thread: int | None = None

    # ------------------------------------------------------------------ in and out

    def __enter__(self) -> Self:
        global _active
        from minigrad import engine
        from minigrad.function import Function, _Call
        from minigrad.nn import Module
        from minigrad.ops.join import _Cat

        if _active is not None:
            raise RuntimeError("profile: another profile is active, and only one can be at a time")
        _active = self
        self._replaced: list[tuple[Any, str, Any]] = []
        self._layers: dict[int, tuple[str, ...]] = {}  # by the number of a node: where it was made
        self._keepers: dict[tuple[int, int], weakref.ref[Any]] = {}  # by addresses: the node that saved
        operations: list[type] = [engine.Primitive, engine.Fused, _Cat]
        for kind in operations:
            self._time(kind, "__call__", self._operation, self._note)
        for kind in (*operations, _Call):
            self._time(kind, "gradients", self._derivative)
        self._time(Function, "apply", self._function, self._note_function)
        self._time(Module, "__call__", self._module)
        for name in ("backward", "gradients_of"):
            self._replace(engine, name, self._timed(getattr(engine, name), self._backward))
        for owner, method in _watched:
            self._time(owner, method, partial(self._region, method))
        self._thread = get_ident()
        synchronize()  # what a GPU still has to do is not ours
        self.spans = [Span("profile", "profile", "forward", (), {})]
        self._stack = self.spans.copy()
        return self

    def __exit__(self, *_: object) -> None:
        global _active
        self.spans[0].stop = perf_counter()
        self._thread = None  # whoever still holds a timed method gets the original one
        for owner, name, original in reversed(self._replaced):
            setattr(owner, name, original)
        _active = None

    def _time(self, owner: type, name: str, begin: Callable[..., Span], note: Any = None) -> None:
        for kind in _family(owner):
            original = vars(kind).get(name)
            if isinstance(original, classmethod):
                self._replace(kind, name, classmethod(self._timed(original.__func__, begin, note)))
            elif original is not None:
                self._replace(kind, name, self._timed(original, begin, note))

    def _replace(self, owner: Any, name: str, new: Any) -> None:
        self._replaced.append((owner, name, vars(owner)[name]))
        setattr(owner, name, new)

    def _timed(self, original: Callable[..., Any], begin: Callable[..., Span], note: Any = None) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if get_ident() != self._thread:
                return original(*args, **kwargs)
            span = begin(*args, **kwargs)
            self.spans.append(span)
            self._stack.append(span)
            span.start = perf_counter()
            try:
                result = original(*args, **kwargs)
                synchronize()
            finally:
                span.stop = perf_counter()
                self._stack.pop()
                self._stack[-1].inner += span.stop - span.start
            if note is not None:
                note(span, result)
            return result

        return call

    # ------------------------------------------------------------------ what begins

    def _span(
        self, name: str, kind: str, phase: str | None = None, layer: Any = None, paths: Any = None
    ) -> Span:
        outer = self._stack[-1]
        return Span(
            name,
            "part" if outer.kind in ("operation", "part") else kind,
            phase or outer.phase,
            outer.layer if layer is None else layer,
            outer.paths if paths is None else paths,
        )

    def _operation(self, operation: Any, *_: Any, **__: Any) -> Span:
        return self._span(operation.name, "operation")

    def _derivative(self, operation: Any, node: Any, *_: Any, **__: Any) -> Span:
        return self._span(operation.name, "operation", "backward", self._layers.get(node.order, ()))

    def _function(self, function: type, *_: Any) -> Span:
        return self._span(function.__name__, "operation")

    def _backward(self, *_: Any, **__: Any) -> Span:
        return self._region_span("engine", "backward")

    def _region(self, method: str, owner: Any, *_: Any, **__: Any) -> Span:
        return self._region_span(f"{type(owner).__name__}.{method.strip('_')}", "other")

    def _region_span(self, name: str, phase: str) -> Span:
        return self._span(name, "region", phase, (*self._stack[-1].layer, name))

    def _module(self, module: Any, *_: Any, **__: Any) -> Span:
        outer = self._stack[-1]
        phase = "backward" if outer.phase == "backward" else "forward"
        paths, name = outer.paths, type(module).__name__
        if module not in paths:  # the outermost one
            base = (*outer.layer, name)
            paths = {m: base + tuple(path.split(".") if path else ()) for path, m in module.named_modules()}
            for parameter in module.parameters():
                self._new_bytes([parameter.data], parameter)
        return self._span(name, "layer", phase, paths[module], paths)

    # ------------------------------------------------------------------ what came out

    def _note(self, span: Span, result: Any) -> None:
        for y in result if isinstance(result, tuple) else (result,):
            span.nbytes += getattr(y.data if isinstance(y, Tensor) else y, "nbytes", 0)
            if isinstance(y, Tensor) and y._node is not None:
                self._note_node(span, y._node)
        if span.kind == "part":
            self._stack[-1].saved += span.saved

    def _note_function(self, span: Span, result: Any) -> None:
        for y in result if isinstance(result, tuple) else (result,):
            if y._node is not None:  # it only picks one output of the node behind it, which saves
                self._note_node(span, y._node.parents[0])
        self._note(span, result)

    def _note_node(self, span: Span, node: Any) -> None:
        self._layers[node.order] = span.layer
        span.saved += self._new_bytes(arrays_in(node.saved), node)

    def _new_bytes(self, arrays: Iterable[Any], keeper: Any) -> int:
        total = 0
        for array in arrays:
            place = address_range(array)
            known = self._keepers[place]() if place in self._keepers else None
            if known is None or getattr(known, "parents", ()) is None:  # nobody, or a node that let go of it
                self._keepers[place] = weakref.ref(keeper)
                total += min(array.nbytes, place[1] - place[0])  # an expanded view holds less than it shows
        return total

    # ------------------------------------------------------------------ what to see

    @property
    def total(self) -> float:
        """Seconds between entering and leaving, or until now."""
        if not self.spans:
            return 0.0
        return (self.spans[0].stop if self._thread is None else perf_counter()) - self.spans[0].start

    def rows(self, by: str = "operation") -> "list[Row]":
        """What was recorded, summed up by operation or by layer; the most expensive comes first.

        Parameters
        ----------
        by : {'operation', 'layer'}

        Returns
        -------
        list of Row

        Raises
        ------
        ValueError
            If `by` is something else.
        """
        from minigrad.profile_report import rows

        return rows(self, by)

    def table(self, by: str = "operation", top: int = 20) -> str:
        """The rows as a text for the eye; what is in none of them is the line `elsewhere`.

        Parameters
        ----------
        by : {'operation', 'layer'}
        top : int
            How many rows are shown.

        Raises
        ------
        ValueError
            If `by` is something else.
        """
        from minigrad.profile_report import table

        return table(self, by, top)

    def to_json(self, path: Any) -> None:
        """Write every span to a file in the Chrome trace format, for chrome://tracing or ui.perfetto.dev.

        Parameters
        ----------
        path : str or Path
        """
        from minigrad.profile_report import write_trace

        write_trace(self, path)

    def flame(self, path: Any) -> None:
        """Draw where the time went: widths are times, layers stand above what they call.

        Parameters
        ----------
        path : str or Path
            Its suffix says the format: .png, .svg or .pdf.
        """
        from minigrad.profile_picture import draw

        draw(self, path)

    def __str__(self) -> str:
        return self.table()


def _family(kind: type) -> set[type]:
    """A class and all that inherit from it."""
    children: list[type] = kind.__subclasses__()
    return {kind}.union(*map(_family, children))
