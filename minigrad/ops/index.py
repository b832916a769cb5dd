"""Indexing: `x[...]`, and the operations that pick elements by their positions.

Two reads and their adjoints do it all. `_slice` reads with integers, slices and None, each element at most
once; its adjoint `_unslice` writes into zeros. `_take` reads with integer arrays, where an element may be
read many times; its adjoint `_scatter` adds into zeros. Each is the derivative of the other, at any order.
"""

from typing import Any

from minigrad.accumulation import Part
from minigrad.backend import Array, array_module
from minigrad.backend.scatter import scatter_sum
from minigrad.engine import primitive
from minigrad.ops.choice import where
from minigrad.ops.indices import Index, along, as_ids, checked, parse
from minigrad.ops.operands import cast, dim_of
from minigrad.ops.shape import _expand, _reshape, broadcast_shapes, flatten
from minigrad.tensor import Tensor

__all__ = [
    "gather", "index_select", "masked_fill", "masked_select", "narrow", "nonzero", "repeat_interleave",
    "select", "take", "take_along_dim",
]  # fmt: skip


def _slice_gradient(g: Any, x_shape: tuple[int, ...], index: Index) -> Any:
    return _unslice(g, x_shape, index) if isinstance(g, Tensor) else Part(g, index)


@primitive(x=_slice_gradient)
def _slice(x: Array, index: Index) -> Array:
    return x[index]


@primitive(g=lambda gg, index: _slice(gg, index))
def _unslice(g: Array, shape: tuple[int, ...], index: Index) -> Array:
    result = array_module(g).zeros(shape, g.dtype)
    result[index] = g
    return result  # type: ignore[no-any-return]


def _take_gradient(g: Any, x_shape: tuple[int, ...], index: Index) -> Any:
    return _scatter(g, x_shape, index)


@primitive(x=_take_gradient)
def _take(x: Array, index: Index) -> Array:
    dims = [i for i, entry in enumerate(index) if not isinstance(entry, slice)]
    if len(dims) == 1:  # half the time of x[index]
        return x.take(index[dims[0]], dims[0])  # type: ignore[no-any-return]
    try:
        return x[index]
    except ValueError as error:  # CuPy's, where NumPy has an IndexError
        raise IndexError(str(error)) from None


@primitive(values=lambda g, index: _take(g, index))
def _scatter(values: Array, shape: tuple[int, ...], index: Index) -> Array:
    return scatter_sum(shape, index, values)


def _array(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else value


# ---------------------------------------------------------------------- x[...]


def getitem(input: Any, index: Any) -> Any:
    """`input[index]`.

    Parameters
    ----------
    input : Tensor
    index : int, slice, None, Ellipsis, boolean or integer tensor, list of numbers, or a tuple of these
        As in NumPy, also with negative steps. Where integers and tensors come together the integers go first,
        as in PyTorch: `x[0, :, ids]` is `x[0][:, ids]`.

    Raises
    ------
    IndexError
        If there are too many indices, one is out of range, or a mask does not fit.
    TypeError
        If the index is none of these.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x[:, 1].tolist(), x[[1, 1, 0], 0].tolist(), x[x > 1].tolist()
    ([2.0, 4.0], [3.0, 3.0, 1.0], [2.0, 3.0, 4.0])
    """
    basic, arrays = parse(index, _array(input), "index")
    return pick(input, basic, arrays)


def pick(input: Any, basic: Index | None, arrays: Index | None) -> Any:
    """`input[basic][arrays]`, the two parts of an index as `parse` makes them."""
    if basic is not None:
        input = _slice(input, basic)
    return input if arrays is None else _take(input, arrays)


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """The `length` elements from `start` on along `dim`.

    Raises
    ------
    IndexError
        If `start` is out of range.
    RuntimeError
        If there are not so many elements.
    """
    dim = dim_of(dim, input.ndim, "narrow")
    if input.ndim == 0:
        raise RuntimeError("narrow: a 0-d tensor has no dimension to narrow")
    size = input.shape[dim]
    if not -size <= start <= size:
        raise IndexError(f"narrow: start {start} is out of range for dimension {dim}, which has size {size}")
    start = start + size if start < 0 else start
    if length < 0 or start + length > size:
        raise RuntimeError(
            f"narrow: {length} elements from {start} on do not fit into size {size} of dimension {dim}"
        )
    return _slice(input, (slice(None),) * dim + (slice(start, start + length),))


def select(input: Any, dim: int, index: int) -> Any:
    """Element number `index` along `dim`, a dimension that the result lacks."""
    return getitem(input, (slice(None),) * dim_of(dim, input.ndim, "select") + (index,))


# ---------------------------------------------------------------------- by position along one dimension


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The entries along `dim` at the positions `index`, in that order.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : integer Tensor of one dimension (or none)

    Raises
    ------
    IndexError
        If a position is out of range, or `index` has too many dimensions.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.index_select(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, mg.tensor([1, 1])).tolist()
    [[2.0, 2.0], [4.0, 4.0]]
    """
    dim = dim_of(dim, input.ndim, "index_select")
    ids = as_ids(index, input, "index_select")
    if ids.ndim > 1:
        raise IndexError(f"index_select: index must have one dimension, got shape {ids.shape}")
    if input.ndim == 0:
        return _reshape(index_select(_reshape(input, (1,)), 0, ids), ())
    return _take(
        input, (slice(None),) * dim + (checked(ids.reshape(-1), input.shape[dim], dim, "index_select"),)
    )


def pick_along(input: Any, ids: Array, dim: int) -> Any:
    """`gather` for an array of positions that are known to fit."""
    return _take(input, along(ids, dim)) if input.ndim else _reshape(input, ids.shape)


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """Elements along `dim`: `out[i, j, k] = input[index[i, j, k], j, k]` for `dim=0`.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : integer Tensor
        Of as many dimensions as `input`; except along `dim`, not larger than it. The result has its shape.
    sparse_grad : bool
        Only False is supported.

    Raises
    ------
    RuntimeError
        If the shape of `index` does not fit.
    IndexError
        If a position is out of range.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.gather(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, mg.tensor([[1], [0]])).tolist()
    [[2.0], [3.0]]
    """
    if sparse_grad:
        raise NotImplementedError("gather: sparse_grad=True is not supported")
    dim = dim_of(dim, input.ndim, "gather")
    ids = as_ids(index, input, "gather")
    if ids.size == 0:
        return _take(flatten(input), (ids.astype("int64"),))
    if input.ndim == 0 or ids.ndim == 0:  # as if each had one dimension
        return _reshape(gather(at_least_1d(input), dim, ids.reshape(ids.shape or (1,))), ids.shape)
    check_fits(ids.shape, input.shape, dim, "gather", "input")
    return pick_along(input, checked(ids, input.shape[dim], dim, "gather"), dim)


def at_least_1d(x: Any) -> Any:
    """A 0-d tensor as one of one dimension."""
    return x if x.ndim else _reshape(x, (1,))


def check_fits(
    index_shape: tuple[int, ...], shape: tuple[int, ...], dim: int | None, name: str, what: str
) -> None:
    """Check that an index has as many dimensions as what it is used on, and is larger along `dim` at most.

    Raises
    ------
    RuntimeError
        If not.
    """
    fits = len(index_shape) == len(shape) and all(
        i == dim or n <= m for i, (n, m) in enumerate(zip(index_shape, shape, strict=True))
    )
    if not fits:
        where_to = "" if dim is None else f" except along dimension {dim}"
        raise RuntimeError(
            f"{name}: an index of shape {index_shape} must not exceed the shape {shape} of {what}{where_to}"
        )


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """`gather` with `input` and `indices` broadcast against each other; without `dim`, both are flattened."""
    ids = as_ids(indices, input, "take_along_dim")
    if dim is None:
        return gather(flatten(input), 0, ids.ravel())
    dim = dim_of(dim, input.ndim, "take_along_dim")
    if ids.ndim != input.ndim:
        raise RuntimeError(
            f"take_along_dim: indices of shape {ids.shape} must have {input.ndim} dimensions, as input has"
        )
    shapes = [(*x.shape[:dim], 1, *x.shape[dim + 1 :]) for x in (input, ids)]
    shape = broadcast_shapes("take_along_dim", *shapes)
    full, ids = (_expand(x, shape[:dim] + x.shape[dim : dim + 1] + shape[dim + 1 :]) for x in (input, ids))
    return gather(full, dim, ids)


def take(input: Any, index: Any) -> Any:
    """Elements of the flattened tensor, in the shape of `index`."""
    ids = as_ids(index, input, "take")
    flat = flatten(input)
    return _take(flat, (checked(ids, flat.shape[0], 0, "take"),))


def repeat_interleave(
    input: Any, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each entry along `dim` repeated.

    Parameters
    ----------
    input : Tensor
    repeats : int or integer Tensor
        How often: all the same, or one number for each entry.
    dim : int, optional
        Without it the tensor is flattened first.
    output_size : int, optional
        The size that must come out.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.repeat_interleave(mg.tensor([1.0, 2.0]), 2).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    if dim is None:
        return repeat_interleave(flatten(input), repeats, 0, output_size=output_size)
    dim = dim_of(dim, input.ndim, "repeat_interleave")
    x = at_least_1d(input)
    size = x.shape[dim]
    if isinstance(repeats, int):
        times = [repeats]
    else:  # Python numbers are what cupy.repeat takes
        times = as_ids(repeats, input, "repeat_interleave").ravel().tolist()
    if len(times) not in (1, size):
        raise RuntimeError(
            f"repeat_interleave: {len(times)} repeats do not fit size {size} of dimension {dim}"
        )
    if min(times, default=0) < 0:
        raise RuntimeError(f"repeat_interleave: repeats must not be negative, got {min(times)}")
    ids = array_module(_array(x)).arange(size).repeat(times[0] if len(times) == 1 else times)
    if output_size not in (None, len(ids)):
        raise RuntimeError(
            f"repeat_interleave: output_size is {output_size}, but the repeats make {len(ids)}"
        )
    return index_select(x, dim, ids)


# ---------------------------------------------------------------------- by mask


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where `mask` is true, in one dimension; the two are broadcast against each other."""
    condition = _mask(mask, "masked_select")
    shape = broadcast_shapes("masked_select", input.shape, condition.shape)
    return getitem(_expand(input, shape), _expand(condition, shape))


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """`input`, with `value` (a number or a 0-d tensor) where `mask` is true.

    Raises
    ------
    RuntimeError
        If `mask` is not boolean, or `value` has dimensions.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> mg.masked_fill(x, x > 1, 0.0).tolist()
    [1.0, 0.0]
    """
    if getattr(value, "ndim", 0):
        raise RuntimeError(f"masked_fill: value must be a number or a 0-d tensor, got shape {value.shape}")
    condition = _mask(mask, "masked_fill")
    return cast(where(condition, value, input), input.dtype)


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The positions of the elements that are not 0, a row for each; `as_tuple`: a tensor per dimension."""
    array = _array(input)
    wrap = Tensor if isinstance(input, Tensor) else lambda x: x
    found = array.nonzero() if array.ndim else array.reshape(1).nonzero()
    if as_tuple:
        return tuple([wrap(ids) for ids in found])
    return wrap(array_module(array).stack(found, 1)[:, : array.ndim])


def _mask(mask: Any, name: str) -> Array:
    condition: Array = _array(mask)
    if getattr(condition, "dtype", None) != "bool":
        raise RuntimeError(
            f"{name}: mask must be a boolean tensor, got {getattr(condition, 'dtype', type(mask).__name__)}"
        )
    return condition
