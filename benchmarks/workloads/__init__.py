"""What is timed: one file a workload."""

from collections.abc import Sequence

from benchmarks.workloads.base import Workload
from benchmarks.workloads.cnn import CNN
from benchmarks.workloads.convnext import ConvNeXt
from benchmarks.workloads.lm import LM
from benchmarks.workloads.mlp import MLP
from benchmarks.workloads.operation import OperationBackward, OperationForward
from benchmarks.workloads.optimizers import AdamW, Adan
from benchmarks.workloads.resnet20 import ResNet20
from benchmarks.workloads.vgg import VGGConvolutions
from benchmarks.workloads.vit import ViT

WORKLOADS: dict[str, type[Workload]] = {
    cls.name: cls
    for cls in (
        MLP,
        CNN,
        ResNet20,
        ViT,
        LM,
        ConvNeXt,
        VGGConvolutions,
        AdamW,
        Adan,
        OperationForward,
        OperationBackward,
    )
}


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
