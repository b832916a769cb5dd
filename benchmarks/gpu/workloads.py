"""What is timed on a GPU, at sizes that keep one busy, and the smaller ones at which results are compared."""

from collections.abc import Sequence
from dataclasses import fields, replace

from benchmarks.workloads import WORKLOADS
from benchmarks.workloads.agr import WithAGR
from benchmarks.workloads.base import SETTINGS, Training, Workload
from benchmarks.workloads.optimizers import AdamW, Adan, OptimizerWorkload
from benchmarks.workloads.resnet20 import ResNet20

TIMED: dict[str, Workload] = {
    name: ResNet20(batch=512) if name == "resnet20" else cls() for name, cls in WORKLOADS.items()
} | {workload.name: workload for workload in (WithAGR(AdamW()), WithAGR(Adan()))}

CONVOLVING = ("cnn", "resnet20", "vit", "convnext", "vgg")


def chosen(names: Sequence[str]) -> list[str]:
    """These names, or all if there are none; ValueError if one is not known."""
    for name in names:
        if name not in TIMED:
            raise ValueError(f"unknown workload {name!r}; there are {', '.join(TIMED)}")
    return list(names) or list(TIMED)


def applies(name: str, precision: str) -> bool:
    """Whether the workload can be measured in this precision: only networks have others than float32."""
    return precision == "float32" or isinstance(TIMED[name], Training)


def compared(workload: Workload) -> Workload:
    """The workload with a batch that NumPy, too, is soon done with."""
    if "batch" not in [field.name for field in fields(workload)]:  # type: ignore[arg-type]
        return workload
    return replace(workload, batch=min(workload.batch, 16))  # type: ignore[type-var, attr-defined]


def labels(workload: Workload) -> dict[str, str]:
    """PyTorch's settings, under the names they have in tables."""
    base = workload.optimizer if isinstance(workload, WithAGR) else workload
    optimizer = isinstance(base, OptimizerWorkload)
    names = ("pytorch foreach", "pytorch fused") if optimizer else ("pytorch", "pytorch expert")
    return {name: setting for name, setting in zip(names, SETTINGS, strict=True) if setting in base.settings}
