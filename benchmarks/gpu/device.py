"""The GPU, as both frameworks see it: where PyTorch's tensors go, waiting for it, its memory, its name.

Everything else in this package asks here. So the tests can run all of it on a processor, with PyTorch's "cpu"
in the place of "cuda" and a look-alike in the place of CuPy.
"""

import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks import library
from benchmarks.library import Library


def torch_device() -> str:
    return "cuda"


def ours(dtype: str = "float32") -> Library:
    return library.minigrad("cuda", dtype)


def theirs(dtype: str = "float32") -> Library:
    return library.pytorch(torch_device(), dtype)


def require() -> None:
    """Make sure that a GPU can be measured here.

    Raises
    ------
    ValueError
        Saying in one line what is missing.
    """
    from minigrad.backend import cuda_module

    missing = []
    try:
        cuda_module()
    except RuntimeError as error:
        missing.append(str(error))
    try:
        import torch
    except ImportError:
        missing.append("PyTorch is not installed: a build with CUDA is needed, from https://pytorch.org")
    else:
        if torch_device() == "cuda" and not torch.cuda.is_available():
            without_cuda = "is a build without CUDA: https://pytorch.org has others"
            state = "finds no GPU" if torch.version.cuda else without_cuda
            missing.append(f"PyTorch {torch.__version__} {state}")
    if missing:
        raise ValueError("; ".join(missing))


def synchronize() -> None:
    """Wait until the GPU has done what both frameworks gave it."""
    from minigrad import backend

    backend.synchronize()
    if torch_device() == "cuda":
        import torch

        torch.cuda.synchronize()


def clock() -> float:
    """Seconds, when the GPU has nothing left to do: between two calls lies all the work given in between."""
    synchronize()
    return time.perf_counter()


def peak(run: Callable[[], None], framework: str) -> int | None:
    """Bytes by which the largest memory in use while `run` runs exceeds that before; None where unknown.

    Both frameworks keep a pool. Counted is what is handed out of it, not what lies in it unused.
    """
    synchronize()
    if framework == "minigrad":
        return _peak_of_cupy(run)
    if torch_device() != "cuda":
        return None
    import torch

    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    run()
    return torch.cuda.max_memory_allocated() - before


def _peak_of_cupy(run: Callable[[], None]) -> int:
    import cupy

    pool = cupy.get_default_memory_pool()

    class Largest(cupy.cuda.MemoryHook):  # type: ignore[misc]
        name = "largest"
        bytes = before = pool.used_bytes()

        def malloc_postprocess(self, **_: Any) -> None:
            self.bytes = max(self.bytes, pool.used_bytes())

    with Largest() as largest:
        run()
    return int(largest.bytes - largest.before)


def by_cudnn(run: Callable[[], None]) -> dict[str, Any]:
    """What cuDNN computes of our side while `run` runs.

    Returns
    -------
    dict
        "executed" and "fallbacks": how often each operation ran in cuDNN, and how often it was left to other
        kernels because cuDNN had refused it; "refused": the reasons. All empty where cuDNN is not used.
    """
    from minigrad.backend import cudnn

    run()  # makes the plans
    before = Counter(cudnn.executed), Counter(cudnn.fallbacks)
    run()
    return {
        "executed": dict(cudnn.executed - before[0]),
        "fallbacks": dict(cudnn.fallbacks - before[1]),
        "refused": sorted(set(cudnn.refused.values())),
    }


def about() -> dict[str, Any]:
    """The GPU, its memory and its driver."""
    import cupy
    import torch

    runtime = cupy.cuda.runtime
    properties = runtime.getDeviceProperties(0)
    return {
        "name": properties["name"].decode(),
        "memory": f"{properties['totalGlobalMem'] / 2**30:.0f} GB",
        "driver": _cuda_version(runtime.driverGetVersion()),
        "cuda of cupy": _cuda_version(runtime.runtimeGetVersion()),
        "cuda of torch": torch.version.cuda,
    }


def versions() -> dict[str, str]:
    """Of CuPy, and of what brings cuDNN."""
    found = {}
    cupy, cudnn = ("cupy-cuda12x", "cupy-cuda13x"), ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13")
    for package in (*cupy, *cudnn, "nvidia-cudnn-frontend"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cuda_version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"
