"""Where the inputs of a law come from: gradients of a kind, integers, reals."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Domain(Protocol):
    """A set of inputs. `str` says which; tests/experiments/laws/strategies.py has hypothesis draw from it."""

    def sample(self, rng: np.random.Generator, dtype: Any) -> Any:
        """One input at random."""


@dataclass(frozen=True)
class Vectors:
    """Vectors of `dtype` whose magnitudes spread over many decades, some zero, one-hot or of one magnitude.

    Parameters
    ----------
    sizes : (int, int)
        The least and the largest number of elements.
    decades : (float, float)
        Magnitudes are from 10^-d to 10^d: d for float64 and for float32.
    zeros : bool
        Whether there are zeros among them.
    extremes : bool
        Whether there are subnormal numbers, and such as only just do not overflow in a sum.
    """

    sizes: tuple[int, int] = (1, 24)
    decades: tuple[float, float] = (80, 8)
    zeros: bool = True
    extremes: bool = False

    def spread(self, dtype: Any) -> float:
        """The decades of this dtype."""
        return self.decades[np.dtype(dtype) == np.float32]

    def extreme_magnitudes(self, dtype: Any) -> list[float]:
        """The numbers at the two ends of a dtype."""
        limits = np.finfo(dtype)
        small, tiny = float(limits.smallest_subnormal), float(limits.tiny)
        return [small, 3 * small, tiny / 3, tiny, float(limits.max) / 64]

    def sample(self, rng: np.random.Generator, dtype: Any) -> np.ndarray:
        """One vector: mostly of any magnitudes; sometimes of one magnitude, one-hot or zero."""
        n, d = rng.integers(self.sizes[0], self.sizes[1] + 1), self.spread(dtype)
        x = 10 ** rng.uniform(-d, d, n)
        if self.extremes and rng.random() < 0.5:
            chosen = rng.random(n) < 0.3
            x[chosen] = rng.choice(self.extreme_magnitudes(dtype), chosen.sum())
        kind = rng.choice(["any", "close", "equal", "one-hot", "zero"], p=[0.6, 0.2, 0.1, 0.08, 0.02])
        if kind == "close":
            x = 10 ** rng.uniform(-min(d, 0.5), min(d, 0.5), n)
        if kind == "equal":
            x[:] = x[0]
        if self.zeros:
            x[rng.random(n) < rng.choice([0, 0.3])] = 0
            if kind == "zero":
                x[:] = 0
            if kind == "one-hot":
                x[np.arange(n) != rng.integers(n)] = 0
        return (x * rng.choice([-1.0, 1.0], n)).astype(dtype)

    def __str__(self) -> str:
        low, high = self.sizes
        n = f"n = {low}" if low == high else f"n = {low} to {high}"
        double, single = (f"{10.0**-d:.2g} to {10.0**d:.2g}" for d in self.decades)
        text = f"{n}, magnitudes {double}" + ("" if single == double else f" ({single} in float32)")
        text += ", zeros" if self.zeros else ", none zero"
        return text + (", subnormal ones and such as nearly overflow" if self.extremes else "")


@dataclass(frozen=True)
class Integers:
    """Integers from `low` to `high`, both included."""

    low: int
    high: int

    def sample(self, rng: np.random.Generator, dtype: Any) -> int:
        """Any of them, equally likely."""
        return int(rng.integers(self.low, self.high + 1))

    def __str__(self) -> str:
        return f"an integer from {self.low} to {self.high}"


@dataclass(frozen=True)
class Reals:
    """Numbers from `low` to `high`, all positive."""

    low: float
    high: float

    def sample(self, rng: np.random.Generator, dtype: Any) -> float:
        """One of them, its logarithm equally likely anywhere."""
        return float(np.clip(np.exp(rng.uniform(np.log(self.low), np.log(self.high))), self.low, self.high))

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"


V = Vectors()
ANY = Vectors(extremes=True)
MODERATE = Vectors(decades=(2, 2))
NONZERO = Vectors(sizes=(2, 24), decades=(2, 2), zeros=False)
CLOSE = Vectors(sizes=(2, 8), decades=(0.5, 0.5), zeros=False)
SEED = Integers(0, 9999)
