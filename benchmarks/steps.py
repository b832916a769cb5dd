"""Whole training steps against PyTorch, and the measuring that everything else shares."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import peers
from benchmarks.machine import cores_of_others
from benchmarks.timing import Side, check_agreement, paired_rounds
from benchmarks.workloads import WORKLOADS
from benchmarks.workloads.base import Workload


def time_step(
    name: str, rounds: int, settings: Sequence[str], against: Sequence[str]
) -> list[dict[str, Any]]:
    """One row: the times of a workload, after the check that all sides compute the same."""
    workload = WORKLOADS[name]()
    row = {"workload": name, "title": workload.title, "per_step": workload.per_step}
    return [row | time_sides(sides_of(workload, settings, against), workload.digits, rounds)]


def sides_of(workload: Workload, settings: Sequence[str], against: Sequence[str]) -> dict[str, Side]:
    """Our side, and those it is compared with, under the names they have in tables."""
    sides = {"minigrad": workload.minigrad()}
    if "pytorch" in against:
        for setting in settings:
            if setting in workload.settings:
                label = "pytorch" if setting == "default" else f"pytorch {setting}"
                sides[label] = workload.pytorch(setting)
    for name in peers.NAMES:
        if name in against and (side := peers.side(name, workload)) is not None:
            sides[name] = side
    return sides


def time_sides(sides: Mapping[str, Side], digits: int, rounds: int, seconds: float = 0.5) -> dict[str, Any]:
    """How far the sides' values are apart, and the seconds of a step in each round."""
    return {"differences": check_agreement(sides, digits)} | time_only(sides, rounds, seconds)


def time_only(
    sides: Mapping[str, Side],
    rounds: int,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """The seconds of a step in each round, and how many cores other processes used meanwhile."""
    times: dict[str, list[float]] = {}
    others = cores_of_others(lambda: times.update(paired_rounds(sides, rounds, seconds, clock)))
    return {"seconds": times, "others": others}
