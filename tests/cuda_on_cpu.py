"""CUDA kernels without a GPU: the fake CuPy's RawKernel compiles the same source with g++ and runs it.

It is stricter than CuPy: a number or an array must have exactly the type that the kernel declares, and every
thread of a block must come to the same `__syncthreads()`. Shared memory starts as NaN. What it cannot see is
listed in tests/backend/cuda/test_emulator.py.
"""

import ctypes
import functools
import getpass
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

HEADER = Path(__file__).with_suffix(".hpp")
FLAGS = ["-std=c++20", "-O1", "-fPIC", "-shared", "-U_FORTIFY_SOURCE", "-w"]
MOST_THREADS = 1024  # of a block

# The order in which a block's threads run. A missing `__syncthreads()` shows in one order or the other.
backwards = False


class RawKernel:
    """The look-alike of cupy.RawKernel."""

    def __init__(self, code, name, options=()):
        self.name, self.synchronizes = name, "__syncthreads()" in code
        self._code = code  # compiled at the first call, as CuPy does

    def __call__(self, grid, block, args, shared_mem=0):
        library = _compiled(self._code)
        signature, launch = (getattr(library, f"{what}_{self.name}") for what in ("signature", "launch"))
        signature.restype = ctypes.c_char_p
        if np.prod(block) > MOST_THREADS or min(*grid, *block) < 1:
            raise ValueError(f"{self.name}: CUDA cannot launch a grid of {grid} and blocks of {block}")
        types = signature().decode().split()
        if len(types) != len(args):
            raise TypeError(f"{self.name} takes {len(types)} arguments ({' '.join(types)}), got {len(args)}")
        values = [
            _value(*pair, f"{self.name}: argument {i}")
            for i, pair in enumerate(zip(args, types, strict=True))
        ]
        addresses = (ctypes.c_void_p * len(values))(*(value.ctypes.data for value in values))
        sizes = [(ctypes.c_uint * 3)(*size, *[1] * (3 - len(size))) for size in (grid, block)]
        if launch(*sizes, addresses, self.synchronizes, backwards):
            raise RuntimeError(f"{self.name}: not all threads of a block came to the same __syncthreads()")


def _value(argument, wanted, where):
    """The argument as the kernel finds it in memory: the number, or the address of the array."""
    if hasattr(argument, "_array"):
        given, value = f"*{_code(argument.dtype)}", np.array(argument._array.ctypes.data, np.uintp)
    elif isinstance(argument, np.generic):
        given, value = _code(argument.dtype), np.array(argument)
        if given == "u8" and wanted.startswith("*"):  # a bare address
            given = wanted
    else:
        given, value = f"a Python {type(argument).__name__}, whose size is a guess", None
    if given != wanted and not (given.startswith("*") and wanted == "*struct"):
        raise TypeError(f"{where} must be {wanted}, got {given}")
    return value


def _code(dtype):
    return f"{dtype.kind}{dtype.itemsize}"


@functools.cache
def _compiled(code):
    """A library with all kernels of the source."""
    if shutil.which("g++") is None:
        pytest.skip("the fake CuPy runs CUDA kernels with g++, which is not installed")
    names = re.findall(r"__global__ void\s+(\w+)", code)
    exports = "".join(f"EXPORT({name})\n" for name in names)
    text = f'#include "{HEADER}"\n#line 1 "{names[0]}.cu"\n{code}\n{exports}'
    key = hashlib.sha256("\0".join([HEADER.read_text(), text, *FLAGS]).encode()).hexdigest()[:32]
    folder = Path(tempfile.gettempdir()) / f"minigrad-cuda-on-cpu-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / f"{names[0]}-{key}.so"
    if not library.exists():
        source = folder / f"{names[0]}-{key}-{os.getpid()}.cpp"
        source.write_text(text)
        made = source.with_suffix(".so")
        result = subprocess.run(["g++", *FLAGS, "-o", made, source], capture_output=True, text=True)
        source.unlink()
        if result.returncode:
            raise RuntimeError(f"g++ refuses {', '.join(names)}:\n{result.stderr}")
        made.replace(library)  # at once, for other processes want it, too
    return ctypes.CDLL(str(library))
