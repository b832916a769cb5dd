"""Which arrays were written to in place, and when: so that backward never uses a value that has changed.

A derivative keeps arrays of the forward pass. If somebody writes into one of them before backward, the
gradient would be silently wrong. Everything in minigrad that writes in place calls `mutated(array)`, which
notes the array's address range and the number the next node will exceed. At backward, a node that is older
than the last write to memory it saved is refused. Nothing is paid while recording, and views are covered,
for they share addresses. (A raw write, `x.data[0] = 1`, cannot be seen; anomaly mode catches those too.)
"""

import math
from collections.abc import Iterator
from typing import Any

from minigrad.backend import Array, array_module, is_array
from minigrad.graph import Node, next_order

_MOST = 100_000  # addresses remembered; beyond that the oldest are forgotten

_writes: dict[tuple[int, int], int] = {}
last_write = 0  # the engine asks `refuse_if_mutated` only about nodes older than this


def mutated(array: Array) -> None:
    """Note that `array` was written to in place."""
    global last_write
    last_write = next_order()
    span = address_range(array)
    _writes.pop(span, None)  # reinserted at the end: the dict stays sorted by time
    _writes[span] = last_write
    if len(_writes) > _MOST:
        del _writes[next(iter(_writes))]


def refuse_if_mutated(node: Node) -> None:
    """Raise if an array saved by `node` was written to after the node was made.

    Raises
    ------
    RuntimeError
        Naming the operation and the shape of the changed array.
    """
    # An entry younger than the node cannot be a leftover of another array at the same address:
    # the node has kept this memory alive since before the entry was made.
    recent = [span for span, order in _writes.items() if order > node.order]
    for value in arrays_in(node.saved) if recent else ():
        low, high = address_range(value)
        if any(low < end and start < high for start, end in recent):
            raise RuntimeError(
                f"{node.primitive.name}: an array of shape {value.shape} that its derivative needs was "
                "changed in place after the forward pass; compute the gradient first, or change a copy "
                "(x.clone())"
            )


def arrays_in(saved: Any) -> Iterator[Array]:
    """All arrays among the saved values, also those that a fused operation keeps together in a tuple."""
    for value in saved:
        if is_array(value):
            yield value
        elif isinstance(value, tuple):
            yield from arrays_in(value)


def address_range(array: Any) -> tuple[int, int]:
    """Where the elements of `array` lie in memory: the first byte, and the one after the last."""
    start = array.ctypes.data if array_module(array).__name__ == "numpy" else array.data.ptr
    low = high = int(start)
    for size, stride in zip(array.shape, array.strides, strict=True):
        if stride < 0:
            low += (size - 1) * stride
        else:
            high += (size - 1) * stride
    return (low, high + array.itemsize) if math.prod(array.shape) else (0, 0)
