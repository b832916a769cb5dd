"""Where arrays live, and the few kernels that differ between NumPy and CuPy."""

from minigrad.backend.device import Array as Array
from minigrad.backend.device import array_module as array_module
from minigrad.backend.device import cuda_module as cuda_module
from minigrad.backend.device import device_of as device_of
from minigrad.backend.device import is_array as is_array
from minigrad.backend.device import synchronize as synchronize
from minigrad.backend.device import to_device as to_device
from minigrad.backend.device import to_numpy as to_numpy
from minigrad.backend.precision import get_float32_matmul_precision as get_float32_matmul_precision
from minigrad.backend.precision import set_float32_matmul_precision as set_float32_matmul_precision
from minigrad.backend.winograd import allow_winograd as allow_winograd
