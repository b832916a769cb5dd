"""How exactly a GPU multiplies float32.

Since 2020 NVIDIA's GPUs multiply matrices several times faster if they may round the factors to TF32, which
keeps 10 of the 23 bits of a float32. Sums stay float32. Nothing here does this unless it is asked for.
"""

import sys
from typing import Any

_PRECISIONS = ("highest", "high")
_TF32_MATH = 3  # CUBLAS_TF32_TENSOR_OP_MATH of cublas_api.h, for which CuPy has no name

_precision = "highest"


def set_float32_matmul_precision(precision: str) -> None:
    """Say how exactly matrix products and convolutions in float32 are computed on a GPU.

    On the CPU they are always exact to float32. PyTorch's function of this name leaves out convolutions: they
    round unless `torch.backends.cudnn.allow_tf32` is false.

    Parameters
    ----------
    precision : str
        'highest' multiplies float32 as it is (the default); 'high' may round factors to TF32, which moves
        results by about 1e-3 of the largest one. It holds on the current GPU, for the current thread.

    Raises
    ------
    ValueError
        If `precision` is neither of these: 'medium', bfloat16 products, is not supported.

    Examples
    --------
    >>> set_float32_matmul_precision("high")
    >>> get_float32_matmul_precision()
    'high'
    >>> set_float32_matmul_precision("highest")
    """
    global _precision
    if precision not in _PRECISIONS:
        raise ValueError(
            f"set_float32_matmul_precision: expected one of {', '.join(_PRECISIONS)}, got {precision!r}"
        )
    _precision = precision
    if "cupy" in sys.modules:
        apply(sys.modules["cupy"])


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` has set."""
    return _precision


def apply(cupy: Any) -> None:
    """Let cuBLAS multiply as it has been set.

    CuPy gives its compute type to products of two matrices, and ignores it in batches of them: those heed the
    math mode of cuBLAS. The environment's CUPY_TF32 counts only while nothing has set a compute type.
    """
    if not cupy.cuda.is_available():
        return
    kinds, cublas = cupy._core._routines_linalg, cupy.cuda.cublas
    fast = _precision == "high"
    cupy._core.set_compute_type("float32", kinds.COMPUTE_TYPE_TF32 if fast else kinds.COMPUTE_TYPE_DEFAULT)
    cublas.setMathMode(cupy.cuda.get_cublas_handle(), _TF32_MATH if fast else cublas.CUBLAS_DEFAULT_MATH)
