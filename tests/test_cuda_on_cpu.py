"""The emulator: it runs what CUDA would run, and refuses what a GPU would silently do wrong.

It cannot see: races between blocks, or between two threads that do not depend on the order in which a block's
threads run; addresses outside an array; warps; the GPU's own rounding (fused multiply-add, its erf and tanh);
streams, and memory that is freed while a kernel runs.
"""

import shutil

import numpy as np
import pytest

from tests import cuda_on_cpu
from tests.fake_cupy import ndarray

REVERSE = """
extern "C" __global__ void reverse(int* x)
{
    __shared__ int copy[64];
    int i = threadIdx.x, n = blockDim.x;
    copy[i] = x[blockIdx.x * n + i];
    __syncthreads();
    x[blockIdx.x * n + i] = copy[n - 1 - i];
}
"""


@pytest.fixture(params=[False, True], ids=["forwards", "backwards"])
def backwards(request, monkeypatch):
    monkeypatch.setattr(cuda_on_cpu, "backwards", request.param)
    return request.param


def numbers(size, dtype=np.int32):
    return ndarray(np.arange(size, dtype=dtype))


@pytest.mark.usefixtures("backwards")
def test_blocks_and_barriers():
    x = numbers(24)
    cuda_on_cpu.RawKernel(REVERSE, "reverse")((3,), (8,), (x,))
    assert x.tolist() == [*range(7, -1, -1), *range(15, 7, -1), *range(23, 15, -1)]


def test_a_forgotten_barrier_shows_in_one_order(monkeypatch):
    kernel = cuda_on_cpu.RawKernel(
        REVERSE.replace("    __syncthreads();\n", "") + "// __syncthreads()", "reverse"
    )
    results = []
    for order in (False, True):
        monkeypatch.setattr(cuda_on_cpu, "backwards", order)
        x = numbers(8)
        kernel((1,), (8,), (x,))
        results.append(x.tolist())
    assert results[0] != results[1]
    assert -1 in results[0]  # shared memory that nobody had written to yet


def test_grids_of_three_dimensions():
    code = """
    extern "C" __global__ void place(long long* x)
    {
        long long block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
        long long thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
        x[block * blockDim.x * blockDim.y * blockDim.z + thread] += 1;
    }"""
    x = ndarray(np.zeros(24 * 6, np.int64))
    cuda_on_cpu.RawKernel(code, "place")((2, 3, 4), (3, 1, 2), (x,))
    assert x.tolist() == [1] * (24 * 6)


@pytest.mark.usefixtures("backwards")
@pytest.mark.parametrize("condition", ["threadIdx.x < 3", "threadIdx.x == 0", "threadIdx.x"])
def test_a_barrier_that_some_threads_miss(condition):
    code = f'extern "C" __global__ void half(int* x) {{ if ({condition}) __syncthreads(); x[0] = 1; }}'
    with pytest.raises(RuntimeError, match="half: not all threads of a block came to the same __syncthreads"):
        cuda_on_cpu.RawKernel(code, "half")((1,), (8,), (numbers(1),))


ARGUMENTS = (
    'extern "C" __global__ void take(const float* x, float a, double b, int n, bool flag, float* y) {}'
)


@pytest.mark.parametrize(
    ("position", "wrong", "message"),
    [
        (0, numbers(3), r"argument 0 must be \*f4, got \*i4"),
        (0, np.float32(1), r"argument 0 must be \*f4, got f4"),
        (1, np.float64(1), "argument 1 must be f4, got f8"),
        (1, 1.0, "argument 1 must be f4, got a Python float"),
        (2, np.float32(1), "argument 2 must be f8, got f4"),
        (3, np.int64(1), "argument 3 must be i4, got i8"),
        (3, 1, "argument 3 must be i4, got a Python int"),
        (4, np.int32(1), "argument 4 must be b1, got i4"),
    ],
)
def test_arguments_must_have_the_declared_type(position, wrong, message):
    x = numbers(3, np.float32)
    kernel = cuda_on_cpu.RawKernel(ARGUMENTS, "take")
    right = [x, np.float32(1), np.float64(1), np.int32(1), np.bool_(True), np.uintp(0)]
    kernel((1,), (1,), tuple(right))
    right[position] = wrong
    with pytest.raises(TypeError, match=f"take: {message}"):
        kernel((1,), (1,), tuple(right))


def test_other_mistakes():
    kernel = cuda_on_cpu.RawKernel(REVERSE, "reverse")
    with pytest.raises(TypeError, match=r"reverse takes 1 arguments \(\*i4\), got 0"):
        kernel((1,), (8,), ())
    for grid, block in (((0,), (8,)), ((1,), (2048,))):
        with pytest.raises(ValueError, match="reverse: CUDA cannot launch a grid of"):
            kernel(grid, block, (numbers(8),))
    with pytest.raises(RuntimeError, match="g\\+\\+ refuses wrong"):
        cuda_on_cpu.RawKernel('extern "C" __global__ void wrong() { nonsense; }', "wrong")((1,), (1,), ())


def test_without_a_compiler_a_test_is_skipped(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(pytest.skip.Exception, match=r"with g\+\+, which is not installed"):
        cuda_on_cpu.RawKernel(REVERSE + "// not compiled before", "reverse")((1,), (8,), (numbers(8),))
