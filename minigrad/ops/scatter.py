"""Writing and adding at positions: scatter, scatter_add, index_add, index_put. All return a new tensor."""

from collections.abc import Sequence
from typing import Any

from minigrad.backend import Array
from minigrad.engine import primitive
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.index import _scatter, _slice, _unslice, at_least_1d, check_fits, pick
from minigrad.ops.indices import Index, along, as_ids, checked, parse
from minigrad.ops.operands import cast, dim_of, like
from minigrad.ops.shape import _reshape, expand, reshape
from minigrad.tensor import Tensor

__all__ = ["index_add", "index_put", "scatter", "scatter_add"]


def _x_gradient(g: Any, basic: Index | None, arrays: Index | None) -> Any:
    return put(g, like(0.0, g), basic, arrays)


def _value_gradient(g: Any, value_shape: tuple[int, ...], basic: Index | None, arrays: Index | None) -> Any:
    part = pick(g, basic, arrays)
    # A value may have more dimensions than its place, of size 1 in front.
    return reshape(part, (1,) * (len(value_shape) - part.ndim) + part.shape)


@primitive(x=_x_gradient, value=_value_gradient)
def put(x: Array, value: Array, basic: Index | None, arrays: Index | None) -> Array:
    """A copy of `x` with `value` at `[basic][arrays]`, the two parts of an index as `parse` makes them."""
    result = x.copy()
    write(result, value, basic, arrays)
    return result


def write(x: Array, value: Array, basic: Index | None, arrays: Index | None) -> None:
    """`x[basic][arrays] = value`, in place."""
    if arrays is None:
        x[(*(basic or ()), ...)] = value  # with the dots one element is an array too, and takes shape (1,)
    else:
        (x if basic is None else x[basic])[arrays] = value


# ---------------------------------------------------------------------- along one dimension


def scatter(input: Any, dim: int, index: Any, src: Any, *, reduce: str | None = None) -> Any:
    """`input` with `out[index[i, j, k], j, k] = src[i, j, k]` for `dim=0`.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : integer Tensor
        Not larger than `src`, nor, except along `dim`, than `input`. If a position comes twice the last value
        stays, and the gradient of `src` is right only if none does.
    src : Tensor or number
    reduce : {None, 'add'}
        'add' is `scatter_add`.

    Raises
    ------
    RuntimeError
        If shapes do not fit.
    IndexError
        If a position is out of range.
    NotImplementedError
        For any other `reduce`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.scatter(mg.zeros(2, 2), 1, mg.tensor([[1], [0]]), 5.0).tolist()
    [[0.0, 5.0], [5.0, 0.0]]
    """
    if reduce not in (None, "add"):
        raise NotImplementedError(f"scatter: reduce={reduce!r} is not supported, only 'add'")
    if reduce == "add":
        return scatter_add(input, dim, index, src)
    x, where, values = _aimed("scatter", input, dim, index, src)
    return _reshape(put(x, values, None, where), input.shape)


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """`input` with `out[index[i, j, k], j, k] += src[i, j, k]` for `dim=0`; repeated positions all count.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : integer Tensor
        Not larger than `src`, nor, except along `dim`, than `input`.
    src : Tensor

    Raises
    ------
    RuntimeError
        If shapes do not fit.
    IndexError
        If a position is out of range.
    """
    if is_autocasting():
        return autocasting("scatter_add", scatter_add, input, dim, index, src)
    if not hasattr(src, "dtype"):
        raise TypeError(f"scatter_add: src must be a tensor, got {type(src).__name__}")
    x, where, values = _aimed("scatter_add", input, dim, index, src)
    return _reshape(x + _scatter(values, x.shape, where), input.shape)


def _aimed(name: str, input: Any, dim: int, index: Any, src: Any) -> tuple[Any, Index, Any]:
    """The input (of at least one dimension), the index for its elements, and the values that belong there."""
    dim = dim_of(dim, input.ndim, name)
    ids = at_least_1d(as_ids(index, input, name))
    x = at_least_1d(input)
    if ids.size == 0:
        ids = ids.reshape((0,) * x.ndim)
    check_fits(ids.shape, x.shape, dim, name, "input")
    where = along(checked(ids, x.shape[dim], dim, name), dim)
    if not hasattr(src, "dtype"):
        return x, where, like(src, x)
    src = at_least_1d(src)
    check_fits(ids.shape, src.shape, None, name, "src")
    if src.dtype != x.dtype:
        raise RuntimeError(
            f"{name}: src has dtype {src.dtype.name}, input {x.dtype.name}; they must be the same"
        )
    return x, where, _slice(src, tuple([slice(n) for n in ids.shape]))


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    """`input` with `out[:, index[j]] += alpha * source[:, j]` for `dim=1`; repeated positions all count.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : integer Tensor of one dimension
        As long as `source` along `dim`.
    source : Tensor
        Of the shape of `input`, except along `dim`.
    alpha : float

    Raises
    ------
    RuntimeError
        If shapes do not fit.
    IndexError
        If a position is out of range, or `index` has too many dimensions.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.index_add(mg.zeros(3), 0, mg.tensor([2, 0, 2]), mg.tensor([1.0, 10.0, 100.0])).tolist()
    [10.0, 0.0, 101.0]
    """
    dim = dim_of(dim, input.ndim, "index_add")
    ids = at_least_1d(as_ids(index, input, "index_add"))
    if ids.ndim > 1:
        raise IndexError(f"index_add: index must have one dimension, got shape {ids.shape}")
    x, values = at_least_1d(input), at_least_1d(source)
    if values.shape != (*x.shape[:dim], ids.size, *x.shape[dim + 1 :]):
        raise RuntimeError(
            f"index_add: source of shape {source.shape} does not fit an input of shape {input.shape} "
            f"with {ids.size} positions along dimension {dim}"
        )
    where = (slice(None),) * dim + (checked(ids, x.shape[dim], dim, "index_add"),)
    added = _scatter(values if alpha == 1 else values * alpha, x.shape, where)
    return _reshape(x + cast(added, x.dtype), input.shape)


# ---------------------------------------------------------------------- at any index


def index_put(input: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    """`input` with `values` at `input[indices]`.

    Parameters
    ----------
    input : Tensor
    indices : tuple of (integer or boolean Tensor, or None)
        None stands for a whole dimension.
    values : Tensor or number
        Broadcast to the shape of `input[indices]`.
    accumulate : bool
        Add instead of replacing; repeated positions then all count. Otherwise the last value stays, and the
        gradient of `values` is right only if no position is repeated.

    Raises
    ------
    IndexError
        If a position is out of range, or a mask does not fit.
    RuntimeError
        If `values` do not broadcast, or have another dtype than `input`.
    """
    if is_autocasting():
        return autocasting("index_put", index_put, input, indices, values, accumulate)
    array = input.data if isinstance(input, Tensor) else input
    basic, arrays = parse(tuple([slice(None) if i is None else i for i in indices]), array, "index_put")
    values = like(values, input) if not hasattr(values, "dtype") else values
    if values.dtype != array.dtype:
        raise RuntimeError(
            f"index_put: values are {values.dtype.name}, input is {array.dtype.name}; they must be the same"
        )
    if not accumulate:
        return put(input, values, basic, arrays)
    if arrays is None:
        raise IndexError(
            "index_put: accumulate=True needs an integer or boolean tensor of at least one dimension"
        )
    part = array if basic is None else array[basic]
    added = _scatter(expand(values, part[arrays].shape), part.shape, arrays)
    return input + (added if basic is None else _unslice(added, array.shape, basic))
