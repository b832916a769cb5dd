"""Operations on any number of tensors (cat, stack, ...), and those that take a tensor apart (split, ...)."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from minigrad import anomaly
from minigrad.dtypes import result_type
from minigrad.engine import explained, xp_of
from minigrad.graph import Node, is_recording, is_watching
from minigrad.ops.index import getitem, narrow, select
from minigrad.ops.operands import cast, dim_of
from minigrad.ops.shape import _expand, _reshape, broadcast_shapes, transpose, unsqueeze
from minigrad.tensor import Tensor

__all__ = [
    "broadcast_tensors", "cat", "chunk", "concat", "concatenate", "hstack", "meshgrid", "split", "stack",
    "tensor_split", "unbind", "vstack",
]  # fmt: skip


class _Cat:
    """Concatenation, as an operation for the engine: like a `Primitive`, but with any number of inputs."""

    name = "cat"

    def __call__(self, tensors: Sequence[Any], dim: int) -> Any:
        values = [t.data if isinstance(t, Tensor) else t for t in tensors]
        try:
            y = xp_of(*values).concatenate(values, axis=dim)
        except (ValueError, TypeError) as error:
            raise explained(error, self.name, values) from error
        if not any(isinstance(t, Tensor) for t in tensors):
            return y
        result = Tensor(y)
        nodes = [t._node if isinstance(t, Tensor) else None for t in tensors]
        if is_recording() and any(node is not None for node in nodes):
            sizes = tuple([value.shape[dim] for value in values])
            result._node = Node(self, nodes, (dim, sizes), y.shape, y.dtype)
        if is_watching():
            anomaly.check_forward(self.name, values, y, result._node)
        return result

    def gradients(self, node: Node, g: Any, floor: int) -> list[Any]:
        """The part of `g` that came from each parent at least as young as `floor`; None for the others."""
        dim, sizes = node.saved
        results = []
        start = 0
        for parent, size in zip(node.parents or (), sizes, strict=True):
            wanted = parent is not None and parent.order >= floor
            results.append(narrow(g, dim, start, size) if wanted else None)
            start += size
        return results


_cat = _Cat()


def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Tensors joined along an existing dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of equal sizes in all other dimensions; their dtypes are promoted. Empty 1-d tensors are ignored.
    dim : int

    Raises
    ------
    ValueError
        If there are none.
    RuntimeError
        If their shapes do not fit.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.cat([mg.tensor([1.0]), mg.tensor([2.0, 3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """
    tensors = _same_dtype(tensors, "cat")
    tensors = [t for t in tensors if t.shape != (0,)] or tensors[:1]
    if tensors[0].ndim == 0:
        raise RuntimeError("cat: 0-d tensors cannot be joined; use stack")
    return _cat(tensors, dim_of(dim, tensors[0].ndim, "cat"))


concat = concatenate = cat


def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """Tensors of one shape joined along a new dimension.

    Raises
    ------
    ValueError
        If there are none.
    RuntimeError
        If their shapes differ.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.stack([mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])], 1).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    tensors = _same_dtype(tensors, "stack")
    if any(t.shape != tensors[0].shape for t in tensors):
        raise RuntimeError(f"stack: all shapes must be equal, got {[t.shape for t in tensors]}")
    dim = dim_of(dim, tensors[0].ndim + 1, "stack")
    return _cat([unsqueeze(t, dim) for t in tensors], dim)


def hstack(tensors: Sequence[Any]) -> Any:
    """Tensors side by side: joined along the second dimension, or the first if they have only one."""
    tensors = [t if t.ndim else unsqueeze(t, 0) for t in tensors]
    return cat(tensors, 0 if tensors and tensors[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Any]) -> Any:
    """Tensors on top of each other: joined along the first dimension; vectors count as rows."""
    return cat([t if t.ndim > 1 else _reshape(t, (1, math.prod(t.shape))) for t in tensors], 0)


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All tensors expanded to their common shape.

    Raises
    ------
    RuntimeError
        If they have none.
    """
    shape = broadcast_shapes("broadcast_tensors", *[x.shape for x in tensors])
    return tuple([_expand(x, shape) for x in tensors])


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Grids of coordinates: of 1-d tensors, each expanded along the dimensions of all others.

    Parameters
    ----------
    *tensors : Tensor, or one sequence of them
    indexing : {'ij', 'xy'}
        'xy' exchanges the first two dimensions.
    """
    if len(tensors) == 1 and isinstance(tensors[0], Sequence):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be 'ij' or 'xy', got {indexing!r}")
    shape = tuple([math.prod(x.shape) for x in tensors])
    grids = [
        _expand(_reshape(x, tuple([n if i == k else 1 for k, n in enumerate(shape)])), shape)
        for i, x in enumerate(tensors)
    ]
    return tuple([transpose(grid, 0, 1) if indexing == "xy" and len(shape) > 1 else grid for grid in grids])


# ---------------------------------------------------------------------- taking apart


def split(input: Any, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Pieces of the given size along `dim` (the last may be smaller), or of the sizes in a list.

    Raises
    ------
    RuntimeError
        If the sizes do not add up, or the size is negative.

    Examples
    --------
    >>> import minigrad as mg
    >>> [piece.tolist() for piece in mg.split(mg.tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    dim = dim_of(dim, input.ndim, "split")
    if input.ndim == 0:
        raise RuntimeError("split: a 0-d tensor cannot be split")
    size = input.shape[dim]
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        if step < 0 or (step == 0 and size > 0):
            raise RuntimeError(f"split: the size of a piece must be positive, got {step}")
        sections = [min(step, size - start) for start in range(0, size, step or 1)] or [0]
    else:
        sections = list(split_size_or_sections)
        if sum(sections) != size or min(sections, default=0) < 0:
            raise RuntimeError(
                f"split: sizes {sections} do not add up to {size}, the size of dimension {dim}"
            )
    ends = itertools.accumulate(sections)
    return tuple(
        [narrow(input, dim, end - length, length) for end, length in zip(ends, sections, strict=True)]
    )


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most `chunks` pieces along `dim`, equal but for the last.

    Raises
    ------
    RuntimeError
        If `chunks` is not positive.
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk: the number of pieces must be positive, got {chunks}")
    dim = dim_of(dim, input.ndim, "chunk")
    size = input.shape[dim] if input.ndim else 0
    return split(input, -(-size // chunks), dim) if size else split(input, [0] * chunks, dim)


def tensor_split(input: Any, indices_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """So many pieces along `dim`, as equal as can be; or the pieces between the given positions."""
    dim = dim_of(dim, input.ndim, "tensor_split")
    size = input.shape[dim] if input.ndim else 0
    if isinstance(indices_or_sections, int):
        pieces = indices_or_sections
        if pieces <= 0:
            raise RuntimeError(f"tensor_split: the number of pieces must be positive, got {pieces}")
        bounds = [size // pieces * i + min(i, size % pieces) for i in range(1, pieces)]
    else:
        bounds = list(indices_or_sections)
    return tuple(
        [
            getitem(input, (slice(None),) * dim + (slice(a, b),))
            for a, b in itertools.pairwise([0, *bounds, size])
        ]
    )


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """All slices along `dim`, each without that dimension."""
    dim = dim_of(dim, input.ndim, "unbind")
    if input.ndim == 0:
        raise IndexError("unbind: a 0-d tensor has no dimension to take apart")
    return tuple([select(input, dim, i) for i in range(input.shape[dim])])


def _same_dtype(tensors: Sequence[Any], name: str) -> list[Any]:
    if hasattr(tensors, "dtype") or not all(hasattr(t, "dtype") for t in tensors):
        raise TypeError(f"{name}: expected a sequence of tensors, got {type(tensors).__name__}")
    if not tensors:
        raise ValueError(f"{name}: expected at least one tensor")
    dtype = result_type(*tensors)
    return [cast(t, dtype) for t in tensors]
