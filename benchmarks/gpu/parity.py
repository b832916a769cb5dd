"""Whether minigrad on CuPy computes what it computes on NumPy, and what PyTorch computes on the GPU.

The truth is PyTorch in float64 on the GPU. How far from it a calculation in a coarser precision may be
depends on the network, so it is measured: PyTorch's own error in that precision is the yardstick, and ours
may be `FACTOR` times as large. float64 has no truth above it; its yardstick is the one of float32, scaled by
the ratio of the rounding units.

Networks take three steps of SGD with momentum. Adam divides by the size of a gradient and so turns rounding
into steps; it is compared by its own workload, on gradients that are given. Errors are those of the worst
tensor: the root of the mean square of the difference over that of the tensor itself, or over a thousandth of
all tensors', for gradients that are zero but for rounding.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from benchmarks import library
from benchmarks.gpu import device
from benchmarks.gpu.precision import in_precision, set_products
from benchmarks.library import Library
from benchmarks.workloads.base import Training, TrainingStep, Workload

Tensors = dict[str, np.ndarray]
Values = dict[str, Tensors]
"""What is compared, as 'gradients', each with its tensors."""

FACTOR = 8
"""How many times PyTorch's error ours may be: sums in another order, and the luck of two worst tensors."""

FLOOR = 64
"""Rounding units that are always allowed."""

KINK = 0.1
"""What a few activations change that lie nearer to 0 than rounding, so that one side's ReLU lets them pass
and the other's does not: a channel's gradient, summed over 1,000 positions, by some 1 / sqrt(1000) for each.
PyTorch's own error shows this or does not, by chance, so it cannot be the yardstick. The outputs do not jump,
and in float64 no activation is so near to 0: there these networks are held as tightly as the others."""

KINKED = ("mlp", "cnn", "resnet20")
UNITS = {"float32": 2.0**-24, "float64": 2.0**-53, "tf32": 2.0**-11, "float16": 2.0**-11, "bfloat16": 2.0**-8}
STEPS = 3


def compare(workload: Workload, precision: str) -> dict[str, Any]:
    """Errors and tolerances, by what is compared, for each calculation of ours in this precision.

    Returns
    -------
    dict
        `{"float32": {...}, "float64": {...}}`, or with the one other precision. Each has "tolerances", and
        "errors" of "minigrad" and, but for the other precisions, of "minigrad on NumPy".
    """
    truth = values(workload, device.theirs("float64"))
    yardstick = errors(values(workload, device.theirs(), precision), truth)
    found = {precision: _errors_of_ours(workload, "float32", precision, truth)}
    if precision == "float32":
        found["float64"] = _errors_of_ours(workload, "float64", "float32", truth)
    return {
        name: {"tolerances": tolerances(yardstick, workload.name, precision, name), "errors": ours}
        for name, ours in found.items()
    }


def holds(parity: Mapping[str, Any]) -> bool:
    """Whether every error is within its tolerance."""
    return all(
        error <= part["tolerances"][name]
        for part in parity.values()
        for side in part["errors"].values()
        for name, error in side.items()
    )


def _errors_of_ours(
    workload: Workload, dtype: str, precision: str, truth: Values
) -> dict[str, dict[str, float]]:
    found = {"minigrad": errors(values(workload, device.ours(dtype), precision), truth)}
    if precision == "float32":
        found["minigrad on NumPy"] = errors(values(workload, library.minigrad(dtype=dtype)), truth)
    return found


def values(workload: Workload, lib: Library, precision: str = "float32") -> Values:
    """What three steps compute."""
    set_products(lib, precision)
    if isinstance(workload, Training):
        return _training(workload, lib, precision)
    side, found = workload.side(lib), {}
    for i in range(STEPS):
        side.prepare()
        side.run()
        found[f"step {i + 1}"] = side.value()
    return {"results": found}


def _training(workload: Training, lib: Library, precision: str) -> Values:
    network = workload.started(lib)
    optimizer = lib.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    step = in_precision(TrainingStep(workload, lib, network, optimizer), precision)
    found: Values = {"results": {"output": _array(step.output())}, "losses": {}}
    for i in range(STEPS):
        step.prepare()
        step.run()
        found["losses"][f"step {i + 1}"] = step.value()
        if i == 0:
            found["gradients"] = {name: _array(w.grad) for name, w in network.named_parameters()}
    found["weights"] = {name: _array(w) for name, w in network.named_parameters()}
    return found


def _array(tensor: Any) -> np.ndarray:
    return library.array_of(tensor).astype(np.float64)


def errors(found: Values, truth: Values) -> dict[str, float]:
    """How far the worst tensor of each kind is from the truth, relative to its size."""
    return {
        kind: max(
            _relative(found[kind][name], t, _size(truth[kind].values())) for name, t in truth[kind].items()
        )
        for kind in truth
    }


def _relative(found: np.ndarray, truth: np.ndarray, size: float) -> float:
    if found.shape != truth.shape or not np.isfinite(found).all():
        return float("inf")
    return _size([found - truth]) / max(_size([truth]), size / 1000, np.finfo(np.float64).tiny)


def _size(arrays: Iterable[np.ndarray]) -> float:
    """The root of the mean square of all elements."""
    flat = np.concatenate([array.ravel() for array in arrays])
    return float(np.sqrt(np.square(flat).mean()))


def tolerances(yardstick: Mapping[str, float], workload: str, measured: str, wanted: str) -> dict[str, float]:
    """The largest allowed errors.

    Parameters
    ----------
    yardstick : mapping
        PyTorch's errors, by what is compared.
    workload : str
        Its name.
    measured, wanted : str
        The precision of the yardstick, and that of the tolerances.
    """
    scale = FACTOR * UNITS[wanted] / UNITS[measured]
    floor = FLOOR * UNITS[wanted]
    # A loss is one number and may be exact by luck: what follows the first output shares the largest error.
    largest = max(yardstick.values())
    later = scale * largest + floor + (KINK if workload in KINKED and wanted == "float32" else 0)
    return {kind: scale * yardstick[kind] + floor if kind == "results" else later for kind in yardstick}
