"""Triangles and diagonals of matrices."""

from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.half import rounded
from minigrad.engine import primitive
from minigrad.ops.operands import dim_of

__all__ = ["diag", "diag_embed", "diagonal", "tril", "triu"]


@primitive(x=lambda g, diagonal: tril(g, diagonal))
def _tril(x: Array, diagonal: int) -> Array:
    return rounded(array_module(x).tril(x, diagonal), x.dtype)  # CuPy makes bfloat16 float32


@primitive(x=lambda g, diagonal: triu(g, diagonal))
def _triu(x: Array, diagonal: int) -> Array:
    return rounded(array_module(x).triu(x, diagonal), x.dtype)  # CuPy makes bfloat16 float32


def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle of the last two dimensions, zeros elsewhere.

    Parameters
    ----------
    input : Tensor, (..., rows, columns)
    diagonal : int
        The last diagonal to keep: 0 is the main one, 1 the one above it.

    Raises
    ------
    RuntimeError
        If there are fewer than two dimensions.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.tril(mg.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 0.0], [3.0, 4.0]]
    """
    return _tril(_matrix(input, "tril"), diagonal)


def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle of the last two dimensions, zeros elsewhere; `diagonal` is the first to keep."""
    return _triu(_matrix(input, "triu"), diagonal)


def _matrix(input: Any, name: str) -> Any:
    if input.ndim < 2:
        raise RuntimeError(f"{name}: expected at least 2 dimensions, got shape {input.shape}")
    return input


# ---------------------------------------------------------------------- reading and writing a diagonal


def _diagonal_gradient(g: Any, x_shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Any:
    return _on_diagonal(g, x_shape, offset, dim1, dim2)


@primitive(x=_diagonal_gradient)
def _diagonal(x: Array, offset: int, dim1: int, dim2: int) -> Array:
    return x.diagonal(offset, dim1, dim2)


@primitive(values=lambda g, offset, dim1, dim2: _diagonal(g, offset, dim1, dim2))
def _on_diagonal(values: Array, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Array:
    """Zeros of `shape` with `values` on a diagonal."""
    xp = array_module(values)
    result = xp.zeros(shape, values.dtype)
    along = xp.arange(values.shape[-1])
    xp.moveaxis(result, (dim1, dim2), (-2, -1))[..., along + max(-offset, 0), along + max(offset, 0)] = values
    return result  # type: ignore[no-any-return]


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonals of the matrices in dimensions `dim1` and `dim2`, as a new last dimension.

    Parameters
    ----------
    input : Tensor
    offset : int
        0 for the main diagonal, positive above it, negative below.
    dim1, dim2 : int

    Raises
    ------
    RuntimeError
        If the two dimensions are the same.
    """
    return _diagonal(input, offset, *_two_dims(dim1, dim2, input.ndim, "diagonal"))


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices with the last dimension of `input` on a diagonal, in dimensions `dim1` and `dim2`."""
    dim1, dim2 = _two_dims(dim1, dim2, input.ndim + 1, "diag_embed")
    size = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for dim in sorted((dim1, dim2)):
        shape.insert(dim, size)
    return _on_diagonal(input, tuple(shape), offset, dim1, dim2)


def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix; or, of a vector, the matrix with that diagonal.

    Raises
    ------
    RuntimeError
        If `input` is neither.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.diag(mg.tensor([1.0, 2.0])).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    if input.ndim not in (1, 2):
        raise RuntimeError(f"diag: expected 1 or 2 dimensions, got shape {input.shape}")
    return diag_embed(input, diagonal) if input.ndim == 1 else _diagonal(input, diagonal, 0, 1)


def _two_dims(dim1: int, dim2: int, ndim: int, name: str) -> tuple[int, int]:
    first, second = dim_of(dim1, ndim, name), dim_of(dim2, ndim, name)
    if first == second:
        raise RuntimeError(f"{name}: dim1 and dim2 must be different dimensions, got {dim1} and {dim2}")
    return first, second
