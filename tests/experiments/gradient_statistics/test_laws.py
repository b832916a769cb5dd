"""Maximum-likelihood fits: the truth recovered, scipy's answers matched, the right law preferred."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from experiments.gradient_statistics.laws import LAWS, SHAPES, fit, ks_distance

TRUE = {
    "lognormal": scipy.stats.lognorm(1.5, scale=1e-4),
    "half-normal": scipy.stats.halfnorm(scale=1e-4),
    "Weibull": scipy.stats.weibull_min(0.7, scale=1e-4),
    "gamma": scipy.stats.gamma(0.4, scale=1e-4),
    "generalised Gaussian": scipy.stats.halfgennorm(0.6, scale=1e-4),
}


def sample(law, n, seed=0):
    return TRUE[law].rvs(n, random_state=np.random.default_rng(seed))


@pytest.mark.parametrize("law", LAWS)
def test_known_parameters_are_recovered(law):
    found = fit(law, sample(law, 100_000))
    # The standard error of a shape here is below 0.5 %, of a scale below 1 %.
    if found.shape is not None:
        assert found.shape == pytest.approx(TRUE[law].args[0], rel=0.02)
    assert found.scale == pytest.approx(1e-4, rel=0.04)
    assert found.distance < 0.006


@pytest.mark.parametrize("law", LAWS)
def test_the_likelihood_is_at_least_scipys(law):
    x = sample(law, 3000) / 1e-4  # scipy's optimizer stops early on small numbers
    kind = getattr(scipy.stats, LAWS[law].scipy_name)
    theirs = kind.fit(x, floc=0)
    ours = fit(law, x)
    assert ours.log_likelihood == pytest.approx(ours.distribution().logpdf(x).mean(), rel=1e-12)
    assert ours.log_likelihood >= kind(*theirs).logpdf(x).mean() - 1e-12
    assert (ours.shape, ours.scale)[ours.shape is None :] == pytest.approx(
        tuple(v for i, v in enumerate(theirs) if i != len(theirs) - 2), rel=1e-3
    )
    assert ours.distance == pytest.approx(scipy.stats.kstest(x, ours.distribution().cdf).statistic, rel=1e-9)


@pytest.mark.parametrize("law", LAWS)
@given(seed=st.integers(0, 10**6), n=st.integers(5, 200), other=st.sampled_from(list(TRUE)))
def test_no_neighbour_is_likelier(law, seed, n, other):
    x = sample(other, n, seed)
    found = fit(law, x)
    kind = getattr(scipy.stats, LAWS[law].scipy_name)
    for factor in (1.001, 1 / 1.001):
        assert kind(*(found.shape,) * (found.shape is not None), 0, found.scale * factor).logpdf(x).mean() < (
            found.log_likelihood
        )
        if found.shape is not None and SHAPES[0] < found.shape < SHAPES[1]:
            neighbour = kind(found.shape * factor, 0, found.scale)
            assert neighbour.logpdf(x).mean() < found.log_likelihood


@pytest.mark.parametrize("law", LAWS)
def test_the_right_law_wins_on_its_own_samples(law):
    x = sample(law, 20_000, seed=1)
    assert min(LAWS, key=lambda other: fit(other, x).aic) == law


@pytest.mark.parametrize("law", LAWS)
def test_the_unit_does_not_matter(law):
    x = sample(law, 500)
    here, there = fit(law, x), fit(law, 1e-200 * x)
    assert here.shape is None or there.shape == pytest.approx(here.shape, rel=1e-9)
    assert there.scale == pytest.approx(1e-200 * here.scale, rel=1e-9)
    assert there.distance == pytest.approx(here.distance, rel=1e-9)


def test_akaikes_criterion_counts_parameters():
    x = sample("half-normal", 1000)
    for law, parameters in {"half-normal": 1, "gamma": 2}.items():
        found = fit(law, x)
        assert found.aic == pytest.approx(2 * parameters / 1000 - 2 * found.log_likelihood, rel=1e-12)


def test_equal_elements_are_one_step_of_the_empirical_distribution():
    x = np.repeat([1.0, 2.0, 4.0], [5, 1, 4])
    found = fit("lognormal", x)
    assert found.distance == pytest.approx(scipy.stats.kstest(x, found.distribution().cdf).statistic)
    assert ks_distance(np.full(10, 0.5)) == 0.5


@pytest.mark.parametrize("bad", [[1.0], [2.0, 2.0], [0.0, 1.0], [-1.0, 1.0], [1.0, np.inf], [1.0, np.nan]])
def test_only_different_positive_finite_numbers_are_fitted(bad):
    with pytest.raises(ValueError, match="expected positive finite numbers"):
        fit("gamma", np.array(bad))
