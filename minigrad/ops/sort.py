"""Sorting: the order is found on arrays, the values are gathered, and so gradients find their way back."""

from typing import Any

from minigrad.backend import Array, array_module
from minigrad.ops.extremes import ValuesAndIndices
from minigrad.ops.index import narrow, pick_along
from minigrad.ops.operands import dim_of
from minigrad.tensor import Tensor

__all__ = ["argsort", "sort", "topk"]


def _order(input: Any, dim: int, descending: bool) -> Array:
    """Positions that sort; equal elements keep their order, NaN counts as larger than everything."""
    x = input.data if isinstance(input, Tensor) else input
    xp = array_module(x)
    if x.ndim == 0:
        return xp.zeros((), "int64")  # type: ignore[no-any-return]
    if not descending:
        return xp.argsort(x, axis=dim, kind="stable")  # type: ignore[no-any-return]
    # Backwards, so that equal elements, turned around twice, keep their order.
    order = xp.argsort(xp.flip(x, dim), axis=dim, kind="stable")
    return x.shape[dim] - 1 - xp.flip(order, dim)  # type: ignore[no-any-return]


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The positions along `dim` that would sort the tensor; see `sort`."""
    order = _order(input, dim_of(dim, input.ndim, "argsort"), descending)
    return Tensor(order) if isinstance(input, Tensor) else order


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> ValuesAndIndices:
    """The elements in order along `dim`, and where they were.

    Parameters
    ----------
    input : Tensor
    dim : int
    descending : bool
    stable : bool
        Equal elements keep their order in any case.

    Returns
    -------
    named tuple (values, indices)

    Examples
    --------
    >>> import minigrad as mg
    >>> values, indices = mg.sort(mg.tensor([2.0, 3.0, 1.0]))
    >>> values.tolist(), indices.tolist()
    ([1.0, 2.0, 3.0], [2, 0, 1])
    """
    return _sorted(input, dim_of(dim, input.ndim, "sort"), descending, None)


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesAndIndices:
    """The `k` largest (or smallest) elements along `dim`, and where they were.

    Parameters
    ----------
    input : Tensor
    k : int
    dim : int
    largest : bool
    sorted : bool
        The result is in order in any case.

    Returns
    -------
    named tuple (values, indices)

    Raises
    ------
    RuntimeError
        If there are not so many elements.
    """
    dim = dim_of(dim, input.ndim, "topk")
    size = input.shape[dim] if input.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError(f"topk: k must be between 0 and {size}, the size of dimension {dim}; got {k}")
    return _sorted(input, dim, largest, k)


def _sorted(input: Any, dim: int, descending: bool, k: int | None) -> ValuesAndIndices:
    order = _order(input, dim, descending)
    if k is not None and order.ndim:
        order = narrow(order, dim, 0, k)
    return ValuesAndIndices(
        pick_along(input, order, dim), Tensor(order) if isinstance(input, Tensor) else order
    )
