"""The largest and the smallest: amax, amin, max, min, argmax, argmin."""

from typing import Any, NamedTuple

from minigrad.backend import Array, array_module, is_array
from minigrad.engine import primitive
from minigrad.ops.choice import maximum, minimum
from minigrad.ops.index import pick_along
from minigrad.ops.operands import dim_of
from minigrad.ops.reduce import Dim, Shape, axes_of, kept, sum
from minigrad.ops.shape import _reshape
from minigrad.tensor import Tensor

__all__ = ["amax", "amin", "argmax", "argmin", "max", "min"]


class ValuesAndIndices(NamedTuple):
    """What `max`, `min`, `sort` and `topk` return."""

    values: Any
    indices: Any


def _to_extremes(g: Any, x: Any, y: Any, dims: Shape) -> Any:
    """Equal extremes share the gradient evenly, as in PyTorch."""
    chosen = x == kept(y, x.shape, dims)
    return kept(g, x.shape, dims) / sum(chosen, dims, True) * chosen


@primitive(x=_to_extremes)
def _amax(x: Array, dims: Shape, keepdim: bool) -> Array:
    return x.max(axis=dims, keepdims=keepdim)  # type: ignore[no-any-return]


@primitive(x=_to_extremes)
def _amin(x: Array, dims: Shape, keepdim: bool) -> Array:
    return x.min(axis=dims, keepdims=keepdim)  # type: ignore[no-any-return]


def amax(input: Any, dim: Dim = None, keepdim: bool = False) -> Any:
    """The largest element along the dimensions `dim`, or of all; equal ones share the gradient evenly.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
    keepdim : bool
        Whether the reduced dimensions stay, with size 1.

    Raises
    ------
    IndexError
        If there is nothing to choose from.
    """
    return _amax(input, _nonempty(input, dim, "amax"), keepdim)


def amin(input: Any, dim: Dim = None, keepdim: bool = False) -> Any:
    """The smallest element along the dimensions `dim`, or of all; see `amax`."""
    return _amin(input, _nonempty(input, dim, "amin"), keepdim)


def max(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element; along `dim`, also where it is; of two tensors, the larger of each pair.

    Parameters
    ----------
    input : Tensor
    dim : int or Tensor, optional
        A tensor here makes this `maximum(input, dim)`.
    keepdim : bool
        Whether the reduced dimension stays, with size 1.

    Returns
    -------
    Tensor, or named tuple (values, indices) if `dim` is an integer
        The gradient of `values` goes to the chosen element, the first among equals; that of `max(input)` is
        shared evenly among equals.

    Raises
    ------
    IndexError
        If there is nothing to choose from.

    Examples
    --------
    >>> import minigrad as mg
    >>> values, indices = mg.max(mg.tensor([[1.0, 3.0], [5.0, 2.0]]), 1)
    >>> values.tolist(), indices.tolist()
    ([3.0, 5.0], [1, 0])
    """
    if isinstance(dim, Tensor) or is_array(dim):
        return maximum(input, dim)
    return (
        amax(input, None, keepdim)
        if dim is None
        else _chosen(input, argmax(input, dim, True), dim, keepdim, "max")
    )


def min(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element; along `dim`, also where it is; of two tensors, the smaller of each pair.

    Parameters and results as for `max`.
    """
    if isinstance(dim, Tensor) or is_array(dim):
        return minimum(input, dim)
    return (
        amin(input, None, keepdim)
        if dim is None
        else _chosen(input, argmin(input, dim, True), dim, keepdim, "min")
    )


def _chosen(input: Any, indices: Any, dim: int, keepdim: bool, name: str) -> ValuesAndIndices:
    dim = dim_of(dim, input.ndim, name)
    values = pick_along(input, indices.data if isinstance(indices, Tensor) else indices, dim)
    if keepdim or input.ndim == 0:
        return ValuesAndIndices(values, indices)
    shape = input.shape[:dim] + input.shape[dim + 1 :]
    return ValuesAndIndices(_reshape(values, shape), _reshape(indices, shape))


def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The position of the largest element along `dim` (by default, of all), the first among equals.

    Raises
    ------
    IndexError
        If there is nothing to choose from.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.argmax(mg.tensor([[1.0, 3.0], [5.0, 2.0]]), 1).tolist()
    [1, 0]
    """
    return _position(input, dim, keepdim, "argmax")


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The position of the smallest element; see `argmax`."""
    return _position(input, dim, keepdim, "argmin")


def _position(input: Any, dim: int | None, keepdim: bool, name: str) -> Any:
    dims = _nonempty(input, dim, name)
    x = input.data if isinstance(input, Tensor) else input
    axis = dims[0] if dim is not None and dims else None
    result = array_module(x).asarray(getattr(x, name)(axis=axis))
    if keepdim:
        result = kept(result, x.shape, dims)
    return Tensor(result) if isinstance(input, Tensor) else result


def _nonempty(input: Any, dim: Dim, name: str) -> Shape:
    dims = axes_of(input, dim, name)
    if 0 in [input.shape[i] for i in dims]:
        raise IndexError(
            f"{name}: there is no element to choose from in a tensor of shape {input.shape} along {dims}"
        )
    return dims
