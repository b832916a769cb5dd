"""Other frameworks on NumPy, for the workloads they can express; installed by whoever asks for them."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from benchmarks.timing import Side
from benchmarks.workloads.base import Workload

NAMES = ("mygrad", "dezero")


def require(against: Sequence[str]) -> None:
    """Raise ValueError, saying what to install, if one of these is asked for and absent."""
    for name in NAMES:
        if name in against and find_spec(name) is None:
            raise ValueError(f"{name} is not installed here: pip install {name}")


def side(name: str, workload: Workload) -> Side | None:
    """The workload in that framework; None if it cannot be expressed there."""
    make = import_module(f"benchmarks.peers.{name}_sides").SIDES.get(workload.name)
    return None if make is None else make(workload)
