"""Whole training steps against PyTorch."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import fresh
from benchmarks.timing import check_agreement, paired_rounds
from benchmarks.workloads import WORKLOADS


def measure(
    names: Sequence[str], threads: Sequence[int], rounds: int, settings: Sequence[str], against: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """One row for each workload and number of threads, each from a process of its own."""
    for count in threads:
        for name in names:
            print(f"{name}, {count} thread{'s' * (count > 1)} ...", file=sys.stderr, flush=True)
            arguments = {"name": name, "rounds": rounds, "settings": settings, "against": against}
            row = fresh.call("benchmarks.steps:time_workload", count, **arguments)
            yield {"workload": name, "threads": count, **row}


def time_workload(name: str, rounds: int, settings: Sequence[str], against: Sequence[str]) -> dict[str, Any]:
    """Build all sides, refuse to go on unless they compute the same, and time them."""
    workload = WORKLOADS[name]()
    sides = {"minigrad": workload.minigrad()}
    if "pytorch" in against:
        sides |= {
            label(setting): workload.pytorch(setting) for setting in settings if setting in workload.settings
        }
    differences = check_agreement(sides, workload.digits)
    return {
        "title": workload.title,
        "per_step": workload.per_step,
        "differences": differences,
        "seconds": paired_rounds(sides, rounds),
    }


def label(setting: str) -> str:
    """What PyTorch under a setting is called in tables."""
    return "pytorch" if setting == "default" else f"pytorch {setting}"
