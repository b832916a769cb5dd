"""The error function against the standard library and SciPy."""

import math

import numpy as np
import scipy.special

import minigrad as mg
from minigrad.backend import special, to_numpy


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
