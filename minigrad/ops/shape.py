"""Operations that rearrange elements without changing them.

Most of these are a reshape, a permutation or an expansion. The gradient of a reshape is a reshape, that of a
permutation the inverse one, that of an expansion a sum, which the engine takes.
"""

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module
from minigrad.engine import primitive
from minigrad.ops.operands import dim_of, dims_of
from minigrad.tensor import Tensor

__all__ = [
    "broadcast_to", "contiguous", "expand", "expand_as", "flatten", "flip", "moveaxis", "movedim", "permute",
    "repeat", "reshape", "reshape_as", "roll", "squeeze", "swapaxes", "swapdims", "t", "tile", "transpose",
    "unflatten", "unsqueeze", "view", "view_as",
]  # fmt: skip

_SMALL = 4096  # elements; below, np.broadcast_to costs more than writing the result

# ---------------------------------------------------------------------- the three that do the work


@primitive(x=lambda g, x_shape: reshape(g, x_shape))
def _reshape(x: Array, shape: tuple[int, ...]) -> Array:
    return x.reshape(shape)


@primitive(x=lambda g, dims: permute(g, [dims.index(i) for i in range(len(dims))]))
def _permute(x: Array, dims: tuple[int, ...]) -> Array:
    return x.transpose(dims)


@primitive(x=lambda g: g)
def _expand(x: Array, shape: tuple[int, ...]) -> Array:
    xp = array_module(x)
    if math.prod(shape) > _SMALL:
        return xp.broadcast_to(x, shape)  # type: ignore[no-any-return]
    result = xp.empty(shape, x.dtype)
    result[...] = x
    return result  # type: ignore[no-any-return]


# ---------------------------------------------------------------------- reshapes


def reshape(input: Any, shape: int | Sequence[int], *more: int) -> Any:
    """The same elements, in row-major order, in another shape.

    Parameters
    ----------
    input : Tensor
    shape : sequence of int
        `reshape(x, 2, 3)` is accepted as well.
        One size may be -1: whatever makes the number of elements right.

    Raises
    ------
    RuntimeError
        If the number of elements differs.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.reshape(mg.tensor([1.0, 2.0, 3.0, 4.0]), (2, -1)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    sizes = _sizes("reshape", shape, *more)
    if min(sizes, default=0) < -1:
        raise RuntimeError(f"reshape: sizes must be >= 0, or -1 for one of them; got {sizes}")
    return _reshape(input, sizes)


def view(input: Any, shape: int | Sequence[int], *more: int) -> Any:
    """`reshape`, under the name that PyTorch code uses; unlike there, any memory layout will do."""
    return reshape(input, shape, *more)


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions from `start_dim` to `end_dim` (included) as one.

    Raises
    ------
    RuntimeError
        If `start_dim` comes after `end_dim`.
    """
    start, end = dim_of(start_dim, input.ndim, "flatten"), dim_of(end_dim, input.ndim, "flatten")
    if start > end:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    shape = input.shape
    return _reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """One dimension as several, of the given sizes (one of which may be -1)."""
    dim = dim_of(dim, input.ndim, "unflatten")
    new = list(_sizes("unflatten", sizes))
    if -1 in new:
        known = math.prod([n for n in new if n != -1])
        new[new.index(-1)] = input.shape[dim] // max(known, 1)
    if math.prod(new) != input.shape[dim]:
        raise RuntimeError(
            f"unflatten: sizes {tuple(sizes)} do not multiply to size {input.shape[dim]} of dimension {dim}"
        )
    return _reshape(input, (*input.shape[:dim], *new, *input.shape[dim + 1 :]))


def unsqueeze(input: Any, dim: int) -> Any:
    """A new dimension of size 1 at position `dim`."""
    dim = dim_of(dim, input.ndim + 1, "unsqueeze")
    return _reshape(input, (*input.shape[:dim], 1, *input.shape[dim:]))


def squeeze(input: Any, dim: int | Sequence[int] | None = None) -> Any:
    """Without the dimensions of size 1: all of them, or those among `dim`.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.zeros(2, 1, 3, 1)
    >>> mg.squeeze(x).shape, mg.squeeze(x, 1).shape, mg.squeeze(x, 0).shape
    ((2, 3), (2, 3, 1), (2, 1, 3, 1))
    """
    dims = tuple(range(input.ndim)) if dim is None else _listed(dim, input.ndim, "squeeze")
    return _reshape(input, tuple([n for i, n in enumerate(input.shape) if n != 1 or i not in dims]))


def reshape_as(input: Any, other: Any) -> Any:
    """`reshape` to the shape of `other`."""
    return _reshape(input, other.shape)


view_as = reshape_as


# ---------------------------------------------------------------------- permutations


def permute(input: Any, dims: int | Sequence[int], *more: int) -> Any:
    """The dimensions in another order.

    Parameters
    ----------
    input : Tensor
    dims : sequence of int
        Which dimension of `input` comes first, second, ...; each exactly once.

    Raises
    ------
    RuntimeError
        If `dims` does not name every dimension exactly once.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.permute(mg.zeros(2, 3, 4), (2, 0, 1)).shape
    (4, 2, 3)
    """
    order = _sizes("permute", dims, *more)
    if len(order) != input.ndim:
        raise RuntimeError(f"permute: dims={order} must name each of the {input.ndim} dimensions once")
    return _permute(input, dims_of(order, input.ndim, "permute"))


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged."""
    first, second = dim_of(dim0, input.ndim, "transpose"), dim_of(dim1, input.ndim, "transpose")
    order = list(range(input.ndim))
    if order:
        order[first], order[second] = second, first
    return _permute(input, tuple(order))


swapaxes = swapdims = transpose


def t(input: Any) -> Any:
    """A matrix transposed; tensors of fewer dimensions stay what they are.

    Raises
    ------
    RuntimeError
        If there are more than two dimensions.
    """
    if input.ndim > 2:
        raise RuntimeError(f"t: expected at most 2 dimensions, got shape {input.shape}; use mT or transpose")
    return _permute(input, tuple(reversed(range(input.ndim))))


def T(input: Any) -> Any:
    """All dimensions in reversed order."""
    return _permute(input, tuple(reversed(range(input.ndim))))


def mT(input: Any) -> Any:
    """The last two dimensions exchanged.

    Raises
    ------
    RuntimeError
        If there are fewer than two.
    """
    if input.ndim < 2:
        raise RuntimeError(f"mT: expected at least 2 dimensions, got shape {input.shape}")
    return transpose(input, -2, -1)


def movedim(input: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """The dimensions `source` moved to the positions `destination`; the others keep their order.

    Raises
    ------
    RuntimeError
        If the two have different lengths, or name a dimension twice.
    """
    sources, destinations = (_listed(dims, input.ndim, "movedim") for dims in (source, destination))
    if len(sources) != len(destinations):
        raise RuntimeError(f"movedim: source {source} and destination {destination} have different lengths")
    order = [i for i in range(input.ndim) if i not in sources]
    for position, dim in sorted(zip(destinations, sources, strict=True)):
        order.insert(position, dim)
    return _permute(input, tuple(order) if input.ndim else ())


moveaxis = movedim


# ---------------------------------------------------------------------- expansions


def expand(input: Any, size: int | Sequence[int], *more: int) -> Any:
    """Dimensions of size 1 repeated to the given sizes, and new ones put in front.

    Parameters
    ----------
    input : Tensor
    size : sequence of int
        -1 keeps a dimension as it is.

    Raises
    ------
    RuntimeError
        If a dimension is neither 1 nor of the wanted size.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.expand(mg.tensor([[1.0], [2.0]]), 2, 3).tolist()
    [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    """
    wanted = _sizes("expand", size, *more)
    new = len(wanted) - input.ndim
    if new < 0 or -1 in wanted[:new]:
        raise RuntimeError(f"expand: sizes {wanted} do not fit a tensor of shape {input.shape}")
    return _expand(input, tuple([input.shape[i - new] if n == -1 else n for i, n in enumerate(wanted)]))


def broadcast_to(input: Any, shape: Sequence[int]) -> Any:
    """`expand` to `shape`."""
    return expand(input, shape)


def expand_as(input: Any, other: Any) -> Any:
    """`expand` to the shape of `other`."""
    return expand(input, other.shape)


def broadcast_shapes(name: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which all of `shapes` can be expanded.

    Raises
    ------
    RuntimeError
        If there is none, in the name of the operation.
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(
            f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast together"
        ) from None


def repeat(input: Any, repeats: int | Sequence[int], *more: int) -> Any:
    """The whole tensor repeated along each dimension.

    Parameters
    ----------
    input : Tensor
    repeats : sequence of int
        How often, for every dimension; further ones in front make new dimensions.

    Raises
    ------
    RuntimeError
        If there are fewer sizes than dimensions, or negative ones.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.tensor([1.0, 2.0]).repeat(2, 2).tolist()
    [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]
    """
    times = _sizes("repeat", repeats, *more)
    if len(times) < input.ndim or min(times, default=0) < 0:
        raise RuntimeError(
            f"repeat: expected a number >= 0 for each of the {input.ndim} dimensions at least, got {times}"
        )
    shape = (1,) * (len(times) - input.ndim) + input.shape
    # (a, b) -> (1, a, 1, b) -> (m, a, n, b) -> (m * a, n * b)
    apart = _reshape(input, tuple([size for n in shape for size in (1, n)]))
    repeated = _expand(apart, tuple([size for pair in zip(times, shape, strict=True) for size in pair]))
    return _reshape(repeated, tuple([m * n for m, n in zip(times, shape, strict=True)]))


def tile(input: Any, dims: int | Sequence[int], *more: int) -> Any:
    """`repeat`, with missing sizes in front taken as 1."""
    times = _sizes("tile", dims, *more)
    return repeat(input, (1,) * (input.ndim - len(times)) + times)


# ---------------------------------------------------------------------- order and memory


@primitive(x=lambda g, dims: flip(g, dims))
def _flip(x: Array, dims: tuple[int, ...]) -> Array:
    return array_module(x).flip(x, dims)  # type: ignore[no-any-return]


def flip(input: Any, dims: int | Sequence[int], *more: int) -> Any:
    """The elements in reversed order along the given dimensions (integers, or one sequence of them)."""
    return _flip(input, _listed(_sizes("flip", dims, *more), input.ndim, "flip")) if input.ndim else input


@primitive(x=lambda g, shifts, dims: roll(g, [-n for n in shifts], dims))
def _roll(x: Array, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Array:
    return array_module(x).roll(x, shifts, dims)  # type: ignore[no-any-return]


def roll(input: Any, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Any:
    """The elements shifted along dimensions; what leaves at the end comes in again at the front.

    Parameters
    ----------
    input : Tensor
    shifts : int or sequence of int
    dims : int or sequence of int, optional
        One for each shift; without them the tensor is rolled as if it were flattened.

    Raises
    ------
    RuntimeError
        If there are not as many shifts as dimensions.
    """
    if dims is None:
        return _reshape(roll(flatten(input), shifts, 0), input.shape)
    steps = _sizes("roll", shifts)
    axes = tuple([dim_of(dim, input.ndim, "roll") for dim in _sizes("roll", dims)])
    if len(steps) != len(axes):
        raise RuntimeError(f"roll: as many shifts as dims are needed, got shifts={shifts} and dims={dims}")
    return _roll(input, steps, axes) if input.ndim else input


@primitive(x=lambda g: g)
def _contiguous(x: Array) -> Array:
    return array_module(x).ascontiguousarray(x)  # type: ignore[no-any-return]


def contiguous(input: Any) -> Any:
    """The tensor with its elements in row-major order in memory; itself if they are already."""
    array = input.data if isinstance(input, Tensor) else input
    return input if array.flags.c_contiguous else _contiguous(input)


# ---------------------------------------------------------------------- arguments


def _sizes(name: str, first: int | Sequence[int], *more: int) -> tuple[int, ...]:
    """`f(x, 2, 3)` and `f(x, (2, 3))` alike as (2, 3)."""
    given = first if isinstance(first, Sequence) and not more else (first, *more)
    try:
        return tuple([operator.index(n) for n in given])  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: expected integers or one sequence of them, got {given!r:.80}") from None


def _listed(dims: int | Sequence[int], ndim: int, name: str) -> tuple[int, ...]:
    """Like `dims_of`, but an empty sequence means no dimension at all."""
    return () if isinstance(dims, Sequence) and not dims else dims_of(dims, ndim, name)
