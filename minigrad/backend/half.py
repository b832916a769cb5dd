"""Half precision: float16 and bfloat16 are what numbers are kept in; computed with is float32.

That is what PyTorch's kernels do: they round once, at the end. In halves, sums would lose digits or overflow,
and on a CPU nothing would be faster: BLAS knows no 16-bit numbers.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from minigrad.backend.device import Array
from minigrad.dtypes import is_half


def wide(x: Array) -> Array:
    """Halves as float32, other arrays as they are: what is to be computed with."""
    return x.astype("float32") if is_half(x.dtype) else x


def rounded(y: Array, dtype: Any) -> Array:
    """A result in the dtype that its operands had."""
    return y if y.dtype is dtype else y.astype(dtype)


def in_float32(forward: Callable[..., Array]) -> Callable[..., Array]:
    """Make `forward` compute with halves in float32; its first argument is an array and decides."""

    @wraps(forward)
    def computed(x: Array, *others: Any) -> Array:
        dtype = x.dtype
        if dtype.itemsize > 2 or not is_half(dtype):
            return forward(x, *others)
        others = tuple([wide(v) if getattr(v, "dtype", None) == dtype else v for v in others])
        return rounded(forward(wide(x), *others), dtype)

    return computed
