"""Eigenvalues against dense ones, and the bounds that come with them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import LinearOperator, eigsh

from experiments.curvature import Hessian, top_eigenpairs
from tests.experiments.curvature.nets import pair


def symmetric(rng, values):
    Q = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
    return (Q * values) @ Q.T


@given(seed=st.integers(0, 10**6), n=st.integers(1, 40), k=st.integers(1, 6))
def test_against_dense_eigenvalues(seed, n, k):
    k = min(k, n)
    rng = np.random.default_rng(seed)
    A = symmetric(rng, rng.standard_normal(n))
    found = top_eigenpairs(lambda v: A @ v, n, k, tolerance=1e-10, seed=seed)
    exact = np.linalg.eigvalsh(A)[::-1][:k]
    np.testing.assert_allclose(found.values, exact, atol=1e-9 * abs(A).max() * n)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(k), atol=1e-12)
    residuals = np.linalg.norm(A @ found.vectors - found.vectors * found.values, axis=0)
    np.testing.assert_allclose(found.bounds, residuals, atol=1e-11 * n)


@given(seed=st.integers(0, 10**6), steps=st.integers(2, 12))
def test_bounds_hold_long_before_convergence(seed, steps):
    rng = np.random.default_rng(seed)
    A = symmetric(rng, np.exp(rng.normal(0, 2, 60)))
    found = top_eigenpairs(lambda v: A @ v, 60, 2, tolerance=0, max_products=steps, seed=seed)
    assert found.products == steps
    exact = np.linalg.eigvalsh(A)
    for value, bound in zip(found.values, found.bounds, strict=True):
        assert abs(exact - value).min() <= bound * (1 + 1e-9) + 1e-12 * exact.max()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["mlp", "convnet"])
def test_the_hessian_of_a_network(name, training, device):
    H = Hessian(pair(name, training, device=device)[0])
    exact = np.linalg.eigvalsh(H.dense())
    found = top_eigenpairs(H.__matmul__, H.size, k=4, tolerance=1e-10)
    np.testing.assert_allclose(found.values, exact[::-1][:4], rtol=1e-8, atol=1e-12)
    theirs = eigsh(LinearOperator((H.size, H.size), matvec=H.__matmul__, dtype=float), k=4, which="LA")[0]
    np.testing.assert_allclose(found.values, theirs[::-1], rtol=1e-8, atol=1e-12)
    smallest = top_eigenpairs(lambda v: -(H @ v), H.size, tolerance=1e-10)
    assert -smallest.values[0] == pytest.approx(exact[0], rel=1e-8)


def test_the_basis_stays_orthogonal_where_the_plain_recursion_loses_it(rng):
    values = np.concatenate([np.linspace(0, 1, 200), [100.0]])
    A = symmetric(rng, values)
    found = top_eigenpairs(lambda v: A @ v, 201, k=6, tolerance=1e-12, max_products=201)
    np.testing.assert_allclose(found.values, np.sort(values)[::-1][:6], rtol=1e-10)  # 100 only once


def test_spaces_that_are_exhausted(rng):
    identity = top_eigenpairs(lambda v: v, 5, k=3)
    np.testing.assert_allclose(identity.values, 1)
    np.testing.assert_allclose(top_eigenpairs(np.zeros_like, 4, k=4).values, 0)
    low_rank = symmetric(rng, np.array([3.0, 2.0] + [0.0] * 48))
    found = top_eigenpairs(lambda v: low_rank @ v, 50, k=3)
    np.testing.assert_allclose(found.values, [3, 2, 0], atol=1e-12)
    assert found.products < 6


def test_the_seed_decides(rng):
    A = symmetric(rng, rng.standard_normal(30))
    first, again, other = (top_eigenpairs(lambda v: A @ v, 30, tolerance=0.01, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert not np.array_equal(first.vectors, other.vectors)


@pytest.mark.parametrize(("k", "limit"), [(0, 200), (5, 200), (3, 2)])
def test_impossible_numbers(k, limit):
    with pytest.raises(ValueError, match="k must be from 1 to"):
        top_eigenpairs(lambda v: v, 4, k, max_products=limit)
