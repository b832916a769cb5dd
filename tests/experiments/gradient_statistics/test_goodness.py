"""Tests of normality against scipy, their size on normal samples, and the table of reference distances."""

import warnings

import numpy as np
import pytest
import scipy.stats

from experiments.gradient_statistics import goodness
from experiments.gradient_statistics.laws import fit

N = 100_000


def spread(s):
    """Gaussian elements, each times a lognormal scale of its own."""
    return lambda rng: rng.standard_normal(N) * np.exp(rng.normal(0, s, N))


# From the literature notes on AGR: D of a lognormal fit to |g|, to the digits given there.
REFERENCE = {
    "Gaussian": (lambda rng: rng.standard_normal(N), 0.097),
    "Laplace": (lambda rng: rng.laplace(size=N), 0.071),
    "t with 3 degrees": (lambda rng: rng.standard_t(3, N), 0.073),
    "Weibull 0.7": (lambda rng: rng.weibull(0.7, N), 0.072),
    "t with 1.5 degrees": (lambda rng: rng.standard_t(1.5, N), 0.050),
    "scales 0.5": (spread(0.5), 0.072),
    "scales 1": (spread(1), 0.037),
    "scales 1.5": (spread(1.5), 0.019),
    "scales 2": (spread(2), 0.011),
    "scales 3": (spread(3), 0.005),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_distances(name, rng):
    draw, expected = REFERENCE[name]
    # Rounded to 0.0005; at n = 100,000 a D fluctuates by some 0.6 / sqrt(n) = 0.002.
    assert fit("lognormal", abs(draw(rng))).distance == pytest.approx(expected, abs=0.0035)


def test_moments(rng):
    y = rng.gumbel(size=1000)
    found = goodness.moments(y)
    expected = y.mean(), y.std(), scipy.stats.skew(y), scipy.stats.kurtosis(y)
    assert found == pytest.approx(expected, rel=1e-12)


def test_half_normal_moments_are_those_of_a_chi_square():
    from scipy.special import polygamma

    second, third, fourth = (polygamma(k, 0.5) for k in (1, 2, 3))
    assert pytest.approx(second**0.5 / 2) == goodness.HALF_NORMAL_SD
    assert pytest.approx(third / second**1.5, abs=1e-4) == goodness.HALF_NORMAL_SKEW
    assert pytest.approx(fourth / second**2) == goodness.HALF_NORMAL_KURTOSIS


def test_anderson_darling_has_the_value_of_scipy(rng):
    y = rng.logistic(size=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about other parts of the result
        theirs = scipy.stats.anderson(y, "norm").statistic
    assert goodness.anderson_darling(y) == pytest.approx(theirs * (1 + 0.75 / 300 + 2.25 / 300**2), rel=1e-9)


def test_a_normal_law_is_rejected_as_often_as_it_should_be(rng):
    samples = rng.normal(3, 7, (2000, 100))
    squared = np.array([goodness.anderson_darling(y) for y in samples])
    p = np.array([goodness.lilliefors(y) for y in samples])
    # Three standard errors of 5 % in 2000 are 1.5 %.
    assert (squared > 0.752).mean() == pytest.approx(0.05, abs=0.015)
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.015)


def test_lilliefors_is_the_bootstrap_of_scipy(rng):
    y = rng.gamma(20.0, size=200)
    theirs = scipy.stats.goodness_of_fit(
        scipy.stats.norm, y, statistic="ks", n_mc_samples=999, rng=np.random.default_rng(1)
    )
    assert 0.01 < theirs.pvalue < 0.9  # otherwise it says little
    assert goodness.lilliefors(y) == pytest.approx(theirs.pvalue, abs=0.05)


def test_large_samples_are_thinned_out(rng):
    y = rng.standard_normal(300_000) + 0.02 * rng.standard_exponential(300_000)
    assert goodness.lilliefors(y) > 0.01  # a difference of no size is no discovery
    assert goodness.lilliefors(y, seed=1) == goodness.lilliefors(y, seed=1)


def test_words():
    sizes = [(0.019, 50), (0.021, 10**6), (0.049, 10**6), (0.051, 10**6), (0.12, 50), (0.13, 50)]
    words = ["good", "fair", "fair", "poor", "undecided", "poor"]
    assert [goodness.verdict(*size) for size in sizes] == words
