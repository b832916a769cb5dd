"""Many tensors in one launch: every element once, whatever the sizes; tables sent only when they change."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.backend import to_numpy
from minigrad.backend.cuda import TensorTable, multi_tensor

SOURCE = """
#include "multi_tensor.cuh"
extern "C" __global__ void add(const long long* rows, const int* chunks, real number)
{
    Chunk chunk = chunk_of_this_block(rows, chunks);
    real* x = array(chunk, 0);
    const real* y = array(chunk, 1);
    for (long long i = chunk.begin + threadIdx.x; i < chunk.end; i += THREADS)
        x[i] += number + (y ? y[i] : 0) + chunk.row[3];
}
extern "C" __global__ void sizes(const long long* rows, long long* result)
{
    if (threadIdx.x == 0) result[blockIdx.x] = rows[4 * blockIdx.x];
}
"""
SIZES = [0, 1, 31, 8192, 0, 8193, 70001, 0]


@pytest.fixture
def source(device, tmp_path):
    if device == "cpu":
        pytest.skip("kernels run on a GPU, or with --device fake")
    file = tmp_path / "add.cu"
    file.write_text(SOURCE)
    return file


def arrays(device, value):
    return [mg.tensor(np.full(size, value), device=device).data for size in SIZES]


def test_every_element_once(device, source):
    xs, ys = arrays(device, 1.0), arrays(device, 10.0)
    rows = [(x, y if i % 2 else None, 100 * i) for i, (x, y) in enumerate(zip(xs, ys, strict=True))]
    table = TensorTable(rows)
    table.launch(source, "add", (1000.0,))
    for i, x in enumerate(xs):
        np.testing.assert_array_equal(to_numpy(x), 1001 + 10 * (i % 2) + 100 * i)
    result = mg.zeros(len(SIZES), dtype="int64", device=device)
    table.launch_per_tensor(source, "sizes", (result.data,))
    assert result.tolist() == SIZES


def test_nothing_to_do(device, source):
    empty = mg.zeros(0, device=device).data
    TensorTable([(empty, None, 0), (empty, None, 0)]).launch(source, "add", (1.0,))


def test_tables_are_sent_once(device, source):
    xs, others = arrays(device, 0.0), arrays(device, 0.0)
    multi_tensor._sent.cache_clear()
    for _ in range(3):
        TensorTable([(x, None, 0) for x in xs]).launch(source, "add", (1.0,))
    assert multi_tensor._sent.cache_info().misses == 2
    TensorTable([(x, None, 0) for x in others]).launch(source, "add", (1.0,))
    assert multi_tensor._sent.cache_info().misses == 3  # other addresses, but the same chunks
    assert all((to_numpy(x) == 3).all() for x in xs)
    assert all((to_numpy(x) == 1).all() for x in others)
