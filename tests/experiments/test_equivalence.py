"""The tests of paired differences, against scipy and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.equivalence import evaluate, holm, planned_seeds, power, verdict


@given(st.integers(2, 12), st.floats(0.1, 3), st.integers(0, 10**6))
def test_intervals_and_p_values_are_scipys(seeds, margin, seed):
    d = np.random.default_rng(seed).normal(0.3, 0.8, seeds)
    paired = evaluate(d.tolist(), margin)
    test = stats.ttest_1samp(d, 0)
    np.testing.assert_allclose(paired.interval, test.confidence_interval(0.95), rtol=1e-9)
    assert paired.p_difference == pytest.approx(test.pvalue, rel=1e-9)
    one_sided = [
        stats.ttest_1samp(d, -margin, alternative="greater").pvalue,
        stats.ttest_1samp(d, margin, alternative="less").pvalue,
    ]
    assert paired.p_equivalence == pytest.approx(max(one_sided), rel=1e-9)


def test_equivalence_means_that_the_90_percent_interval_is_inside_the_margin(rng):
    for _ in range(200):
        d = rng.normal(0, 0.5, 6)
        low, high = stats.ttest_1samp(d, 0).confidence_interval(0.9)
        assert (evaluate(d.tolist(), 0.5).p_equivalence < 0.05) == (low > -0.5 and high < 0.5)


def test_differences_without_spread():
    assert evaluate([0.0, 0.0], 1).p_equivalence == 0
    assert evaluate([0.0, 0.0], 1).p_difference == 1
    assert evaluate([2.0, 2.0], 1).p_equivalence == 1
    assert evaluate([2.0, 2.0], 1).p_difference == 0
    assert evaluate([1.0, 1.0], 1).p_equivalence == 0.5


@pytest.mark.parametrize(("differences", "margin"), [([0.1], 1), ([0.1, 0.2], 0), ([0.1, 0.2], float("nan"))])
def test_too_little_is_refused(differences, margin):
    with pytest.raises(ValueError, match="two differences and a positive margin are the least"):
        evaluate(differences, margin)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_what_its_steps_reject(p_values):
    adjusted = holm(p_values)
    rejected, threshold_passed = set(), True
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        threshold_passed = threshold_passed and p_values[i] * (len(p_values) - rank) < 0.05
        if threshold_passed:
            rejected.add(i)
    assert {i for i, p in enumerate(adjusted) if p < 0.05} == rejected
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))


@pytest.mark.parametrize("seeds", [5, 8])
def test_power_is_the_share_of_simulated_studies_that_find_equivalence(seeds, rng):
    d = rng.normal(0, 0.84, (4000, seeds))
    error = d.std(1, ddof=1) / seeds**0.5
    found = np.abs(d.mean(1)) + stats.t.ppf(0.95, seeds - 1) * error < 1
    assert found.mean() == pytest.approx(power(seeds, 0.84, 1.0), abs=0.03)


def test_the_planned_number_of_seeds_is_the_smallest_with_enough_power():
    seeds = planned_seeds(0.84, 1.0)
    assert power(seeds, 0.84, 1.0) >= 0.8 > power(seeds - 1, 0.84, 1.0)
    assert planned_seeds(0.01, 1.0) == 5
    with pytest.raises(ValueError, match="more than 1000 seeds"):
        planned_seeds(1000.0, 0.1)


def test_verdicts():
    assert verdict(0.01, 0.5) == "effect found"
    assert verdict(0.01, 0.01) == "effect found, smaller than the margin"
    assert verdict(0.5, 0.01) == "no effect: equivalent within the margin"
    assert verdict(0.5, 0.5) == "undecided: too few seeds"
