"""Products of matrices: the operations on which nearly all of a network's time is spent.

The derivative of a product of matrices is two products of matrices, so everything here is `_matmul` or
`_linear` and some reshaping around it.
"""

import math
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module
from minigrad.backend.half import rounded, wide
from minigrad.dtypes import float16, is_floating, is_half
from minigrad.engine import primitive
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.shape import reshape, transpose, unsqueeze

__all__ = ["addmm", "addmv", "addr", "baddbmm", "bmm", "dot", "matmul", "mm", "mv", "outer"]

# ---------------------------------------------------------------------- the two that do the work


def _rows(x: Any) -> Any:
    """All leading dimensions as one: a single large product is much faster than many small ones."""
    return x if x.ndim == 2 else reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _product(a: Array, b: Array) -> Array:
    """`a @ b` for a matrix `b`, not as a view: the engine adds in place only to arrays that are none."""
    xp = array_module(a, b)
    y = xp.empty((*a.shape[:-1], b.shape[1]), a.dtype)
    xp.matmul(_rows(a), b, out=_rows(y))
    return y  # type: ignore[no-any-return]


def _by_left(g: Any, b: Any) -> Any:
    return _matmul(g, transpose(b, -2, -1))


def _by_right(g: Any, a: Any, b_shape: tuple[int, ...]) -> Any:
    if len(b_shape) == 2:  # one product sums over the batch as well
        a, g = _rows(a), _rows(g)
    return _matmul(transpose(a, -2, -1), g)


def _needs_float32(a: Array, b: Array) -> bool:
    """Whether halves are to be multiplied as float32.

    GPUs have units for halves, which add up in float32. BLAS on a CPU has none; and CuPy 14 multiplies
    bfloat16 matrices, but no batches of them (cupy/cupy#10317).
    """
    if not is_half(a.dtype):
        return False
    return array_module(a) is np or (a.dtype != float16 and max(a.ndim, b.ndim) > 2)


@primitive(a=_by_left, b=_by_right)
def _matmul(a: Array, b: Array) -> Array:
    dtype = a.dtype
    if dtype.itemsize == 2 and _needs_float32(a, b):
        a, b = wide(a), wide(b)
    y = _product(a, b) if b.ndim == 2 < a.ndim else a @ b
    return y if y.dtype is dtype else y.astype(dtype)


@primitive(
    x=lambda g, weight: _matmul(g, weight),
    weight=lambda g, x: _matmul(transpose(_rows(g), 0, 1), _rows(x)),
    bias=lambda g: g,
)
def _linear(x: Array, weight: Array, bias: Array | None) -> Array:
    if x.dtype.itemsize == 2 and _needs_float32(x, weight):
        return rounded(_affine(wide(x), wide(weight), None if bias is None else wide(bias)), x.dtype)
    return _affine(x, weight, bias)


def _affine(x: Array, weight: Array, bias: Array | None) -> Array:
    y = _product(x, weight.T)
    if bias is not None:
        y += bias
    return y


# ---------------------------------------------------------------------- checks


def require_same_dtype(name: str, *operands: Any) -> None:
    """Refuse operands that are no tensors, or whose dtypes differ: matrix products do not promote them.

    Raises
    ------
    TypeError
        If an operand is no tensor.
    RuntimeError
        If the dtypes differ.
    """
    for x in operands:
        if not hasattr(x, "dtype"):
            raise TypeError(f"{name}: expected tensors, got {type(x).__name__}")
        if x.dtype != operands[0].dtype:
            dtypes = " and ".join(operand.dtype.name for operand in operands)
            raise RuntimeError(f"{name}: expected tensors of one dtype, got {dtypes}; use x.to(dtype)")


def require_broadcastable(name: str, argument: str, shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    """Refuse a shape that does not become `target` by repeating dimensions of size 1 and adding leading ones.

    Raises
    ------
    RuntimeError
        If it does not fit.
    """
    fits = [n in (1, size) for n, size in zip(shape[::-1], target[::-1], strict=False)]
    if len(shape) > len(target) or not all(fits):
        raise RuntimeError(f"{name}: {argument} of shape {shape} does not broadcast to {target}")


def _require_ndim(name: str, ndim: int, **operands: Any) -> None:
    for argument, x in operands.items():
        if not hasattr(x, "ndim"):
            raise TypeError(f"{name}: {argument} must be a tensor, got {type(x).__name__}")
        if x.ndim != ndim:
            raise RuntimeError(f"{name}: {argument} must have {ndim} dimensions, got shape {x.shape}")


# ---------------------------------------------------------------------- products


def matmul(input: Any, other: Any) -> Any:
    """The product of matrices; dimensions before the last two are batches and broadcast.

    Parameters
    ----------
    input : Tensor (..., n, k) or (k,)
    other : Tensor (..., k, m) or (k,)
        A vector on the left counts as a row, on the right as a column; the result lacks its dimension.

    Raises
    ------
    RuntimeError
        If the shapes do not fit, an operand is a single number (0-d), or the dtypes differ.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.matmul(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), mg.tensor([1.0, 10.0])).tolist()
    [21.0, 43.0]
    """
    if is_autocasting():
        return autocasting("matmul", matmul, input, other)
    require_same_dtype("matmul", input, other)
    shapes = f"shapes {input.shape} and {other.shape}"
    if input.ndim == 0 or other.ndim == 0:
        raise RuntimeError(f"matmul: both operands need at least one dimension, got {shapes}")
    a = unsqueeze(input, 0) if input.ndim == 1 else input
    b = unsqueeze(other, 1) if other.ndim == 1 else other
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError(
            f"matmul: {shapes} cannot be multiplied: "
            f"rows of length {a.shape[-1]} would meet columns of length {b.shape[-2]}"
        )
    product = _matmul(a, b)
    if input.ndim > 1 and other.ndim > 1:
        return product
    batch, (n, m) = product.shape[:-2], product.shape[-2:]
    return reshape(product, (*batch, *[n] * (input.ndim > 1), *[m] * (other.ndim > 1)))


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices (n, k) and (k, m)."""
    if is_autocasting():
        return autocasting("mm", mm, input, mat2)
    _require_ndim("mm", 2, input=input, mat2=mat2)
    return matmul(input, mat2)


def bmm(input: Any, mat2: Any) -> Any:
    """The products of the matrices of two batches (b, n, k) and (b, k, m), without broadcasting."""
    if is_autocasting():
        return autocasting("bmm", bmm, input, mat2)
    _require_ndim("bmm", 3, input=input, mat2=mat2)
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError(f"bmm: expected batches of equal size, got shapes {input.shape} and {mat2.shape}")
    return matmul(input, mat2)


def mv(input: Any, vec: Any) -> Any:
    """The product of a matrix (n, k) and a vector (k,)."""
    if is_autocasting():
        return autocasting("mv", mv, input, vec)
    _require_ndim("mv", 2, input=input)
    _require_ndim("mv", 1, vec=vec)
    return matmul(input, vec)


def dot(input: Any, tensor: Any) -> Any:
    """The sum of the products of two vectors' elements."""
    if is_autocasting():
        return autocasting("dot", dot, input, tensor)
    _require_ndim("dot", 1, input=input, tensor=tensor)
    return matmul(input, tensor)


def outer(input: Any, vec2: Any) -> Any:
    """The matrix of all products of two vectors' elements, `input[i] * vec2[j]`."""
    _require_ndim("outer", 1, input=input, vec2=vec2)
    return unsqueeze(input, 1) * vec2


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """`input @ weight.T + bias`: what a fully connected layer computes.

    Parameters
    ----------
    input : Tensor (..., in_features)
    weight : Tensor (out_features, in_features) or (in_features,)
    bias : Tensor, optional
        Of shape (out_features,), or another that broadcasts to the result's. None for a vector `weight`.

    Returns
    -------
    Tensor (..., out_features), or (...) for a vector `weight`

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit.

    Examples
    --------
    >>> import minigrad as mg
    >>> weight = mg.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    >>> mg.nn.functional.linear(mg.tensor([1.0, 2.0, 3.0]), weight, mg.tensor([10.0, 20.0])).tolist()
    [11.0, 25.0]
    """
    if is_autocasting():
        return autocasting("linear", linear, input, weight, bias)
    require_same_dtype("linear", input, weight, *[] if bias is None else [bias])
    if weight.ndim == 1 and bias is None:
        return matmul(input, weight)
    if weight.ndim != 2 or input.ndim == 0 or input.shape[-1] != weight.shape[1]:
        raise RuntimeError(
            "linear: expected input (..., in_features) and weight (out_features, in_features), "
            f"got shapes {input.shape} and {weight.shape}"
        )
    if bias is not None:
        require_broadcastable("linear", "bias", bias.shape, (*input.shape[:-1], weight.shape[0]))
    return _linear(input, weight, bias)


# ---------------------------------------------------------------------- products added to something


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * (mat1 @ mat2)` for matrices.

    Parameters
    ----------
    input : Tensor
        Of a shape that broadcasts to that of the product.
    mat1 : Tensor (n, k)
    mat2 : Tensor (k, m)
    beta, alpha : number
        If `beta` is 0, `input` is ignored, whatever it holds.

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit.

    Examples
    --------
    >>> import minigrad as mg
    >>> eye = mg.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> mg.addmm(mg.tensor([1.0, 2.0]), eye, eye, alpha=10).tolist()
    [[11.0, 2.0], [1.0, 12.0]]
    """
    if is_autocasting():
        return autocasting("addmm", addmm, input, mat1, mat2, beta=beta, alpha=alpha)
    return _sum_of("addmm", input, mm(mat1, mat2), beta, alpha)


def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * (batch1 @ batch2)` for batches of matrices; see `addmm`."""
    if is_autocasting():
        return autocasting("baddbmm", baddbmm, input, batch1, batch2, beta=beta, alpha=alpha)
    return _sum_of("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def addmv(input: Any, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * (mat @ vec)` for a matrix and a vector; see `addmm`."""
    if is_autocasting():
        return autocasting("addmv", addmv, input, mat, vec, beta=beta, alpha=alpha)
    return _sum_of("addmv", input, mv(mat, vec), beta, alpha)


def addr(input: Any, vec1: Any, vec2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * outer(vec1, vec2)`; see `addmm`."""
    if is_autocasting():
        return autocasting("addr", addr, input, vec1, vec2, beta=beta, alpha=alpha)
    return _sum_of("addr", input, outer(vec1, vec2), beta, alpha)


def _sum_of(name: str, input: Any, product: Any, beta: float, alpha: float) -> Any:
    require_same_dtype(name, input, product)
    require_broadcastable(name, "input", input.shape, product.shape)
    if not is_floating(product.dtype) and not (isinstance(beta, int) and isinstance(alpha, int)):
        raise RuntimeError(f"{name}: integer tensors need integer beta and alpha, got {beta} and {alpha}")
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product
    return product + (input if beta == 1 else input * beta)
