"""How the cost grows: with batch, depth, width and sequence length, and that of a step of an optimizer."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks import library
from benchmarks.steps import sides_of, time_only, time_sides
from benchmarks.timing import Side
from benchmarks.workloads.base import Workload
from benchmarks.workloads.lm import LM
from benchmarks.workloads.mlp import MLP
from benchmarks.workloads.optimizers import AdamW, Adan, OptimizerStep, OptimizerWorkload
from benchmarks.workloads.resnet20 import ResNet20
from benchmarks.workloads.vit import ViT


class Curve(NamedTuple):
    """A workload at growing sizes.

    Attributes
    ----------
    title, axis : str
        What is timed, and what grows.
    points : dict
        For each point of the axis, the workload.
    sides : callable
        The sides of a workload; the first is compared with the others.
    """

    title: str
    axis: str
    points: dict[int, Workload]
    sides: Callable[[Any], dict[str, Side]]


def _against_pytorch(workload: Workload) -> dict[str, Side]:
    return sides_of(workload, ["default"], ["pytorch"])


def _agr(optimizer: str) -> Callable[[OptimizerWorkload], dict[str, Side]]:
    """With AGR, and without."""

    def sides(workload: OptimizerWorkload) -> dict[str, Side]:
        lib = library.minigrad()
        make = getattr(lib.optim, optimizer)
        return {
            f"{optimizer}(AGR)": OptimizerStep(workload.shapes, lib, lambda params: make(params, agr=True)),
            optimizer: OptimizerStep(workload.shapes, lib, make),
        }

    return sides


def _curve(title: str, axis: str, points: dict[int, Workload]) -> Curve:
    return Curve(title, axis, points, _against_pytorch)


# 10 blocks of 6 tensors each, and 2.5 million parameters in 6 to 384 tensors.
_PARAMETERS = {120 * d * d: d for d in (24, 48, 96, 192, 288)}
_TENSORS = {6: (1, 456), 24: (4, 228), 96: (16, 114), 384: (64, 57)}

CURVES = {
    "mlp-batch": _curve("MLP", "batch", {n: MLP(batch=n) for n in (16, 64, 128, 256, 512)}),
    "mlp-width": _curve("MLP", "width", {n: MLP(hidden=n) for n in (128, 256, 512, 1024, 2048)}),
    "resnet20-batch": _curve("ResNet-20", "batch", {n: ResNet20(batch=n) for n in (8, 16, 32, 64, 128)}),
    "resnet-depth": _curve(
        "ResNet, batch 32", "layers", {6 * n + 2: ResNet20(batch=32, blocks=n) for n in (1, 2, 3, 5)}
    ),
    "vit-depth": _curve("ViT, batch 16", "layers", {n: ViT(batch=16, depth=n) for n in (1, 2, 4, 8)}),
    "vit-width": _curve("ViT, batch 16", "width", {n: ViT(batch=16, d_model=n) for n in (64, 128, 256)}),
    "lm-sequence": _curve(
        "LM, batch 4", "tokens", {n: LM(batch=4, tokens=n) for n in (32, 64, 128, 256, 512)}
    ),
    "adamw-parameters": _curve("AdamW", "parameters", {n: AdamW(width=d) for n, d in _PARAMETERS.items()}),
    "adamw-tensors": _curve("AdamW", "tensors", {n: AdamW(*size) for n, size in _TENSORS.items()}),
    "adan-parameters": _curve("Adan", "parameters", {n: Adan(width=d) for n, d in _PARAMETERS.items()}),
    "adan-tensors": _curve("Adan", "tensors", {n: Adan(*size) for n, size in _TENSORS.items()}),
    "agr-adamw": Curve(
        "AGR in AdamW", "parameters", {n: AdamW(width=d) for n, d in _PARAMETERS.items()}, _agr("AdamW")
    ),
    "agr-adan": Curve(
        "AGR in Adan", "parameters", {n: Adan(width=d) for n, d in _PARAMETERS.items()}, _agr("Adan")
    ),
}


def chosen(names: Sequence[str]) -> list[str]:
    """These curves, or all if there are none.

    Raises
    ------
    ValueError
        If one is not known.
    """
    for name in names:
        if name not in CURVES:
            raise ValueError(f"unknown curve {name!r}; there are {', '.join(CURVES)}")
    return list(names) or list(CURVES)


def time_curve(name: str, rounds: int) -> list[dict[str, Any]]:
    """One row for each point."""
    curve = CURVES[name]
    rows = []
    for x, workload in curve.points.items():
        sides = curve.sides(workload)
        row = {"workload": name, "title": f"{curve.title}: {curve.axis} {x:,}", "curve": curve.title}
        if "pytorch" in sides:
            found = time_sides(sides, workload.digits, rounds, seconds=0.2)
        else:  # with and without AGR: not the same values
            found = time_only(sides, rounds, seconds=0.2)
        rows.append(row | {"axis": curve.axis, "x": x} | found)
    return rows
