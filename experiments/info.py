"""`minigrad info` and `minigrad data list`: what this machine offers."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np


def lines() -> list[str]:
    """What a bug report needs: versions, BLAS and its threads, the GPU, the data found."""
    import minigrad

    packages = ", ".join(
        f"{name} {found}"
        for name in ("matplotlib", "safetensors", "scipy", "torch")
        if (found := _version(name))
    )
    return [
        f"minigrad  {minigrad.__version__}",
        f"python    {platform.python_version()} on {platform.platform()}",
        f"numpy     {np.__version__}, BLAS: {_blas()}",
        f"threads   {os.cpu_count()} cores; {_threads()}",
        f"gpu       {_gpu()}",
        f"packages  {packages}",
        "data",
        *("  " + line for line in data_lines()),
    ]


def data_lines() -> list[str]:
    """Each data set, and where it is."""
    from minigrad.data import catalogue, tiny_imagenet

    found = [(entry.name, entry.description, entry.path) for entry in catalogue()]
    about = "100,000 photographs of 64x64 pixels in 200 classes; by hand"
    found.append(("tiny-imagenet", about, tiny_imagenet.locate()))
    return [f"{name:<13} {description:<62} {path or 'not here'}" for name, description, path in found]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _blas() -> str:
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}"


def _threads() -> str:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    chosen = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    return ", ".join(chosen) or "BLAS decides how many it uses (OMP_NUM_THREADS is not set)"


def _gpu() -> str:
    from minigrad.backend import cuda_module, cudnn

    try:
        cupy = cuda_module()
    except RuntimeError as error:
        return f"none: {error}"
    properties = cupy.cuda.runtime.getDeviceProperties(0)
    name, memory = properties["name"].decode(), properties["totalGlobalMem"] / 2**30
    return f"{name}, {memory:.0f} GiB, CuPy {cupy.__version__}, {cudnn.library()[1]}"
