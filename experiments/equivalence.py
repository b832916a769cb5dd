"""What paired differences say: a difference, none that matters, or too little to tell.

A test that finds no difference proves nothing: there may have been too few seeds. The two one-sided tests
(Schuirmann 1987) turn the question round. They assume that the true difference is as large as the margin,
one way or the other, and ask whether the data refute both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Paired:
    """The evaluation of paired differences.

    Parameters
    ----------
    mean, sd : float
        Of the differences.
    interval : (float, float)
        Of 95 % confidence, Student's.
    p_difference : float
        Of the two-sided t test that the mean is 0.
    p_equivalence : float
        The larger of the two one-sided tests that the mean lies at, or beyond, either margin.
    """

    mean: float
    sd: float
    interval: tuple[float, float]
    p_difference: float
    p_equivalence: float


def evaluate(differences: Sequence[float], margin: float) -> Paired:
    """The tests of paired differences.

    Parameters
    ----------
    differences : sequence of float
        One a seed, two at least.
    margin : float
        Differences up to this size do not matter; fixed before the run.

    Raises
    ------
    ValueError
        If there are fewer than two differences or the margin is not positive.

    Examples
    --------
    >>> evaluate([0.1, -0.2, 0.0, 0.1, -0.1], margin=1.0).p_equivalence < 0.001
    True
    >>> low, high = evaluate([2.0, 2.2, 1.9], margin=1.0).interval
    >>> low > 0
    True
    """
    from scipy.stats import t

    d = np.asarray(differences, np.float64)
    if d.size < 2 or not margin > 0:
        raise ValueError(
            f"evaluate: two differences and a positive margin are the least, got {d.size} and {margin}"
        )
    freedom = d.size - 1
    mean, sd = d.mean().item(), d.std(ddof=1).item()
    error = sd / math.sqrt(d.size)
    half = t.ppf(0.975, freedom).item() * error

    def beyond(distance: float) -> float:
        """The probability of a t above distance / error; without spread 0, 1/2 or 1."""
        return float(t.sf(distance / error, freedom)) if error else 0.5 - 0.5 * float(np.sign(distance))

    return Paired(
        mean,
        sd,
        (mean - half, mean + half),
        p_difference=2 * beyond(abs(mean)),
        p_equivalence=max(beyond(margin - mean), beyond(margin + mean)),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for several tests at a time: the chance of any false rejection is the level.

    S. Holm: A simple sequentially rejective multiple test procedure, 1979.

    Examples
    --------
    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def verdict(p_difference: float, p_equivalence: float) -> str:
    """In words, at 5 %: an effect can be found and be too small to matter, both at once."""
    if p_difference < 0.05:
        return "effect found, smaller than the margin" if p_equivalence < 0.05 else "effect found"
    return "no effect: equivalent within the margin" if p_equivalence < 0.05 else "undecided: too few seeds"


def power(seeds: int, sd: float, margin: float) -> float:
    """The probability that the two one-sided tests at 5 % find an equivalence that is exact.

    Parameters
    ----------
    seeds : int
    sd : float
        Of the paired differences.
    margin : float
    """
    from scipy.integrate import quad
    from scipy.stats import chi2, norm, t

    freedom = seeds - 1
    critical = t.ppf(0.95, freedom)

    def given(s: float) -> float:
        """The mean must lie within margin - critical * s / sqrt(n), s being the measured deviation."""
        room = max(0.0, margin * math.sqrt(seeds) / sd - critical * s)
        return float(2 * norm.cdf(room) - 1)

    def weighted(c: float) -> float:
        return given(math.sqrt(c / freedom)) * float(chi2.pdf(c, freedom))

    return float(quad(weighted, 0, chi2.ppf(1 - 1e-9, freedom), limit=200)[0])


def planned_seeds(sd: float, margin: float, wanted: float = 0.8, least: int = 5) -> int:
    """The smallest number of seeds with the wanted power.

    Parameters
    ----------
    sd : float
        Of the paired differences, from earlier runs.
    margin : float
    wanted : float
        Probability to find an equivalence that is exact.
    least : int

    Examples
    --------
    >>> planned_seeds(sd=0.8, margin=1.0)
    8
    """
    for seeds in range(least, 1000):
        if power(seeds, sd, margin) >= wanted:
            return seeds
    raise ValueError(f"planned_seeds: more than 1000 seeds for a deviation of {sd} and a margin of {margin}")
