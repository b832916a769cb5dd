"""Gradients on demand: `backward`, which collects them in the leaves, and `grad`, which returns them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import engine
from minigrad.backend import array_module
from minigrad.graph import Node
from minigrad.tensor import Tensor

Tensors = Tensor | Sequence[Tensor]


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Add the gradient of `tensors` to `.grad` of every leaf they were made from.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
    grad_tensors : Tensor or sequence of (Tensor or None), optional
        What each result is weighted by, of the result's shape; for a one-element result it may be left
        out (1).
    retain_graph : bool, optional
        Keep what the graph saved, so that it can be used again. By default, as `create_graph`.
    create_graph : bool
        Record the backward pass too, so that the gradients can be differentiated.
    inputs : Tensor or sequence of Tensor, optional
        Only these collect gradients.

    Raises
    ------
    RuntimeError
        If a result does not require a gradient, has several elements and no weight, or its graph is freed.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0], requires_grad=True)
    >>> backward((x * x).sum())
    >>> x.grad.tolist()
    [2.0, 4.0]
    """
    nodes, weights = _roots(_listed(tensors), _listed(grad_tensors), create_graph, "backward")
    retain = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        engine.backward(nodes, weights, retain_graph=retain, create_graph=create_graph)
        return
    targets = _listed(inputs)
    found = engine.gradients_of(
        nodes, weights, _nodes(targets, "backward"), retain_graph=retain, create_graph=create_graph
    )
    for target, g in zip(targets, found, strict=True):
        if g is not None:
            g = g if isinstance(g, Tensor) else Tensor(g.copy())
            target.grad = g if target.grad is None else target.grad + g


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    *,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradient of `outputs` for each of `inputs`, as new tensors; no `.grad` changes.

    Parameters
    ----------
    outputs, inputs : Tensor or sequence of Tensor
    grad_outputs : Tensor or sequence of (Tensor or None), optional
        What each output is weighted by; for a one-element output it may be left out (1).
    retain_graph : bool, optional
        Keep what the graph saved, so that it can be used again. By default, as `create_graph`.
    create_graph : bool
        Record the backward pass too, so that the result can be differentiated.
    allow_unused : bool, optional
        Give None for an input that no output depends on, instead of refusing it.
    materialize_grads : bool
        Give zeros instead of None.

    Raises
    ------
    RuntimeError
        If an input does not require a gradient, or the outputs do not depend on it.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor(3.0, requires_grad=True)
    >>> (first,) = grad(x**3, x, create_graph=True)
    >>> (second,) = grad(first, x)
    >>> first.item(), second.item()
    (27.0, 18.0)
    """
    targets = _listed(inputs)
    nodes, weights = _roots(_listed(outputs), _listed(grad_outputs), create_graph, "grad")
    retain = create_graph if retain_graph is None else retain_graph
    found = engine.gradients_of(
        nodes, weights, _nodes(targets, "grad"), retain_graph=retain, create_graph=create_graph
    )
    results: list[Any] = []
    for i, (target, g) in enumerate(zip(targets, found, strict=True)):
        if g is None and materialize_grads:
            g = array_module(target.data).zeros_like(target.data)
        if g is None and not allow_unused:
            raise RuntimeError(
                f"grad: the outputs do not depend on input {i} (shape {target.shape}); "
                "pass allow_unused=True to get None for it"
            )
        results.append(g if g is None or isinstance(g, Tensor) else Tensor(g))
    return tuple(results)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _nodes(tensors: list[Tensor], name: str) -> list[Node]:
    for i, tensor in enumerate(tensors):
        if tensor._node is None:
            raise RuntimeError(
                f"{name}: input {i} (shape {tensor.shape}) does not require a gradient; "
                "set requires_grad=True before using it"
            )
    return [tensor._node for tensor in tensors if tensor._node is not None]


def _roots(
    outputs: list[Tensor], weights: list[Any], create_graph: bool, name: str
) -> tuple[list[Node], list[Any]]:
    if len(weights) == 1 and weights[0] is None:
        weights = [None] * len(outputs)
    if len(weights) != len(outputs):
        raise RuntimeError(f"{name}: got {len(outputs)} outputs but {len(weights)} gradients for them")
    nodes, gradients = [], []
    for output, weight in zip(outputs, weights, strict=True):
        if not isinstance(output, Tensor):
            raise TypeError(f"{name}: expected a Tensor, got {type(output).__name__}")
        if output._node is None:
            raise RuntimeError(
                f"{name}: this tensor (shape {output.shape}) does not require a gradient: none of the values "
                "it was made from has requires_grad=True, or it was made under no_grad"
            )
        nodes.append(output._node)
        gradients.append(_weight(output, weight, create_graph, name))
    return nodes, gradients


def _weight(output: Tensor, weight: Any, create_graph: bool, name: str) -> Any:
    if weight is None:
        if output.data.size != 1:
            raise RuntimeError(
                f"{name}: the gradient can be left out only for a one-element result, this one has shape "
                f"{output.shape}; pass a gradient of that shape, or reduce it first (x.sum())"
            )
        ones = array_module(output.data).ones_like(output.data)
        return Tensor(ones) if create_graph else ones
    given = weight if isinstance(weight, Tensor) else Tensor(np.asarray(weight, output.dtype))
    if given.shape != output.shape:
        raise RuntimeError(
            f"{name}: the gradient for a result of shape {output.shape} must have that shape, "
            f"got {given.shape}"
        )
    return given if create_graph else given.data
