"""Element types: the default one, and PyTorch's rules for mixing them.

NumPy would make float64 of int64 + float32; PyTorch makes float32, because a kind of number (bool, integer,
floating) always wins over a lower kind whatever its width, and within a kind tensors with dimensions win over
0-d tensors, which win over Python numbers.
"""

from functools import reduce
from typing import Any

import numpy as np

DType = np.dtype[Any]

float16, float32, float64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)

# NumPy counts bfloat16, which comes from outside, among the kind of raw bytes; `as_dtype` lets no others in.
KIND = {"b": 0, "u": 1, "i": 1, "f": 2, "V": 2}
_default = float32


def bfloat16() -> DType:
    """The dtype with the exponents of float32 and 8 significant bits; as a name, `minigrad.bfloat16`.

    Raises
    ------
    ImportError
        If ml_dtypes, where NumPy has it from, is not installed.
    """
    try:
        import ml_dtypes
    except ImportError:
        raise ImportError(
            "bfloat16 needs ml_dtypes, which is not installed: pip install 'minigrad[bfloat16]'"
        ) from None
    result: DType = np.dtype(ml_dtypes.bfloat16)
    return result


def get_default_dtype() -> DType:
    """The floating dtype that Python numbers become (float32 unless changed)."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Set the floating dtype that Python numbers become.

    Raises
    ------
    TypeError
        If `dtype` is not a floating type.
    """
    global _default
    if not is_floating(as_dtype(dtype)):
        raise TypeError(f"set_default_dtype: expected a floating dtype, got {as_dtype(dtype).name}")
    _default = as_dtype(dtype)


def as_dtype(dtype: Any) -> DType:
    """`dtype` as a numpy.dtype that minigrad supports.

    Raises
    ------
    TypeError
        For complex numbers, strings, objects and whatever else is neither boolean, integer nor floating.
    """
    if dtype is None:  # which NumPy takes for float64
        raise TypeError("expected a dtype, got None")
    result: DType = bfloat16() if isinstance(dtype, str) and dtype == "bfloat16" else np.dtype(dtype)
    foreign = result.kind == "V" or result.isbuiltin == 2
    if result.kind not in KIND or (foreign and result.name != "bfloat16"):
        raise TypeError(
            f"dtype {result.name} is not supported: tensors hold booleans, integers or real floating numbers"
        )
    return result


def is_floating(dtype: DType) -> bool:
    """Whether a gradient can have this dtype."""
    return dtype.kind in "fV"


def is_half(dtype: DType) -> bool:
    """Whether this is float16 or bfloat16, whose sums are taken in float32."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def result_type(*operands: Any) -> DType:
    """The dtype in which PyTorch would combine these arrays and Python numbers.

    Parameters
    ----------
    *operands : Array, Tensor, bool, int or float
        Anything with `dtype` and `ndim`, or a Python number.

    Examples
    --------
    >>> result_type(np.zeros(3, np.int64), np.zeros(3, np.float32)).name
    'float32'
    >>> result_type(np.zeros(3, np.float32), np.zeros((), np.float64)).name
    'float32'
    >>> result_type(np.zeros(3, np.int64), 0.5).name
    'float32'
    """
    ranked = [_rank(operand) for operand in operands]
    best = max(ranked, key=lambda entry: entry[:2])[:2]
    return reduce(_common, [dtype for *rank, dtype in ranked if tuple(rank) == best])


def _common(a: DType, b: DType) -> DType:
    if a == b:
        return a
    # float16 and bfloat16 are what NumPy cannot combine.
    return float32 if is_half(a) and is_half(b) else np.promote_types(a, b)


def _rank(operand: Any) -> tuple[int, int, DType]:
    if hasattr(operand, "dtype"):
        return KIND[operand.dtype.kind], 2 if operand.ndim else 1, operand.dtype
    for kind, (python_type, dtype) in enumerate(
        [(bool, np.dtype(bool)), (int, np.dtype(np.int64)), (float, _default)]
    ):
        if isinstance(operand, python_type):
            return kind, 0, dtype
    raise TypeError(f"expected a tensor or a real number, got {type(operand).__name__}: {operand!r}")
