"""The CUDA sources: that CUDA's own compiler takes every one, and what becomes of includes and arguments."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import optim
from minigrad.backend import cuda
from minigrad.backend.cuda import kernels

SOURCES = sorted(
    file for package in (mg, optim) for file in Path(package.__file__).parent.rglob("*.cu")
)  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_nvcc_compiles(tmp_path, file, dtype):
    """For the GPUs of 2020 (A100) and 2022 (H100), with warnings as errors."""
    if shutil.which("nvcc") is None:
        pytest.skip("nvcc, CUDA's compiler, is not installed")
    text = tmp_path / file.name
    text.write_text(cuda.source(file, np.dtype(dtype)))
    targets = [f"-gencode=arch=compute_{n},code=sm_{n}" for n in (80, 90)]
    command = ["nvcc", "-c", "-std=c++14", "-Werror", "all-warnings", *targets, "-o", tmp_path / "object"]
    result = subprocess.run([*command, text], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_all_sources_were_found():
    assert {"adam.cu", "psi.cu", "special.cu", "batch_norm.cu"} <= {file.name for file in SOURCES}


def test_a_source_is_one_text(tmp_path):
    (tmp_path / "own.cuh").write_text("// beside it\n")
    file = tmp_path / "a.cu"
    file.write_text('#include "own.cuh"\n#include "multi_tensor.cuh"\n')
    text = cuda.source(file, np.dtype("float64"))
    assert text.startswith("typedef double real;\n")
    assert "// beside it\n" in text
    assert "struct Chunk" in text
    assert "#include" not in text


def test_which_arrays_kernels_take(device):
    def array(dtype="float32"):
        return mg.zeros(4, 6, dtype=dtype, device=device).data

    x = array()
    assert cuda.runs_kernels(x) == cuda.runs_kernels(x, array()) == (device != "cpu")
    assert cuda.runs_kernels(x, None) == (device != "cpu")
    assert not cuda.runs_kernels(x[:0])
    assert not cuda.runs_kernels(x, mg.zeros(4, 6).data if device != "cpu" else None)
    assert not cuda.runs_kernels(x, array("float64"))
    assert not cuda.runs_kernels(array("float16"))
    assert not cuda.runs_kernels(x.T)
    assert not cuda.runs_kernels(x, x[:, ::2])


SCALE = """
#include "elementwise.cuh"
extern "C" __global__ void scale(
    long long size, real* x, real factor, bool negate, int offset, const real* more)
{
    for (long long i = first(); i < size; i += step())
        x[i] = (negate ? -1 : 1) * factor * x[i] + offset + (more ? more[i] : 0);
}
"""


@pytest.mark.parametrize("size", [1, 255, 256, 257, 5000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elementwise(device, monkeypatch, tmp_path, size, dtype):
    if device == "cpu":
        pytest.skip("kernels run on a GPU, or with --device fake")
    monkeypatch.setattr(kernels, "_MOST_BLOCKS", 3)  # so that threads have several elements
    file = tmp_path / "scale.cu"
    file.write_text(SCALE)
    x, more = (mg.tensor(np.arange(size, dtype=dtype), device=device).data for _ in range(2))
    cuda.launch_elementwise(file, "scale", size, (x, 3, True, np.int32(5), None), like=x)
    np.testing.assert_array_equal(mg.Tensor(x).numpy(), -3 * np.arange(size) + 5)
    cuda.launch_elementwise(file, "scale", size, (x, 1.0, False, np.int32(0), more), like=x)
    np.testing.assert_array_equal(mg.Tensor(x).numpy(), -2 * np.arange(size) + 5)
