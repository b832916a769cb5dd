"""Adding rows into an array at given positions, where a position may come many times."""

import math
from typing import Any

from minigrad.backend.device import Array, array_module
from minigrad.backend.half import rounded, wide
from minigrad.dtypes import is_half

_FEW = 8  # sums still growing; fewer are finished one by one


def scatter_sum(shape: tuple[int, ...], index: tuple[Any, ...], values: Array) -> Array:
    """Zeros of `shape` to which `values` have been added at `index`: the adjoint of `x[index]`.

    Every value counts, however often its position is repeated. The order of summation depends on the index
    alone, so the same call gives the same bits, on a GPU too.

    Parameters
    ----------
    shape : tuple of int
    index : tuple of slice(None) and integer Array
        The arrays hold numbers from 0 on and broadcast together; at least one entry is an array.
    values : Array
        Of the shape of `x[index]`.

    Examples
    --------
    >>> import numpy as np
    >>> scatter_sum((4,), (np.array([2, 0, 2]),), np.array([1.0, 10.0, 100.0])).tolist()
    [10.0, 0.0, 101.0, 0.0]
    """
    indexed = [axis for axis, entry in enumerate(index) if not isinstance(entry, slice)]
    others = [axis for axis in range(len(shape)) if axis not in indexed]
    ids: Any = 0  # the positions as one number, counted in row-major order over the indexed axes
    for axis in indexed:
        ids = ids * shape[axis] + index[axis]

    # The axes of the index arrays stand where the indexed axes were if these are neighbours, else in front.
    neighbours = indexed[-1] - indexed[0] == len(indexed) - 1
    start = indexed[0] if neighbours else 0
    rest = [axis for axis in range(values.ndim) if not start <= axis < start + ids.ndim]
    front = values.transpose([*range(start, start + ids.ndim), *rest])
    sizes, widths = [shape[axis] for axis in indexed], [shape[axis] for axis in others]
    rows = front.reshape(ids.size, math.prod(widths))
    result = sum_rows(ids.ravel(), rows, math.prod(sizes)).reshape(sizes + widths)
    order = indexed + others
    return result.transpose([order.index(axis) for axis in range(len(shape))])


def sum_rows(ids: Array, rows: Array, count: int) -> Array:
    """For each k below `count` the sum of the rows whose id is k.

    Parameters
    ----------
    ids : Array of int, (n,)
    rows : Array, (n, width)
    count : int

    Returns
    -------
    Array, (count, width)
    """
    xp = array_module(rows)
    on_cpu = xp.__name__ == "numpy"
    if is_half(rows.dtype):
        return rounded(sum_rows(ids, wide(rows), count), rows.dtype)
    if on_cpu and rows.shape[1] == 1 and rows.dtype.kind == "f":
        return xp.bincount(ids, rows[:, 0], count).astype(rows.dtype).reshape(count, 1)  # type: ignore[no-any-return]
    result = xp.zeros((count, rows.shape[1]), rows.dtype)
    if ids.size == 0:
        return result  # type: ignore[no-any-return]
    order = xp.argsort(ids, kind="stable")
    heads, sums = (_by_rounds if on_cpu else _by_halves)(ids[order], rows, order)
    result[heads] = sums
    return result  # type: ignore[no-any-return]


def _by_rounds(ids: Array, rows: Array, order: Array) -> tuple[Array, Array]:
    """The distinct ones of the sorted `ids`, and for each the sum of its rows.

    One round adds the second row of every id to its first, the next one the third, and so on, by plain
    additions. Ids with the most rows stand first, so a round works on the front. The last few are finished
    one by one.
    """
    xp = array_module(rows)
    first = xp.flatnonzero(xp.diff(ids, prepend=ids[0] - 1))
    lengths = xp.diff(first, append=ids.size)
    by_length = xp.argsort(-lengths, kind="stable")
    first, lengths = first[by_length], lengths[by_length]
    sums = rows.take(order[first], 0)
    done = 1
    while (growing := int(xp.searchsorted(-lengths, -done))) >= _FEW:
        sums[:growing] += rows.take(order[first[:growing] + done], 0)
        done += 1
    for i in range(growing):
        sums[i] += rows.take(order[first[i] + done : first[i] + lengths[i]], 0).sum(0)
    return ids[first], sums


def _by_halves(ids: Array, rows: Array, order: Array) -> tuple[Array, Array]:
    """The same in few large steps, as a GPU likes it: neighbours are added, then their sums, and so on."""
    xp = array_module(rows)
    rows = rows[order]
    first, end = xp.searchsorted(ids, ids, "left"), xp.searchsorted(ids, ids, "right")
    place = xp.arange(ids.size)
    rank, left = place - first, end - place
    step, longest = 1, int((end - first).max())
    while step < longest:
        receives = (rank % (2 * step) == 0) & (left > step)
        rows[:-step] += xp.where(receives[:-step, None], rows[step:], 0)
        step *= 2
    heads = xp.flatnonzero(rank == 0)
    return ids[heads], rows[heads]
