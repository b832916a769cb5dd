"""Where gradients meet: each node collects what comes back to it from everything it was used for.

The one place where gradients are added up, where a broadcast is undone, and where a dtype is restored. Sums
reuse memory wherever nobody else can see it, because a new array costs more than the addition.
"""

import heapq
import math
import sys
from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.half import wide
from minigrad.graph import Leaf, Node, Shape
from minigrad.mutation import mutated
from minigrad.tensor import Tensor


def deliver(node: Node, g: Any, source: Any, heap: list[tuple[int, Node]]) -> None:
    """Add `g` to what `node` has collected; the first arrival is adopted without a copy.

    `source` is the gradient that `g` was computed from: a rule that returns it unchanged has made nothing
    new, and neither has one that returns a view of it.
    """
    pending = node.pending
    if g.shape != node.shape or g.dtype is not node.dtype:
        if node.shape is None:  # a leaf whose tensor nobody holds any more
            return
        if not isinstance(g, Part):
            g = _fitted(g, node.shape, node.dtype)
        elif pending is None or isinstance(pending, Tensor) or not (node.owned and _is_private(pending)):
            g = g.whole(node.shape, node.dtype)
        else:
            pending[g.index] += g.data
            return
    if pending is None:
        node.pending = g
        node.owned = g is not source
        heapq.heappush(heap, (-node.order, node))
    elif isinstance(g, Tensor) or isinstance(pending, Tensor):
        node.pending = pending + g
    elif node.owned and _is_private(pending):
        node.pending += g
    elif g is not source and _is_private(g):  # new itself: as good a place for the sum
        g += pending
        node.pending, node.owned = g, True
    else:
        node.pending, node.owned = pending + g, True


class Part:
    """A gradient that is `data` at an index and zero elsewhere: what a slice hands to what it was cut from.

    The parts of one array (query, key and value, say) are then written to their places in one gradient,
    where each would have to be filled up with zeros first, and all be added.

    Parameters
    ----------
    data : Array
    index : tuple of int, slice and None
    """

    __slots__ = ("data", "index")
    shape = None
    dtype = "that of a part"  # of no node: so `deliver` sees every part

    def __init__(self, data: Array, index: Any) -> None:
        self.data = data
        self.index = index

    def whole(self, shape: Shape, dtype: Any) -> Array:
        """The gradient with its zeros."""
        result = array_module(self.data).zeros(shape, dtype)
        result[self.index] = self.data
        return result  # type: ignore[no-any-return]


def _is_private(g: Any) -> bool:
    """Whether `g` is no view, or the only view of an array that nobody else holds.

    The second is how images in channels-last memory come: as transposed views of what a kernel made. A view
    that shows one element many times is none of these.
    """
    base = g.base
    if base is None:
        return True
    alone = sys.getrefcount(base) == 3  # held by g, by `base`, and for the call
    return alone and g.size == base.size and getattr(g.flags, "writeable", True)


def _fitted(g: Any, shape: Shape, dtype: Any) -> Any:
    if g.shape != shape:
        g = unbroadcast(g, shape)
    if g.dtype != dtype:
        g = g.to(dtype) if isinstance(g, Tensor) else g.astype(dtype)
    return g


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum `g` (array or Tensor) over the axes along which a value of `shape` had been repeated.

    Raises
    ------
    RuntimeError
        If `shape` does not broadcast to the shape of `g`: some rule has a wrong shape.

    Examples
    --------
    >>> import numpy as np
    >>> unbroadcast(np.ones((5, 2, 3)), (2, 1)).tolist()
    [[15.0], [15.0]]
    """
    extra = g.ndim - len(shape)
    if extra < 0 or any(size not in (1, given) for size, given in zip(shape, g.shape[extra:], strict=True)):
        raise RuntimeError(
            f"a derivative rule gave a gradient of shape {g.shape} for an input of shape {shape}"
        )
    repeated = tuple(i for i in range(g.ndim) if i < extra or (shape[i - extra] == 1 and g.shape[i] != 1))
    if not repeated:
        return g.reshape(shape)
    if not isinstance(g, Tensor):
        g = wide(g)  # a sum of many halves
    if repeated == tuple(range(len(repeated))) and not isinstance(g, Tensor) and g.dtype.itemsize >= 4:
        # The gradient of a bias: as a product with ones it takes a third of the time that `sum` takes.
        rows = g.reshape(math.prod(g.shape[: len(repeated)]), math.prod(g.shape[len(repeated) :]))
        return (array_module(g).ones(len(rows), g.dtype) @ rows).reshape(shape)
    return g.sum(repeated).reshape(shape)


def accumulate(leaf: Leaf, g: Any, owned: bool) -> None:
    """Add `g` to `.grad` of the leaf's tensor; adopt it, if it is `owned` and nobody else sees it."""
    tensor = leaf.tensor()
    if tensor is None:
        return
    if isinstance(g, Tensor):
        tensor.grad = g if tensor.grad is None else tensor.grad + g
    elif tensor.grad is None:
        tensor.grad = Tensor(g if owned and _is_private(g) else g.copy())
    elif tensor.grad.requires_grad:  # somebody differentiates through it: do not write into it
        tensor.grad = tensor.grad + Tensor(g)
    else:
        tensor.grad.data += g
        mutated(tensor.grad.data)
