"""The peak of memory during training steps, of one side in a process of its own."""

import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks import fresh
from benchmarks.workloads import WORKLOADS

DEFAULT = ["resnet20", "vit", "lm"]


def compare(name: str, threads: int, settings: Sequence[str]) -> list[dict[str, Any]]:
    """One row with the bytes that each side needed on top of network and data."""
    workload = WORKLOADS[name]()
    row: dict[str, Any] = {"workload": name, "title": workload.title, "bytes": {}}
    sides = {"minigrad": None, **{f"pytorch {s}".removesuffix(" default"): s for s in settings}}
    for label, setting in sides.items():
        if setting is None or setting in workload.settings:
            row["bytes"][label] = fresh.call("benchmarks.memory:peak", threads, name=name, setting=setting)
    return [row]


def peak(name: str, setting: str | None, steps: int = 3) -> int:
    """Bytes by which the largest resident memory during the steps exceeds that before them.

    The steps include the first one, in which optimizers make their state.
    """
    workload = WORKLOADS[name]()
    side = workload.minigrad() if setting is None else workload.pytorch(setting)
    with suppress(OSError):  # Linux: forget the peak of imports and building, down to what is in use now
        Path("/proc/self/clear_refs").write_text("5")
    before = _largest_resident()
    for _ in range(steps):
        side.prepare()
        side.run()
    return _largest_resident() - before


def _largest_resident() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
