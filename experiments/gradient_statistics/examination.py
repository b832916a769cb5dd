"""One set of magnitudes, examined: zeros apart, moments, tests of lognormality, and the fits of all laws."""

from dataclasses import dataclass, replace

import numpy as np

from experiments.gradient_statistics.goodness import anderson_darling, lilliefors, moments, verdict
from experiments.gradient_statistics.laws import LAWS, Fit, fit
from minigrad.backend import Array, to_numpy

FEWEST = 20  # different magnitudes without which nothing is fitted


@dataclass(frozen=True)
class Examination:
    """What was found about one set of magnitudes. Numbers are None where there are too few to fit.

    Attributes
    ----------
    name, scope : str
        Which gradient; "tensor", "rows" (the scale of each row taken out) or "pooled".
    step : int
    elements : int
        Zeros included.
    zeros : float
        The share of exact zeros. They are in no fit: a lognormal variable is never 0.
    distinct : float
        Different magnitudes per non-zero element; well below 1 where a short dtype makes ties.
    log_mean, log_sd, log_skew, log_kurtosis : float
        Moments of log |g| over non-zero elements.
    anderson_darling : float
        A*^2 of log |g|, from all of them.
    p_value, p_holm : float
        Lilliefors', from a random thousand; and corrected for all gradients of the study.
    fits : tuple of Fit
        The best (by AIC) first.
    """

    name: str
    scope: str
    step: int
    elements: int
    zeros: float
    distinct: float
    log_mean: float | None = None
    log_sd: float | None = None
    log_skew: float | None = None
    log_kurtosis: float | None = None
    anderson_darling: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    fits: tuple[Fit, ...] = ()

    def fit_of(self, law: str) -> Fit:
        """The fit of one law."""
        return next(fit for fit in self.fits if fit.law == law)

    @property
    def verdict(self) -> str:
        """How well a lognormal law fits: good, fair, poor, undecided or "too few"."""
        if not self.fits:
            return "too few"
        return verdict(self.fit_of("lognormal").distance, round(self.elements * (1 - self.zeros)))


def examine(values: Array, name: str = "", scope: str = "tensor", step: int = 0) -> Examination:
    """Fit all laws to the magnitudes of the non-zero values, and test the lognormal one.

    Parameters
    ----------
    values : array
        A gradient, of any shape and floating dtype.
    name, scope, step : str, str, int
        Written into the result.

    Raises
    ------
    ValueError
        If a value is not finite.

    Examples
    --------
    >>> found = examine(np.random.default_rng(0).standard_normal((100, 100)))
    >>> found.fits[0].law, found.verdict, round(found.log_skew, 1)
    ('half-normal', 'poor', -1.5)
    """
    x = np.abs(to_numpy(values).astype(np.float64)).reshape(-1)
    if not np.isfinite(x).all():
        raise ValueError(f"examine: the gradient {name!r} has values that are not finite")
    elements, x = x.size, x[x > 0]
    different = np.unique(x).size
    zeros = 1 - x.size / max(elements, 1)
    found = Examination(name, scope, step, elements, zeros, different / max(x.size, 1))
    if different < FEWEST:
        return found
    y = np.log(x)
    mean, sd, skew, kurtosis = moments(y)
    return replace(
        found,
        log_mean=mean,
        log_sd=sd,
        log_skew=skew,
        log_kurtosis=kurtosis,
        anderson_darling=anderson_darling(y),
        p_value=lilliefors(y),
        fits=tuple(sorted((fit(law, x) for law in LAWS), key=lambda found: found.aic)),
    )


def without_row_scales(values: Array) -> Array:
    """The gradient with each row (index of the first axis) divided by the geometric mean of its magnitudes.

    A lognormal law stays exactly lognormal. Zeros stay zeros, and do not count in the mean.

    Examples
    --------
    >>> without_row_scales(np.array([[1.0, -4.0], [100.0, 0.0]])).round(9).tolist()
    [[0.5, -2.0], [1.0, 0.0]]
    """
    rows = to_numpy(values).astype(np.float64).reshape(len(values), -1)
    logs = np.log(np.abs(rows), where=rows != 0, out=np.zeros_like(rows))
    means = logs.sum(1) / np.maximum((rows != 0).sum(1), 1)
    return rows / np.exp(means)[:, None]
