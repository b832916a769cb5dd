"""Where arrays live: NumPy on the CPU, CuPy on an NVIDIA GPU. The array's own type decides.

This package is the only place that imports cupy; everything else asks `array_module(x)` and calls
what comes back. CuPy is loaded when the first array is sent to a GPU, never at import.
"""

from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from minigrad.backend import precision

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""A raw array: numpy.ndarray, or cupy.ndarray, which is used through the same interface."""

_cupy: ModuleType | None = None  # set by `_load_cupy`; while it is None no GPU array can exist here


def array_module(*arrays: Any) -> Any:
    """The module (numpy or cupy) whose functions work on these arrays.

    Examples
    --------
    >>> array_module(np.zeros(3)).__name__
    'numpy'
    """
    if _cupy is not None:
        for array in arrays:
            if isinstance(array, _cupy.ndarray):
                return _cupy
    return np


def is_array(value: Any) -> bool:
    """Whether `value` is a raw array of either kind."""
    return isinstance(value, np.ndarray) or (
        type(value).__module__.partition(".")[0] == "cupy" and isinstance(value, _load_cupy().ndarray)
    )


def device_of(array: Array) -> str:
    """The device an array lives on: 'cpu', 'cuda:0', 'cuda:1', ..."""
    return "cpu" if array_module(array) is np else f"cuda:{array.device.id}"  # type: ignore[attr-defined]


def to_numpy(array: Any) -> Array:
    """The same numbers as a NumPy array: the array itself on the CPU, a copy from a GPU."""
    xp = array_module(array)
    return np.asarray(array) if xp is np else xp.asnumpy(array)


def to_device(array: Array, device: str) -> Array:
    """The array on `device`; itself if it is there already.

    Parameters
    ----------
    array : Array
    device : str
        'cpu', 'cuda' (the first GPU), or 'cuda:N'.

    Raises
    ------
    ValueError
        If `device` is none of these.
    RuntimeError
        If there is no such GPU: CuPy is absent, no driver answers, or the index is too high.
    """
    kind, _, index = device.partition(":")
    if device == "cpu":
        return to_numpy(array)
    if kind != "cuda" or not (index.isdecimal() or device == "cuda"):
        raise ValueError(f"device {device!r} is unknown: expected 'cpu', 'cuda' or 'cuda:N'")
    cupy = cuda_module(int(index or 0))
    if device_of(array) == f"cuda:{int(index or 0)}":
        return array
    with cupy.cuda.Device(int(index or 0)):
        return cupy.asarray(array)  # type: ignore[no-any-return]


def synchronize() -> None:
    """Wait until the GPU has done what it was given, if one is in use: needed only to measure time."""
    if _cupy is not None:
        _cupy.cuda.Device().synchronize()


def cuda_module(index: int = 0) -> Any:
    """CuPy, once it is certain that GPU number `index` can be used.

    Raises
    ------
    RuntimeError
        Saying which of three things is missing: CuPy, a driver with a GPU, or that GPU.
    """
    cupy = _load_cupy()
    if not cupy.cuda.is_available():  # importing CuPy succeeds on machines without a driver
        raise RuntimeError(
            "CuPy is installed but finds no usable GPU: the NVIDIA driver is missing or no device is visible "
            "(`nvidia-smi` should list one, and CUDA_VISIBLE_DEVICES must not hide it)"
        )
    count = cupy.cuda.runtime.getDeviceCount()
    if index >= count:
        raise RuntimeError(
            f"there is no device 'cuda:{index}': this machine has {count}, numbered from 'cuda:0'"
        )
    return cupy


def _load_cupy() -> Any:
    global _cupy
    if _cupy is None:
        try:
            import cupy
        except ImportError as error:
            raise RuntimeError(
                "device 'cuda' needs CuPy, which is not installed: "
                "pip install 'minigrad[cuda12]' (or [cuda13], to match the driver)"
            ) from error
        _cupy = cupy
        precision.apply(cupy)
    return _cupy
