"""What may stand between the brackets of `x[...]`, brought into two steps that arrays understand.

The first step takes integers, slices and None; the second takes integer arrays. NumPy would do both at once,
and treat integers as arrays where there are arrays; PyTorch does not, so x[0, :, [0, 1]] is x[0][:, [0, 1]].
"""

import math
import operator
from collections.abc import Sequence
from typing import Any

from minigrad.backend import Array, array_module, device_of, is_array, to_device
from minigrad.tensor import Tensor

Index = tuple[Any, ...]
_ALL = slice(None)


def parse(index: Any, x: Array, name: str) -> tuple[Index | None, Index | None]:
    """Split the index of `x[index]` so that `x[basic][arrays]` is what it means.

    Parameters
    ----------
    index : anything that may stand between brackets
    x : Array
    name : str
        Of the operation, for messages.

    Returns
    -------
    basic : tuple of int, slice and None, or None
        None if there is nothing of that kind to do.
    arrays : tuple of slice(None) and integer Array, or None
        None if there are no arrays. Their entries are fresh, checked and not negative.

    Raises
    ------
    IndexError
        If there are too many indices, a number is out of range, or a mask does not fit.
    TypeError
        If an entry is none of integer, slice, None, Ellipsis, boolean or integer tensor, list of numbers.
    """
    entries = [_entry(e, x, name) for e in (index if isinstance(index, tuple) else (index,))]
    entries = _without_ellipsis(entries, x, name)
    basic: list[Any] = []
    arrays: list[Any] = []
    axis = 0
    for entry in entries:
        if entry is None:
            basic.append(None)
            arrays.append(_ALL)
        elif isinstance(entry, slice):
            basic.append(entry)
            arrays.append(_ALL)
            axis += 1
        elif isinstance(entry, int):
            _check_range(entry, entry, x.shape[axis], axis, name)
            basic.append(entry)
            axis += 1
        elif entry.dtype.kind == "b":
            if entry.ndim == 0:  # a mask over no dimension: a new one, of size 1 or 0
                basic.append(None)
                arrays.append(array_module(x).zeros(int(entry), "int64"))
                continue
            if entry.shape != x.shape[axis : axis + entry.ndim]:
                raise IndexError(
                    f"{name}: a mask of shape {entry.shape} does not fit {x.shape} from dimension {axis} on"
                )
            basic += [_ALL] * entry.ndim
            arrays += entry.nonzero()
            axis += entry.ndim
        else:
            basic.append(_ALL)
            arrays.append(checked(entry, x.shape[axis], axis, name))
            axis += 1
    if all(isinstance(entry, slice) for entry in arrays):
        return tuple(basic), None
    nothing = all(isinstance(entry, slice) and entry == _ALL for entry in basic)
    return None if nothing else tuple(basic), tuple(arrays)


def checked(ids: Array, size: int, axis: int, name: str) -> Array:
    """A fresh array of the positions `ids` along a dimension, negative ones counted from its end.

    Raises
    ------
    IndexError
        If one is out of range. (CuPy would wrap it around without a word.)
    """
    fresh = ids.astype("int64")
    if fresh.size:
        low = int(fresh.min())
        _check_range(low, int(fresh.max()), size, axis, name)
        if low < 0:
            fresh += size * (fresh < 0)
    return fresh


def _check_range(low: int, high: int, size: int, axis: int, name: str) -> None:
    if low < -size or high >= size:
        wrong = low if low < -size else high
        raise IndexError(f"{name}: {wrong} is out of range for dimension {axis}, which has size {size}")


def _entry(entry: Any, x: Array, name: str) -> Any:
    """One entry as None, Ellipsis, a slice, an int or an array on the device of `x`."""
    if entry is None or entry is Ellipsis or isinstance(entry, slice) or type(entry) is int:
        return entry
    if isinstance(entry, bool):
        return array_module(x).asarray(entry)
    if isinstance(entry, Tensor):
        entry = entry.data
    elif isinstance(entry, Sequence) and not isinstance(entry, str):
        entry = array_module(x).asarray(entry, dtype=None if len(entry) else "int64")
    if not is_array(entry):
        try:
            return operator.index(entry)
        except TypeError:
            raise TypeError(
                f"{name}: expected an integer, slice, None, ..., tensor or list, got {type(entry).__name__}"
            ) from None
    if entry.dtype.kind not in "biu":
        raise IndexError(
            f"{name}: a tensor used as an index must be boolean or integer, got {entry.dtype.name}"
        )
    if entry.ndim == 0 and entry.dtype.kind != "b":
        return int(entry)
    return entry if device_of(entry) != "cpu" else to_device(entry, device_of(x))


def _without_ellipsis(entries: list[Any], x: Array, name: str) -> list[Any]:
    """`...` replaced by as many full slices as are missing."""
    used = sum(
        e.ndim if is_array(e) and e.dtype.kind == "b" else e is not None and e is not Ellipsis
        for e in entries
    )
    if used > x.ndim:
        raise IndexError(f"{name}: {used} indices for a tensor of {x.ndim} dimensions")
    dots = [i for i, e in enumerate(entries) if e is Ellipsis]
    if len(dots) > 1:
        raise IndexError(f"{name}: an index may contain one ellipsis ('...') only")
    for i in dots:
        entries[i : i + 1] = [_ALL] * (x.ndim - used)
    return entries


def as_ids(index: Any, x: Any, name: str) -> Array:
    """An index tensor (or array, or list) as an integer array on the device of `x`.

    Raises
    ------
    TypeError
        If it is none of these.
    IndexError
        If it does not hold integers.
    """
    if not (hasattr(index, "dtype") or isinstance(index, Sequence)):
        raise TypeError(f"{name}: index must be an integer tensor, got {type(index).__name__}")
    array = x.data if isinstance(x, Tensor) else x
    ids = array_module(array).asarray(_entry(index, array, name))
    if ids.dtype.kind == "b":
        raise IndexError(f"{name}: index must be an integer tensor, got bool")
    return ids  # type: ignore[no-any-return]


def along(ids: Array, dim: int) -> Index:
    """The index that reads `x[i, ids[i, j], k]` for `dim=1` and so on: a grid in all dimensions but `dim`."""
    xp = array_module(ids)
    shapes = [[n if i == k else 1 for k in range(ids.ndim)] for i, n in enumerate(ids.shape)]
    grid = [xp.arange(math.prod(shape)).reshape(shape) for shape in shapes]
    return (*grid[:dim], ids, *grid[dim + 1 :])
