"""minigrad: a deep-learning framework small enough to read in a weekend, on NumPy or CuPy."""

__version__ = "0.1.0"

import warnings as _warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

# log(0) is -inf and 0 / 0 is NaN, without a word, as in PyTorch; `autograd.detect_anomaly` finds where a NaN
# comes from.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minigrad\.")

from minigrad import amp as amp
from minigrad import autograd as autograd
from minigrad import engine as engine
from minigrad import methods as _methods  # noqa: F401  (binds operators and methods to Tensor)
from minigrad.backend import get_float32_matmul_precision as get_float32_matmul_precision
from minigrad.backend import set_float32_matmul_precision as set_float32_matmul_precision
from minigrad.creation import *
from minigrad.dtypes import bfloat16 as _bfloat16
from minigrad.dtypes import float16 as float16
from minigrad.dtypes import float32 as float32
from minigrad.dtypes import float64 as float64
from minigrad.dtypes import get_default_dtype as get_default_dtype
from minigrad.dtypes import set_default_dtype as set_default_dtype
from minigrad.ops.activation import relu as relu
from minigrad.ops.autocast import autocast as autocast
from minigrad.ops.choice import *
from minigrad.ops.compare import *
from minigrad.ops.convert import clone as clone
from minigrad.ops.cumulative import *
from minigrad.ops.diagonal import *
from minigrad.ops.einsum import einsum as einsum
from minigrad.ops.einsum import tensordot as tensordot
from minigrad.ops.elementwise import *
from minigrad.ops.extremes import *
from minigrad.ops.index import *
from minigrad.ops.join import *
from minigrad.ops.matmul import addmm as addmm
from minigrad.ops.matmul import addmv as addmv
from minigrad.ops.matmul import addr as addr
from minigrad.ops.matmul import baddbmm as baddbmm
from minigrad.ops.matmul import bmm as bmm
from minigrad.ops.matmul import dot as dot
from minigrad.ops.matmul import matmul as matmul
from minigrad.ops.matmul import mm as mm
from minigrad.ops.matmul import mv as mv
from minigrad.ops.matmul import outer as outer
from minigrad.ops.reduce import *
from minigrad.ops.scatter import *
from minigrad.ops.shape import *
from minigrad.ops.softmax import log_softmax as log_softmax
from minigrad.ops.softmax import softmax as softmax
from minigrad.ops.sort import *
from minigrad.ops.vector_norm import *
from minigrad.profiler import profile as profile
from minigrad.random import Generator as Generator
from minigrad.random import default_generator as default_generator
from minigrad.random import manual_seed as manual_seed
from minigrad.serialization import load as load
from minigrad.serialization import save as save
from minigrad.tensor import Tensor as Tensor
from minigrad.tensor import as_tensor as as_tensor
from minigrad.tensor import enable_grad as enable_grad
from minigrad.tensor import from_numpy as from_numpy
from minigrad.tensor import is_grad_enabled as is_grad_enabled
from minigrad.tensor import no_grad as no_grad
from minigrad.tensor import set_grad_enabled as set_grad_enabled
from minigrad.tensor import tensor as tensor

if TYPE_CHECKING:
    from minigrad import data as data
    from minigrad import nn as nn
    from minigrad.dtypes import DType

    bfloat16: DType


def __getattr__(name: str) -> Any:
    """Import `minigrad.nn` and `minigrad.data` when they are first asked for: half of the import's time.

    So is `minigrad.bfloat16`, which NumPy has from a package of its own.
    """
    if name in ("data", "nn"):
        return import_module(f"minigrad.{name}")
    if name == "bfloat16":
        return _bfloat16()
    raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
