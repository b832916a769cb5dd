"""How far logarithms of magnitudes are from a normal law: moments, tests, and words for the size of a misfit.

The mean and the standard deviation are estimated from the same elements. Tables for a law that was known
beforehand do not hold then: Kolmogorov's 5 % limit is 1.36 / sqrt(n), but Lilliefors' is 0.9 / sqrt(n).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from experiments.gradient_statistics.laws import ks_distance
from minigrad.backend import Array

LARGEST = 1000  # elements a p-value is taken from: gradients are dependent, and n is no number of witnesses
DRAWS = 4999
# Of log |g| for Gaussian g, where a lognormal |g| has skew and excess kurtosis 0.
HALF_NORMAL_SD = float(np.pi / 8**0.5)  # 1.1107
HALF_NORMAL_SKEW = -1.5351
HALF_NORMAL_KURTOSIS = 4.0


class Moments(NamedTuple):
    """Mean, standard deviation, skewness, and kurtosis beyond that of a normal law (3)."""

    mean: float
    sd: float
    skew: float
    kurtosis: float


def moments(y: Array) -> Moments:
    """The first four moments.

    Examples
    --------
    >>> g = np.random.default_rng(0).standard_normal(1_000_000)
    >>> found = moments(np.log(abs(g)))
    >>> round(found.sd, 2), round(found.skew, 1), round(found.kurtosis)
    (1.11, -1.5, 4)
    """
    mean, sd = y.mean(), y.std()
    z = (y - mean) / sd
    return Moments(float(mean), float(sd), float((z**3).mean()), float((z**4).mean() - 3))


def anderson_darling(y: Array) -> float:
    """A*^2 for a normal law with estimated mean and standard deviation; above 0.752 it is rejected at 5 %.

    It weighs the tails more than D does. R. D'Agostino, M. Stephens: Goodness-of-Fit Techniques, 1986,
    table 4.7: A^2 (1 + 0.75/n + 2.25/n^2).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> anderson_darling(rng.standard_normal(1000)) < 0.752 < anderson_darling(rng.laplace(size=1000))
    True
    """
    from scipy.special import log_ndtr

    n = y.size
    z = np.sort((y - y.mean()) / y.std(ddof=1))
    weights = 2 * np.arange(1, n + 1) - 1
    squared = -n - (weights * (log_ndtr(z) + log_ndtr(-z[::-1]))).sum() / n
    return float(squared * (1 + 0.75 / n + 2.25 / n**2))


def lilliefors(y: Array, seed: int = 0) -> float:
    """The p-value of Lilliefors' test that y is normal, from at most `LARGEST` elements drawn at random.

    D is compared with those of normal samples of the same size, each standardized by its own mean and
    standard deviation: a parametric bootstrap, exact because D does not depend on the true ones.
    H. Lilliefors: On the Kolmogorov-Smirnov Test for Normality with Mean and Variance Unknown, 1967.

    Examples
    --------
    >>> g = np.random.default_rng(0).standard_normal(500)
    >>> lilliefors(g) > 0.05 > lilliefors(np.log(abs(g)))
    True
    """
    if y.size > LARGEST:
        y = np.random.default_rng(seed).choice(y, LARGEST, replace=False)
    larger = (_null_distances(y.size) >= _normal_distance(y)).sum()
    return float((1 + larger) / (DRAWS + 1))


@lru_cache(maxsize=64)
def _null_distances(n: int) -> Array:
    rng = np.random.default_rng(n)
    return np.array([_normal_distance(rng.standard_normal(n)) for _ in range(DRAWS)])


def _normal_distance(y: Array) -> float:
    """D to the normal law of the same mean and standard deviation."""
    from scipy.special import ndtr

    return ks_distance(ndtr((np.sort(y) - y.mean()) / y.std()))


def verdict(distance: float, n: int) -> str:
    """A word for the size of D: "good" below 0.02, "fair" below 0.05, otherwise "poor".

    "undecided" if D is no larger than the 5 % limit for n elements of the very law: then it may be chance.

    Examples
    --------
    >>> verdict(0.03, 100_000), verdict(0.08, 100_000), verdict(0.08, 100)
    ('fair', 'poor', 'undecided')
    """
    if distance < 0.02:
        return "good"
    if distance < 0.9 / n**0.5:
        return "undecided"
    return "fair" if distance < 0.05 else "poor"
