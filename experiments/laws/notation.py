"""The letters in which the laws are written: x, S, alpha, R, H, p-norms, the Jacobian; all in float64."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def u(g: np.ndarray) -> float:
    """The unit roundoff of g's dtype: half the distance from 1 to the next number."""
    return float(np.finfo(g.dtype).eps) / 2


def ulp(v: np.ndarray) -> np.ndarray:
    """The distance from each |v_i| to the next number; at least u |v_i|, and not 0 for subnormal ones."""
    return np.spacing(np.abs(v)).astype(np.float64)


def magnitudes(g: np.ndarray) -> np.ndarray:
    """x_i = |g_i|."""
    return np.abs(g).astype(np.float64)


def total(g: np.ndarray) -> float:
    """S = sum x."""
    return float(magnitudes(g).sum())


def relative(v: np.ndarray, S: float) -> np.ndarray:
    """The quotient v / S, and 0 where S is."""
    return v.astype(np.float64) / (S or 1.0)


def shares(g: np.ndarray) -> np.ndarray:
    """alpha_i = x_i / S; all 0 for g = 0."""
    return relative(magnitudes(g), total(g))


def others(x: np.ndarray) -> np.ndarray:
    """R_i, the sum of all x_j but x_i, summed without it."""
    return np.where(np.eye(len(x), dtype=bool), 0.0, x).sum(axis=1)


def power_sum(a: np.ndarray, p: int) -> float:
    """The sum of a^p; for shares and p = 2 this is H."""
    return float((a**p).sum())


def norm(v: np.ndarray, p: float) -> float:
    """The p-norm."""
    return float(np.linalg.norm(v, p)) if v.size else 0.0


def jacobian(g: np.ndarray) -> np.ndarray:
    """J = diag(1 - 2 alpha) + (s alpha^2) s^T, where s is the sign of g and no element is zero."""
    a, s = shares(g), np.sign(g.astype(np.float64))
    return np.diag(1 - 2 * a) + np.outer(s * a**2, s)


def jacobian_bound(a: np.ndarray) -> float:
    """max_k (1 - a_k)^3 + (n - 1) (sum of the other a_i^3), which bounds the squared 2-norm of J."""
    return float(((1 - a) ** 3 + (len(a) - 1) * others(a**3)).max())


def variation(v: np.ndarray) -> float:
    """The coefficient of variation of magnitudes: their standard deviation over their mean."""
    x = magnitudes(v)
    return float(x.std() / x.mean()) if x.any() else 0.0


def exact(g: np.ndarray) -> list[Fraction]:
    """Psi(g) in rational numbers."""
    x = [abs(Fraction(float(value))) for value in g]
    S = sum(x, Fraction(0))
    return [Fraction(float(v)) * (S - a) / S if S else Fraction(0) for v, a in zip(g, x, strict=True)]


def excess(a: ArrayLike, b: ArrayLike) -> Any:
    """By how much a exceeds b, 0 where it does not."""
    return np.maximum(np.subtract(a, b, dtype=np.float64), 0)


def difference(a: ArrayLike, b: ArrayLike) -> Any:
    """|a - b|."""
    return np.abs(np.subtract(a, b, dtype=np.float64))
