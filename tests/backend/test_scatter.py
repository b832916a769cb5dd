"""Sums of rows by id: exact with repeated ids, the same bits every time, on both of its ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.backend import scatter, to_device, to_numpy


def reference(ids, rows, count):
    result = np.zeros((count, rows.shape[1]), rows.dtype)
    np.add.at(result, ids, rows)
    return result


@st.composite
def problems(draw):
    """Ids of all kinds: none, all equal, skewed, uniform."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, count, width = draw(st.integers(0, 200)), draw(st.integers(1, 50)), draw(st.integers(0, 4))
    kind = draw(st.sampled_from(["equal", "skewed", "uniform"]))
    ids = {
        "equal": np.full(n, count - 1),
        "skewed": (rng.random(n) ** 4 * count).astype(np.int64),
        "uniform": rng.integers(0, count, n),
    }[kind]
    dtype = draw(st.sampled_from([np.float64, np.int64]))
    return ids, (rng.standard_normal((n, width)) * 100).astype(dtype), count


@given(problem=problems())
def test_sum_rows(device, problem):
    ids, rows, count = problem
    result = to_numpy(scatter.sum_rows(to_device(ids, device), to_device(rows, device), count))
    assert result.dtype == rows.dtype
    np.testing.assert_allclose(result, reference(ids, rows, count), rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("way", [scatter._by_rounds, scatter._by_halves])
@given(problem=problems())
def test_both_ways_on_any_device(device, way, problem):
    """A GPU takes the other way than the CPU; here each is tried wherever the test runs."""
    ids, rows, count = problem
    if len(ids) == 0:
        return
    order = np.argsort(ids, kind="stable")
    heads, sums = way(*(to_device(a, device) for a in (ids[order], rows, order)))
    result = np.zeros((count, rows.shape[1]), rows.dtype)
    result[to_numpy(heads)] = to_numpy(sums)
    np.testing.assert_allclose(result, reference(ids, rows, count), rtol=1e-12, atol=1e-11)
    assert len(np.unique(to_numpy(heads))) == len(heads)


def test_the_same_bits_every_time(device, rng):
    ids, rows = rng.integers(0, 10, 1000), rng.standard_normal((1000, 3)).astype(np.float32)
    first, second = (
        to_numpy(scatter.sum_rows(to_device(ids, device), to_device(rows, device), 10)) for _ in range(2)
    )
    assert first.tobytes() == second.tobytes()


def test_infinities_and_nan_stay_in_their_row(device):
    ids, rows = (
        np.array([0, 1, 0, 2, 0]),
        np.array([[1.0, 1.0], [np.inf, np.nan], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]),
    )
    result = to_numpy(scatter.sum_rows(to_device(ids, device), to_device(rows, device), 3))
    np.testing.assert_array_equal(result, [[7.0, 7.0], [np.inf, np.nan], [3.0, 3.0]])


@pytest.mark.parametrize(
    "index",
    [
        (np.array([0, 2, 2]),),
        (slice(None), np.array([[0, 1], [1, 1]])),
        (slice(None), slice(None), np.array([4, 4])),
        (np.array([0, 2, 0]), np.array([1, 1, 1])),
        (np.array([0, 0]), slice(None), np.array([3, 3])),
        (slice(None), np.array([[0], [1]]), np.array([2, 2, 2])),
        (np.array([[0], [0]]), np.array([1, 1]), np.array([2])),
        (slice(None), np.array([0, 0]), slice(None), np.array([1, 1])),
    ],
)
def test_scatter_sum_is_the_adjoint_of_indexing(device, rng, index):
    shape = (3, 4, 5, 2)
    values = rng.standard_normal(np.zeros(shape)[index].shape)
    expected = np.zeros(shape)
    np.add.at(expected, index, values)
    on_device = tuple(e if isinstance(e, slice) else to_device(e, device) for e in index)
    result = to_numpy(scatter.scatter_sum(shape, on_device, to_device(values, device)))
    np.testing.assert_allclose(result, expected, rtol=1e-12)
