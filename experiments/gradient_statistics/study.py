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
from experiments.equivalence import holm
from experiments.gradient_statistics.collection import collect
from experiments.gradient_statistics.examination import FEWEST, Examination, examine, without_row_scales
from experiments.gradient_statistics.goodness import HALF_NORMAL_SKEW
from minigrad import nn
from minigrad.backend import Array
from minigrad.nn import functional as F

SCOPES = {
    "tensor": "Within tensors",
    "rows": "Within rows (scales taken out)",
    "pooled": "All tensors pooled",
}
HEADER = (
    "gradient",
    "scope",
    "step",
    "elements",
    "zeros",
    "skew",
    "D",
    "verdict",
    "p (Holm)",
    "best law",
    "AIC gap",
)


@dataclass(frozen=True)
class Study:
    """All examinations of a model's gradients."""

    rows: tuple[Examination, ...]

    def of(self, scope: str) -> list[Examination]:
        """Those of one scope that could be fitted."""
        return [row for row in self.rows if row.scope == scope and row.fits]

    @property
    def verdict(self) -> str:
        """Whether gradients are lognormal within tensors: "supported", "refuted", "mixed" or "undecided".

        It is supported where every tensor that can tell is fitted well or fairly, refuted where none is.
        """
        words = {row.verdict for row in self.of("tensor")} - {"undecided"}
        if not words:
            return "undecided"
        if "poor" not in words:
            return "supported"
        return "refuted" if words == {"poor"} else "mixed"

    @property
    def summary(self) -> str:
        """A sentence for each scope."""
        lines = []
        for scope, title in SCOPES.items():
            rows = self.of(scope)
            if rows:
                words = Counter(row.verdict for row in rows)
                best = Counter(row.fits[0].law for row in rows)
                fits = [f"{w} in {words[w]}" for w in ("good", "fair", "poor", "undecided") if words[w]]
                laws = [f"{law} in {count}" for law, count in best.most_common()]
                lines.append(
                    f"{title}, the lognormal fit is {', '.join(fits)} of {len(rows)}; "
                    f"the best law by AIC is {', '.join(laws)}."
                )
        return "\n".join(lines)

    def table(self) -> str:
        """A table for a terminal.

        The skew is that of log |g|, D the distance to the fitted lognormal law, and "AIC gap" how much worse
        that is than the best law, per element.
        """
        note = f"skew of log |g|: 0 if lognormal, {HALF_NORMAL_SKEW:.2f} if g is Gaussian"
        return report.text_table(HEADER, [_cells(row) for row in self.rows]) + "\n" + note

    def to_rows(self) -> list[dict[str, Any]]:
        """Plain values, for JSON."""
        return [asdict(row) | {"verdict": row.verdict} for row in self.rows]


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
            if g.ndim > 1 and g[0].size >= FEWEST:
                rows.append(examine(without_row_scales(g), name, "rows", step))
        everything = np.concatenate([np.asarray(g, np.float64).reshape(-1) for g in tensors.values()])
        rows.append(examine(everything, "all", "pooled", step))
    tested = [i for i, row in enumerate(rows) if row.p_value is not None]
    corrected = holm([rows[i].p_value or 0.0 for i in tested])
    for i, p in zip(tested, corrected, strict=True):
        rows[i] = replace(rows[i], p_holm=p)
    return Study(tuple(rows))


def study_model(
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
    >>> found = study_model(models.mlp(hidden=(16,)), batches, steps=[1, 3])
    >>> for row in found.of("pooled"):
    ...     print(row.step, row.elements, row.verdict)
    1 49338 poor
    3 49338 poor
    """
    return study_gradients(collect(model, batches, steps, optimizer, loss))


def _cells(row: Examination) -> tuple[str, ...]:
    first = (row.name, row.scope, str(row.step), str(row.elements), f"{row.zeros:.1%}")
    if not row.fits:
        return (*first, "", "", row.verdict, "", "", "")
    lognormal = row.fit_of("lognormal")
    return (
        *first,
        f"{row.log_skew:.2f}",
        f"{lognormal.distance:.3f}",
        row.verdict,
        f"{row.p_holm:.3f}",
        row.fits[0].law,
        f"{lognormal.aic - row.fits[0].aic:.3f}",
    )
