"""What is timed: one file a workload."""

from collections.abc import Sequence

from benchmarks.workloads.base import Workload
from benchmarks.workloads.mlp import MLP
from benchmarks.workloads.resnet20 import ResNet20

WORKLOADS: dict[str, type[Workload]] = {cls.name: cls for cls in (MLP, ResNet20)}


def chosen(names: Sequence[str]) -> list[str]:
    """These names, or all if there are none.

    Raises
    ------
    ValueError
        If one is not known.
    """
    for name in names:
        if name not in WORKLOADS:
            raise ValueError(f"unknown workload {name!r}; there are {', '.join(WORKLOADS)}")
    return list(names) or list(WORKLOADS)
