"""Building and launching CUDA kernels: plain CUDA C in `.cu` files, compiled by CuPy at the first launch.

In a source `real` is float or double, as its arrays are. `#include "name"` means a file beside it, or beside
this one; the compiler gets a single text, so that it needs no paths. The readable twin of every kernel is the
code in Python that runs everywhere else; the tests hold the two equal, and without a GPU they compile and run
the same text with g++.
"""

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.backend.device import Array, array_module

FOLDER = Path(__file__).parent
THREADS = 256  # of a block
CHUNK = 1 << 13  # elements of a tensor that a block works on in a multi-tensor launch: 32 for each thread
_MOST_BLOCKS = 1 << 20  # of an elementwise launch; a thread then goes on to further elements
_C_NAMES = {"float32": "float", "float64": "double"}


def runs_kernels(first: Array, *others: Array | None) -> bool:
    """Whether kernels take these arrays: on one GPU, not empty, without gaps, all float32 or all float64.

    None stands for an array that is not there, and is taken.

    Examples
    --------
    >>> runs_kernels(np.zeros(3))
    False
    """
    if array_module(first) is np or first.dtype.name not in _C_NAMES or not first.size:
        return False
    device = first.device.id  # type: ignore[attr-defined]
    return first.flags.c_contiguous and all(
        a is None
        or (
            array_module(a) is not np
            and a.dtype == first.dtype
            and a.device.id == device  # type: ignore[attr-defined]
            and a.flags.c_contiguous
        )
        for a in others
    )


def source(file: Path, dtype: "np.dtype[Any]") -> str:
    """The text that the compiler gets: what `real`, THREADS and CHUNK are, and the file with its includes."""
    constants = f"typedef {_C_NAMES[dtype.name]} real;\nenum {{ THREADS = {THREADS}, CHUNK = {CHUNK} }};\n"
    return constants + _with_includes(file)


def launch(file: Path, name: str, blocks: int, arguments: tuple[Any, ...], like: Array) -> None:
    """Run a kernel on `blocks` blocks of `THREADS` threads, without waiting for its end.

    Parameters
    ----------
    file : Path
        A source.
    name : str
        One of its kernels.
    blocks : int
    arguments : tuple
        Arrays; None for a null pointer; bool; NumPy's numbers, which keep their type; any other is a `real`.
        On a GPU nothing checks that these are the types that the kernel declares (the tests do).
    like : Array
        Says on which device, and what `real` is.
    """
    xp = array_module(like)
    values = tuple(_argument(value, like) for value in arguments)
    with xp.cuda.Device(like.device.id):  # type: ignore[attr-defined]
        _kernel(file, name, like.dtype, xp)((blocks,), (THREADS,), values)


def launch_elementwise(file: Path, name: str, size: int, arguments: tuple[Any, ...], like: Array) -> None:
    """Run a kernel with a thread for each of `size` elements; it gets `size` first."""
    blocks = min(-(-size // THREADS), _MOST_BLOCKS)
    launch(file, name, blocks, (np.int64(size), *arguments), like)


def _argument(value: Any, like: Array) -> Any:
    if value is None:
        return np.uintp(0)
    if isinstance(value, (np.generic, type(like))):
        return value
    return np.bool_(value) if isinstance(value, bool) else like.dtype.type(value)


@functools.cache
def _kernel(file: Path, name: str, dtype: "np.dtype[Any]", xp: Any) -> Any:
    # Each product is rounded before it is added, as in the twin: the bits are the same as without kernels.
    return xp.RawKernel(source(file, dtype), name, ("--fmad=false",))


def _with_includes(file: Path) -> str:
    def included(match: re.Match[str]) -> str:
        beside = file.with_name(match[1])
        return _with_includes(beside if beside.exists() else FOLDER / match[1])

    return re.sub(r'^#include "(.+)"$', included, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
