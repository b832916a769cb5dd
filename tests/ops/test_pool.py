"""Pooling by maxima against PyTorch: values, first and second derivatives, ties, NaN, refusals."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops import pool
from tests.ops.pools import REFUSED, dimensions, images, windows
from tests.oracle import check

MAX = {1: (pool.max_pool1d, F.max_pool1d), 2: (pool.max_pool2d, F.max_pool2d)}


@given(data=st.data(), dims=dimensions)
def test_max_pool(device, data, dims):
    size, options = data.draw(windows(dims))
    x = data.draw(images(size))
    ours, theirs = MAX[dims]
    check(ours, theirs, x, device=device, **options)
    check(ours, theirs, x, device=device, return_indices=True, **options)
    check(ours, theirs, x.astype(np.float32), device=device, dtype=np.float32, **options)


@given(data=st.data(), dims=dimensions)
def test_the_first_of_equal_maxima_wins(device, data, dims):
    size, options = data.draw(windows(dims))
    x = data.draw(images(size, ties=True))
    ours, theirs = MAX[dims]
    check(ours, theirs, x, device=device, return_indices=True, **options)


@given(data=st.data())
def test_nan_wins_and_minus_infinity_does_not_lose_to_padding(device, data):
    size, options = data.draw(windows(2))
    x = data.draw(images(size))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x[rng.random(x.shape) < 0.3] = -np.inf
    x[rng.random(x.shape) < data.draw(st.sampled_from([0.0, 0.1]))] = np.nan
    check(pool.max_pool2d, F.max_pool2d, x, device=device, second=False, return_indices=True, **options)


@given(data=st.data())
def test_max_pool_of_integers(device, data):
    size, options = data.draw(windows(2))
    x = data.draw(images(size, ties=True)).astype(np.int64)
    x[x < 0] = np.iinfo(np.int64).min
    check(pool.max_pool2d, F.max_pool2d, x, device=device, return_indices=True, **options)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
@pytest.mark.parametrize(("size", "padding"), [((1, 1), (1, 0)), ((1, 3), (1, 0)), ((2, 1), (0, 1))])
def test_a_window_without_a_pixel(device, size, padding, dtype):
    x = np.ones((2, 3, *size), dtype)
    options = {
        "kernel_size": [p + 1 for p in padding],
        "padding": padding,
        "dilation": [p + 1 for p in padding],
    }
    got = pool.max_pool2d(mg.tensor(x, device=device), return_indices=True, **options)
    want = F.max_pool2d(torch.tensor(x), return_indices=True, **options)
    for mine, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())


def test_the_stride_is_the_kernel_size_by_default(device, rng):
    x = rng.standard_normal((1, 2, 7, 7))
    check(pool.max_pool2d, F.max_pool2d, x, (2, 3), (), device=device)


def test_a_window_of_more_than_256_pixels(device, rng):
    x = rng.standard_normal((1, 2, 18, 18))
    check(pool.max_pool2d, F.max_pool2d, x, device=device, kernel_size=17, stride=1, return_indices=True)


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(("shape", "options", "message"), REFUSED)
def test_refusals(device, shape, options, message):
    with pytest.raises(RuntimeError, match=f"^max_pool2d: .*{message}"):
        pool.max_pool2d(mg.zeros(*shape, device=device), **options)
    with pytest.raises((RuntimeError, IndexError)):
        F.max_pool2d(torch.zeros(*shape), **options)


def test_booleans_are_refused(device):
    x = mg.zeros(1, 2, 4, 4, device=device)
    with pytest.raises(RuntimeError, match="^max_pool2d: expected numbers, got a boolean tensor"):
        pool.max_pool2d(x > 0, 2)
