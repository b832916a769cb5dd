"""The error function against the standard library and SciPy."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats

import minigrad as mg
from minigrad.backend import array_module, special, to_numpy


def test_erf_in_float64_is_accurate_to_the_last_places(device):
    edges = [0.0, 0.84375, 1.25, 1 / 0.35, 6.0, 28.0, 1e300]
    x = np.concatenate(
        [np.linspace(-7, 7, 4001), edges, np.nextafter(edges, 0), -np.array(edges), np.logspace(-300, 1, 500)]
    )
    got = to_numpy(special.erf(mg.tensor(x, device=device).data))
    want = np.array([math.erf(v) for v in x])
    assert np.abs((got - want) / np.where(want == 0, 1, want)).max() < 4 * np.finfo(float).eps


def test_erf_in_float32(device):
    x = np.linspace(-5, 5, 10001, dtype=np.float32)
    got = special.erf(mg.tensor(x, device=device).data)
    assert got.dtype == np.float32
    np.testing.assert_allclose(to_numpy(got), scipy.special.erf(x.astype(np.float64)), atol=3e-7)


def test_erf_of_the_infinite_and_of_nan(device):
    got = to_numpy(special.erf(mg.tensor([-np.inf, np.inf, np.nan], device=device).data))
    np.testing.assert_array_equal(got, np.array([-1, 1, np.nan], np.float32))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_normal_distribution(device, dtype):
    x = np.concatenate([np.linspace(-6, 6, 4001), [-np.inf, np.inf, 1e4, -1e4, 0.0]]).astype(dtype)
    array = mg.tensor(x, device=device).data
    out = array_module(array).empty_like(array)
    assert special.normal_distribution(array, out=out) is out
    tolerance = {"float16": 5e-4, "float32": 2e-7, "float64": 1e-15}[dtype]
    np.testing.assert_allclose(to_numpy(out), scipy.stats.norm.cdf(x.astype(np.float64)), atol=tolerance)


def test_erf_of_tiny_numbers(device):
    x = np.array([1e-30, -1e-36, 1e-10], np.float32)
    got = to_numpy(special.erf(mg.tensor(x, device=device).data))
    np.testing.assert_allclose(got, scipy.special.erf(x.astype(np.float64)), rtol=1e-6)
