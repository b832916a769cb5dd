"""Five laws that the magnitudes of a gradient might follow, fitted by maximum likelihood.

Each is a law on x > 0 with a free scale: x / scale has a law that depends on the shape alone. So every fit
works on y = log x with its mean taken off, where nothing under- or overflows, and puts the scale back at the
end. With mean(y) = 0 the likelihood equations are

    lognormal             shape sigma:  sigma^2 = mean(y^2)
    half-normal           no shape
    Weibull               shape k:      1/k = mean_k(y)
    gamma                 shape k:      log k - psi(k) = log mean(e^y)
    generalised Gaussian  shape b:      b + log b + psi(1/b) + log mean(e^(by)) = b mean_b(y)

where mean_k(y) weighs each element by e^(ky), and psi is the digamma function. The generalised Gaussian is
meant for the signed gradient, density ~ exp(-|g / scale|^b): b = 2 is the half-normal, b = 1 Laplace's law.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.backend import Array

SHAPES = (1e-2, 1e3)  # where a shape is looked for; beyond, a law is as good as its limit


@dataclass(frozen=True)
class Fit:
    """A fitted law.

    Attributes
    ----------
    law : str
        A key of `LAWS`.
    shape : float or None
    scale : float
        As in scipy.stats, with `loc` 0.
    log_likelihood : float
        The mean over the elements.
    aic : float
        Akaike's criterion divided by the number of elements, 2 (parameters / n - log_likelihood): less is
        better, and differences of laws fitted to the same elements do not depend on the unit of x.
    distance : float
        Kolmogorov's and Smirnov's D, the largest difference of the two distribution functions.
    """

    law: str
    shape: float | None
    scale: float
    log_likelihood: float
    aic: float
    distance: float

    def distribution(self) -> Any:
        """The law as a frozen distribution of scipy.stats."""
        import scipy.stats

        shapes = [] if self.shape is None else [self.shape]
        return getattr(scipy.stats, LAWS[self.law].scipy_name)(*shapes, loc=0, scale=self.scale)


@dataclass(frozen=True)
class Law:
    """How a law is fitted to centred logarithms: its name in scipy, its shape, and the scale that follows."""

    scipy_name: str
    shape: Callable[[Array], float] | None
    scale: Callable[[Array, Any], float]


def fit(law: str, x: Array) -> Fit:
    """Fit one law to positive numbers by maximum likelihood.

    Parameters
    ----------
    law : str
        A key of `LAWS`.
    x : array
        Positive and finite; at least two different values.

    Raises
    ------
    KeyError
        If the law is unknown.
    ValueError
        If the numbers are not positive and finite, or all the same.

    Examples
    --------
    >>> x = np.random.default_rng(0).weibull(0.7, 100_000)
    >>> found = fit("Weibull", 1e-20 * x)
    >>> round(found.shape, 2), f"{found.scale:.0e}"
    (0.7, '1e-20')
    >>> found.distance < fit("lognormal", x).distance
    True
    """
    kind = LAWS[law]
    x = np.sort(np.asarray(x, np.float64).reshape(-1))
    if x.size < 2 or not 0 < x[0] < x[-1] < np.inf:
        raise ValueError("fit: expected positive finite numbers, at least two of them different")
    y = np.log(x)
    centre = y.mean()
    y -= centre
    shape = kind.shape(y) if kind.shape else None
    unit = Fit(law, shape, kind.scale(y, shape), 0.0, 0.0, 0.0)  # the law of e^y
    distribution = unit.distribution()
    likelihood = float(distribution.logpdf(np.exp(y)).mean() - centre)
    parameters = 1 + (shape is not None)
    return Fit(
        law,
        shape,
        unit.scale * float(np.exp(centre)),
        likelihood,
        2 * (parameters / x.size - likelihood),
        ks_distance(distribution.cdf(np.exp(y))),
    )


def ks_distance(cdf: Array) -> float:
    """D of sorted elements, given a distribution function at each; equal elements are one step of their own.

    Examples
    --------
    >>> ks_distance(np.array([0.25, 0.5, 0.5, 0.75]))
    0.25
    """
    n = len(cdf)
    steps = np.arange(n + 1) / n
    return float(max((steps[1:] - cdf).max(), (cdf - steps[:-1]).max()))


def _root(score: Callable[[float], float]) -> float:
    """Where the score of a shape, positive below and negative above, is 0."""
    from scipy.optimize import brentq

    low = high = 1.0
    while score(high) > 0:
        low, high = high, 2 * high
        if high > SHAPES[1]:
            return SHAPES[1]
    while score(low) < 0:
        low, high = low / 2, low
        if low < SHAPES[0]:
            return SHAPES[0]
    return float(brentq(score, low, high, xtol=1e-14 * low, rtol=1e-14))


def _power_means(y: Array, k: float) -> tuple[float, float]:
    """`log mean(e^(ky))`, and the mean of y with the weights e^(ky)."""
    largest = k * (y.max() if k > 0 else y.min())
    weights = np.exp(k * y - largest)
    return float(np.log(weights.mean()) + largest), float((weights * y).sum() / weights.sum())


def _weibull_shape(y: Array) -> float:
    return _root(lambda k: 1 / k - _power_means(y, k)[1])


def _gamma_shape(y: Array) -> float:
    from scipy.special import digamma

    log_mean = _power_means(y, 1)[0]
    return _root(lambda k: float(np.log(k) - digamma(k) - log_mean))


def _generalised_gaussian_shape(y: Array) -> float:
    from scipy.special import digamma

    def score(b: float) -> float:
        log_mean, weighted = _power_means(y, b)
        return float(b + np.log(b) + digamma(1 / b) + log_mean - b * weighted)

    return _root(score)


def _power_scale(y: Array, k: float) -> float:
    """`mean(x^k)^(1/k)`."""
    return float(np.exp(_power_means(y, k)[0] / k))


LAWS = {
    "lognormal": Law("lognorm", lambda y: float(np.sqrt((y**2).mean())), lambda y, sigma: 1.0),
    "half-normal": Law("halfnorm", None, lambda y, _: _power_scale(y, 2)),
    "Weibull": Law("weibull_min", _weibull_shape, _power_scale),
    "gamma": Law("gamma", _gamma_shape, lambda y, k: _power_scale(y, 1) / k),
    "generalised Gaussian": Law(
        "halfgennorm", _generalised_gaussian_shape, lambda y, b: float(b ** (1 / b)) * _power_scale(y, b)
    ),
}
