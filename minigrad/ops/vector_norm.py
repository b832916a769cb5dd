"""The p-norm of vectors."""

import math
from typing import Any

from minigrad.backend import Array, array_module
from minigrad.dtypes import as_dtype, float32, is_half
from minigrad.engine import primitive
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.choice import abs, sign, where
from minigrad.ops.extremes import amax, amin
from minigrad.ops.operands import cast, require_floating
from minigrad.ops.reduce import Dim, Shape, axes_of, kept, root, sum, total

__all__ = ["norm"]


def _norm_rule(g: Any, x: Any, y: Any, dims: Shape, p: float) -> Any:
    # The sign makes the gradient 0 where x is 0; a base of 1 there keeps negative powers finite.
    base = where(x == 0, 1.0, abs(x) / where(x == 0, 1.0, kept(y, x.shape, dims)))
    return kept(g, x.shape, dims) * sign(x) * base ** (p - 1)


@primitive(x=_norm_rule)
def _norm(x: Array, dims: Shape, p: float, keepdim: bool) -> Array:
    powers = array_module(x).abs(x) ** p
    return total(powers, dims, keepdim) ** (1 / p)


def norm(
    input: Any, p: float | str | None = "fro", dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The p-norm of vectors along `dim`; along several dimensions, of all their elements as one vector.

    Parameters
    ----------
    input : Tensor
    p : float or 'fro'
        'fro' (and None) means 2; `inf` takes the largest absolute value, `-inf` the smallest; 0 counts the
        elements that are not 0.
    dim : int or sequence of int, optional
        All by default.
    keepdim : bool
        Whether the reduced dimensions stay, with size 1.
    dtype : dtype, optional
        To convert to first.

    Raises
    ------
    NotImplementedError
        For 'nuc', the nuclear norm of matrices.
    RuntimeError
        If `input` is not floating.

    Notes
    -----
    Where the norm has a corner (at 0), the gradient is the subgradient 0.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.norm(mg.tensor([3.0, -4.0])).item()
    5.0
    """
    if is_autocasting():
        return autocasting("norm", norm, input, p, dim, keepdim, dtype=dtype)
    if p == "nuc":
        raise NotImplementedError(
            "norm: the nuclear norm (p='nuc') is not supported; p may be any number or 'fro'"
        )
    if not (p in ("fro", None) or isinstance(p, (int, float))):
        raise TypeError(f"norm: p must be a number or 'fro', got {p!r}")
    dims = axes_of(input, dim, "norm")
    if dtype is not None:
        input = cast(input, as_dtype(dtype))
    require_floating(input, "norm")
    if is_half(input.dtype):  # of which squares soon overflow
        return cast(norm(cast(input, float32), p, dims, keepdim), input.dtype)
    if p in ("fro", None, 2):
        return root(sum(input * input, dims, keepdim))
    if p == 1:
        return sum(abs(input), dims, keepdim)
    if p == 0:
        return sum(abs(sign(input)), dims, keepdim)
    if p == math.inf:
        return amax(abs(input), dims, keepdim)
    if p == -math.inf:
        return amin(abs(input), dims, keepdim)
    return _norm(input, dims, p, keepdim)
