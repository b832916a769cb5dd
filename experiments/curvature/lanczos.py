"""The largest eigenvalues of a symmetric matrix that is known by its products only.

Lanczos' recursion turns the matrix into a small tridiagonal one, T = V' A V, whose largest eigenvalues come
close to those of A after far fewer steps than A has rows. In floating point the columns of V lose their
orthogonality just when an eigenvalue has been found, and copies of it appear; here each new column is made
orthogonal to all before it, twice ("twice is enough"), which costs memory but needs no further thought.

G. Golub, C. Van Loan: Matrix Computations, chapter 10; B. Parlett: The Symmetric Eigenvalue Problem, 13.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minigrad.backend import Array


@dataclass(frozen=True)
class Eigenpairs:
    """Approximate eigenvalues, the largest first, and what is known about their errors.

    Attributes
    ----------
    values : array, (k,)
    vectors : array, (size, k)
        Orthonormal columns.
    bounds : array, (k,)
        The norms of A v - value v: each interval value -+ bound contains an eigenvalue of A.
    products : int
        How many products with A were taken.
    """

    values: Array
    vectors: Array
    bounds: Array
    products: int


def top_eigenpairs(
    product: Callable[[Array], Array],
    size: int,
    k: int = 1,
    *,
    tolerance: float = 1e-6,
    max_products: int = 200,
    seed: int = 0,
) -> Eigenpairs:
    """The `k` (algebraically) largest eigenvalues; for the smallest, give it the product with -A.

    An eigenvalue that A has several times may be found only once. Products in float32 do not get bounds below
    some 1e-6 of the largest: ask for 1e-4 there.

    Parameters
    ----------
    product : callable
        From a vector (size,) to A times it, where A is symmetric.
    size : int
    k : int
    tolerance : float
        It stops when all k bounds are at most this times the largest |eigenvalue|.
    max_products : int
        Or after this many products; never more than `size`, which give all eigenvalues.
    seed : int
        Of the random start.

    Raises
    ------
    ValueError
        If k is not between 1 and `size`, or larger than `max_products`.

    Examples
    --------
    >>> A = np.diag(np.arange(1000.0))
    >>> found = top_eigenpairs(lambda v: A @ v, 1000, k=2, tolerance=1e-8)
    >>> found.values.round(6).tolist(), found.products < 200
    ([999.0, 998.0], True)
    """
    if not 1 <= k <= min(size, max_products):
        raise ValueError(f"top_eigenpairs: k must be from 1 to {min(size, max_products)}, got {k}")
    limit = min(size, max_products)
    rng = np.random.default_rng(seed)
    V = np.empty((limit, size))  # its rows are the basis; memory is taken as they are filled
    T = np.zeros((limit, limit))
    r = rng.standard_normal(size)
    for m in range(1, limit + 1):
        V[m - 1] = r / np.linalg.norm(r)
        r = np.asarray(product(V[m - 1]), np.float64)
        T[m - 1, m - 1] = V[m - 1] @ r
        r = _orthogonal(r, V[:m])
        beta = np.linalg.norm(r)
        values, S = np.linalg.eigh(T[:m, :m])
        bounds = beta * np.abs(S[-1])  # A v - value v = beta s_last r / |r|, for v = V' s
        scale = np.abs(values).max()
        if m == limit or (m >= k and (bounds[-k:] <= tolerance * scale).all()):
            break
        if beta > 1e-12 * scale:
            T[m - 1, m] = T[m, m - 1] = beta
        else:  # A maps the space so far to itself, and r is rounding: go on from anywhere else
            r = _orthogonal(rng.standard_normal(size), V[:m])
    top = slice(None, -k - 1, -1)
    return Eigenpairs(values[top], V[:m].T @ S[:, top], bounds[top], m)


def _orthogonal(r: Array, V: Array) -> Array:
    """What is left of r without its parts along the rows of V."""
    for _ in range(2):
        r = r - (V @ r) @ V
    return r
