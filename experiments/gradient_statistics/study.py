"""Is |g| lognormal? The gradients of a model, examined within tensors, within rows, and pooled.

Which of the three is asked matters: elements whose scales differ look lognormal together, whatever the law of
each. The rows of a tensor (output channels) are therefore also examined with the scale of each row taken out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

import optim
from experiments import report
from experiments.gradient_statistics.goodness import anderson_darling, holm, lilliefors, moments, verdict
from experiments.gradient_statistics.laws import LAWS, Fit, fit
from minigrad import nn
from minigrad.backend import Array, to_numpy
from minigrad.nn import functional as F

FEWEST = 20  # different magnitudes without which nothing is fitted
HEADER = ("gradient", "scope", "step", "elements", "zeros", "D", "verdict", "p (Holm)", "best law", "AIC gap")


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


def collect(
    model: nn.Module,
    batches: Iterable[tuple[Any, Any]],
    steps: Sequence[int],
    optimizer: optim.Optimizer | None = None,
    loss: Callable[[Any, Any], Any] = F.cross_entropy,
) -> dict[int, dict[str, Array]]:
    """Train a model, and keep its gradients at some of the steps.

    Parameters
    ----------
    model : nn.Module
        It is trained, in training mode.
    batches : iterable of (inputs, targets)
        Gone through again when it ends.
    steps : sequence of int
        Counted from 1: with 1 the gradient of the untrained model. The last one ends the training.
    optimizer : Optimizer, optional
        AdamW with its usual settings if None.
    loss : callable
        `loss(model(inputs), targets)`.

    Returns
    -------
    dict of int to dict of str to array
        For each step the gradient of each parameter that got one, on the host.

    Raises
    ------
    ValueError
        If there are no batches, or a step is less than 1.
    """
    if not steps or min(steps) < 1:
        raise ValueError(f"collect: steps must be numbers from 1, got {list(steps)}")
    optimizer = optimizer or optim.AdamW(model.parameters())
    gradients: dict[int, dict[str, Array]] = {}
    model.train()
    step = 0
    while True:
        before = step
        for inputs, targets in batches:
            step += 1
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            if step in steps:
                gradients[step] = {
                    name: to_numpy(p.grad.data).copy()
                    for name, p in model.named_parameters()
                    if p.grad is not None
                }
            if step == max(steps):
                return gradients
            optimizer.step()
        if step == before:
            raise ValueError("collect: there are no batches")


@dataclass(frozen=True)
class Study:
    """All examinations of a model's gradients."""

    rows: tuple[Examination, ...]

    def of(self, scope: str) -> list[Examination]:
        """Those of one scope that could be fitted."""
        return [row for row in self.rows if row.scope == scope and row.fits]

    @property
    def verdict(self) -> str:
        """What the study says about "gradient magnitudes are lognormal", in a few sentences."""
        lines = []
        for scope, title in SCOPES.items():
            rows = self.of(scope)
            if not rows:
                continue
            words = Counter(row.verdict for row in rows)
            best = Counter(row.fits[0].law for row in rows)
            said = ", ".join(f"{words[w]} {w}" for w in ("good", "fair", "poor", "undecided") if words[w])
            laws = ", ".join(f"{law} {count}" for law, count in best.most_common())
            lines.append(f"{title}: lognormal fits {said} of {len(rows)}; best law by AIC: {laws}.")
        return "\n".join(lines)

    def table(self) -> str:
        """A table for a terminal; "AIC gap" is how much worse lognormal is than the best law, per element."""
        return report.text_table(HEADER, [_cells(row) for row in self.rows])

    def to_rows(self) -> list[dict[str, Any]]:
        """Plain values, for JSON."""
        return [asdict(row) | {"verdict": row.verdict} for row in self.rows]


SCOPES = {
    "tensor": "Within tensors",
    "rows": "Within rows (scales taken out)",
    "pooled": "All tensors pooled",
}


def study_gradients(gradients: Mapping[int, Mapping[str, Array]]) -> Study:
    """Examine gradients as `collect` gives them, and correct the p-values for their number.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scales = np.exp(rng.normal(0, 2, (200, 1)))
    >>> found = study_gradients({1: {"weight": scales * rng.standard_normal((200, 200))}})
    >>> for row in found.rows:
    ...     print(f"{row.scope:6} D = {row.fit_of('lognormal').distance:.2f}")
    tensor D = 0.02
    rows   D = 0.10
    pooled D = 0.02
    """
    rows = []
    for step, tensors in gradients.items():
        for name, g in tensors.items():
            rows.append(examine(g, name, "tensor", step))
            if g.ndim > 1:
                rows.append(examine(without_row_scales(g), name, "rows", step))
        everything = np.concatenate([np.asarray(g, np.float64).reshape(-1) for g in tensors.values()])
        rows.append(examine(everything, "all", "pooled", step))
    tested = [i for i, row in enumerate(rows) if row.p_value is not None]
    corrected = holm([rows[i].p_value or 0.0 for i in tested])
    for i, p in zip(tested, corrected, strict=True):
        rows[i] = replace(rows[i], p_holm=p)
    return Study(tuple(rows))


def study(
    model: nn.Module,
    batches: Iterable[tuple[Any, Any]],
    steps: Sequence[int] = (1, 100),
    optimizer: optim.Optimizer | None = None,
    loss: Callable[[Any, Any], Any] = F.cross_entropy,
) -> Study:
    """Train a model and examine its gradients at some of the steps; the parameters are those of `collect`.

    Examples
    --------
    >>> import minigrad as mg
    >>> import models
    >>> from minigrad.data import DataLoader, Shapes
    >>> from minigrad.data.transforms import ToFloat
    >>> _ = mg.manual_seed(0)
    >>> batches = DataLoader(Shapes(size=64), 32, transform=ToFloat())
    >>> found = study(models.mlp(hidden=(16,)), batches, steps=[1, 3])
    >>> for row in found.of("pooled"):
    ...     print(row.step, row.elements, row.verdict)
    1 49338 poor
    3 49338 poor
    """
    return study_gradients(collect(model, batches, steps, optimizer, loss))


def _cells(row: Examination) -> tuple[str, ...]:
    first = (row.name, row.scope, str(row.step), str(row.elements), f"{row.zeros:.1%}")
    if not row.fits:
        return (*first, "", row.verdict, "", "", "")
    lognormal = row.fit_of("lognormal")
    return (
        *first,
        f"{lognormal.distance:.3f}",
        row.verdict,
        f"{row.p_holm:.3f}",
        row.fits[0].law,
        f"{lognormal.aic - row.fits[0].aic:.3f}",
    )
