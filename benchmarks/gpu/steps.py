"""One row of the table: whether a workload's results agree, then times, memory, and who did the products."""

from typing import Any

from benchmarks.gpu import device, parity
from benchmarks.gpu.precision import in_precision, set_products
from benchmarks.gpu.workloads import CONVOLVING, TIMED, compared, labels
from benchmarks.steps import time_only
from benchmarks.timing import Disagreement, Side, check_agreement
from benchmarks.workloads.agr import WithAGR
from benchmarks.workloads.base import TrainingStep, Workload

SECONDS = 0.25
"""How long a side runs in a round."""

DIGITS_LESS = {"float32": 0, "tf32": 2, "float16": 2, "bfloat16": 3}
"""By how many digits less losses agree than in float32."""


def measure(name: str, precision: str, rounds: int) -> list[dict[str, Any]]:
    """The row of a workload. Where results do not agree it has no times, but says so."""
    return [row(TIMED[name], precision, rounds)]


def row(workload: Workload, precision: str, rounds: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "workload": workload.name,
        "title": workload.title,
        "precision": precision,
        "per_step": workload.per_step,
        "convolves": workload.name in CONVOLVING,
        "parity": parity.compare(compared(workload), precision),
    }
    if not parity.holds(found["parity"]):
        return found
    try:
        return found | _timed(workload, precision, rounds)
    except Disagreement as error:
        return found | {"disagreement": str(error)}


def _timed(workload: Workload, precision: str, rounds: int) -> dict[str, Any]:
    def make(label: str) -> Side:
        lib = device.ours() if label == "minigrad" else device.theirs()
        set_products(lib, precision)
        side = workload.side(lib, labels(workload).get(label, "default"))
        return in_precision(side, precision) if isinstance(side, TrainingStep) else side

    def take(side: Side, count: int = 1) -> None:
        for _ in range(count):
            side.prepare()
            side.run()

    names = ["minigrad", *labels(workload)]
    memory = {
        label: device.peak(lambda label=label: take(make(label), 3), label.split()[0]) for label in names
    }
    sides = {label: make(label) for label in names}
    digits = max(1, workload.digits - DIGITS_LESS[precision])
    differences = check_agreement(sides, digits)
    cudnn = device.by_cudnn(lambda: take(sides["minigrad"]))
    if isinstance(workload, WithAGR):  # what AGR adds to the step; without it other weights come out
        plain = workload.optimizer
        sides[f"minigrad {type(plain).__name__}"] = plain.side(device.ours())
    found = {"differences": differences, "peak": memory, "cudnn": cudnn}
    return found | time_only(sides, rounds, SECONDS, device.clock)
