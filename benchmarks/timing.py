"""Timing in paired rounds: A B A B ..., and ratios taken within a round.

A machine's speed drifts (other processes, clock rates), and one round sees all sides under nearly the same
conditions. So the ratio of two times is taken in each round, and the median of these ratios is the result.
"""

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np


class Side(Protocol):
    """One side of a comparison."""

    def prepare(self) -> None:
        """What a step needs and the clock does not see."""

    def run(self) -> None:
        """One step, on the clock."""

    def value(self) -> np.ndarray:
        """What the latest step computed, to compare with the other sides."""


class Ratio(NamedTuple):
    """The median over the rounds, and the extremes."""

    median: float
    lowest: float
    highest: float


class Disagreement(Exception):
    """Two sides compute different things, so that their times say nothing."""


def check_agreement(sides: Mapping[str, Side], digits: int, steps: int = 3) -> dict[str, float]:
    """Run some steps on each side and return how far each is from the first, relative to the largest value.

    Raises
    ------
    Disagreement
        If that is above 10 ** -digits.
    """
    first, *others = sides
    differences = dict.fromkeys(others, 0.0)
    for step in range(1, steps + 1):
        for side in sides.values():
            side.prepare()
            side.run()
        expected = np.asarray(sides[first].value(), dtype=np.float64)
        for name in others:
            found = np.asarray(sides[name].value(), dtype=np.float64)
            if found.shape != expected.shape or not np.isfinite(found).all():
                raise Disagreement(f"step {step}: {name} computes {found}, {first} {expected}")
            difference = float(np.abs(found - expected).max() / np.abs(expected).max())
            differences[name] = max(differences[name], difference)
            if difference > 10**-digits:
                raise Disagreement(
                    f"step {step}: {name} and {first} differ by {difference:.1e} of the largest value, "
                    f"allowed are {10**-digits:.0e}: {found.ravel()[:3]} and {expected.ravel()[:3]}"
                )
    return differences


def paired_rounds(
    sides: Mapping[str, Side],
    rounds: int = 5,
    seconds: float = 0.5,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, list[float]]:
    """The time of a step, in seconds, for each side in each round.

    In a round every side runs for about `seconds`, and for 3 steps at least. Before, it waits until the other
    side's idle threads have stopped spinning, and takes one step that does not count: caches and heap are
    then its own again.

    Python's garbage collector leaves alone what is there at the start. A process that has loaded frameworks
    holds 170,000 objects, and searching them again and again would be charged to whoever makes small objects.
    """
    gc.collect()
    gc.freeze()
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            sleep(0.05)
            _timed(side, clock)
            total, steps = 0.0, 0
            while total < seconds or steps < 3:
                total += _timed(side, clock)
                steps += 1
            times[name].append(total / steps)
    gc.unfreeze()
    return times


def _timed(side: Side, clock: Callable[[], float]) -> float:
    side.prepare()
    started = clock()
    side.run()
    return clock() - started


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Our time over theirs, from the times of the same rounds."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))
