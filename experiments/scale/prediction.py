"""change = c / n: the constant of each kind of tensor, and what it says about large networks."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from experiments.scale.measure import Sample
from experiments.scale.shapes import NETWORKS

# The largest relative rounding error of one operation.
ROUNDOFF = {"float32": 2.0**-24, "bfloat16": 2.0**-8}


@dataclass(frozen=True)
class Law:
    """The fit for one kind of tensor.

    Parameters
    ----------
    kind : str
    c : float
        The geometric mean of n times the relative change.
    spread : float
        The standard deviation of its logarithm: two thirds of all tensors are within a factor exp(spread).
    slope : float
        Of log change against log n; -1 if the law is right.
    tensors : int
        In the fit.
    """

    kind: str
    c: float
    spread: float
    slope: float
    tensors: int


def fit(samples: Iterable[Sample]) -> dict[str, Law]:
    """The law of each kind, from tensors of at least 8 elements.

    Tensors with fewer are too close to n = 1, where the change is 1 whatever the gradient.

    Examples
    --------
    >>> samples = [Sample("net", 1, "w", "linear", n, 2.5 / n) for n in (10, 100, 1000)]
    >>> law = fit(samples)["linear"]
    >>> round(law.c, 6), round(law.slope, 6)
    (2.5, -1.0)
    """
    laws = {}
    by_kind: dict[str, list[Sample]] = {}
    for sample in samples:
        if sample.size >= 8:
            by_kind.setdefault(sample.kind, []).append(sample)
    for kind, found in by_kind.items():
        size = np.log([s.size for s in found])
        change = np.log([s.change for s in found])
        slope = np.polyfit(size, change, 1)[0].item() if np.ptp(size) > 0 else math.nan
        c = size + change
        laws[kind] = Law(kind, math.exp(c.mean()), c.std(ddof=1).item(), slope, len(found))
    return laws


def check(laws: dict[str, Law], left_out: Sequence[Sample]) -> list[dict[str, Any]]:
    """For each kind: measured change over predicted change of tensors that were not in the fit."""
    rows = []
    for kind, law in laws.items():
        ratios = [s.change * s.size / law.c for s in left_out if s.kind == kind and s.size >= 8]
        if ratios:
            low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95]).tolist()
            sizes = [s.size for s in left_out if s.kind == kind]
            rows.append(
                {"kind": kind, "tensors": len(ratios), "largest": max(sizes)}
                | {"ratio": middle, "ratio_low": low, "ratio_high": high}
            )
    return rows


def unchanged(size: float, dtype: str) -> float:
    """The share of a gradient of normal numbers to which Psi, rounded to the dtype, makes no difference.

    An element g = m 2^e, 1 <= m < 2, stays if g alpha is less than half of its last place, alpha < u / m.
    With |g| = |z| sigma and S = n sigma sqrt(2 / pi) that is |z| < u n sqrt(2 / pi) / m; significands m of
    data without a scale of their own are distributed like 1 / m (Benford).

    Parameters
    ----------
    size : float
        Elements of the tensor.
    dtype : {'float32', 'bfloat16'}

    Examples
    --------
    >>> round(unchanged(1e7, "float32"), 2)
    0.27
    >>> round(unchanged(1e4, "bfloat16"), 2)
    1.0
    """
    m = np.exp2((np.arange(256) + 0.5) / 256)
    limits = ROUNDOFF[dtype] * size * math.sqrt(2 / math.pi) / m
    return float(np.mean([math.erf(limit / math.sqrt(2)) for limit in limits]))


def predict(laws: dict[str, Law]) -> list[dict[str, Any]]:
    """For each network and kind of tensor: how many, how large, and how far AGR would change a gradient.

    The change of each tensor is c / n; given are the median, and the largest with the spread of the fit.
    """
    rows = []
    for network, parameters in NETWORKS.items():
        by_kind: dict[str, list[int]] = {}
        for p in parameters():
            by_kind.setdefault(p.kind, []).append(p.size)
        for kind, sizes in by_kind.items():
            law = laws[kind]
            middle = float(np.median(sizes))
            rows.append(
                {
                    "network": network,
                    "kind": kind,
                    "tensors": len(sizes),
                    "parameters": sum(sizes),
                    "median_size": middle,
                    "median_change": law.c / middle,
                    "largest_change": law.c / min(sizes) * math.exp(2 * law.spread),
                    "unchanged_float32": _weighted(sizes, "float32"),
                    "unchanged_bfloat16": _weighted(sizes, "bfloat16"),
                }
            )
    return rows


def _weighted(sizes: list[int], dtype: str) -> float:
    """The share of unchanged elements, over all tensors together."""
    return sum(n * unchanged(n, dtype) for n in sizes) / sum(sizes)


def study(samples: Sequence[Sample]) -> dict[str, Any]:
    """Fit to all widths but the largest of each family, check on these, predict from the fit."""
    largest = {
        family: max(s.width for s in samples if s.family == family) for family in {s.family for s in samples}
    }
    laws = fit(s for s in samples if s.width < largest[s.family])
    left_out = [s for s in samples if s.width == largest[s.family]]
    return {
        "samples": [asdict(s) for s in samples],
        "laws": [asdict(law) for law in laws.values()],
        "left_out_widths": largest,
        "check": check(laws, left_out),
        "prediction": predict(laws),
    }
