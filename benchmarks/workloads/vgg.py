"""The wide 3x3 convolutions of VGG (Simonyan & Zisserman 2015): forward, backward to inputs and weights."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.library import Library
from benchmarks.workloads.base import Workload, normalized


@dataclass
class VGGConvolutions(Workload):
    name: ClassVar[str] = "vgg"
    tiny: ClassVar[dict[str, int]] = {"batch": 2, "size": 8, "width": 4}

    batch: int = 64
    size: int = 16
    width: int = 128

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Channels and size of each of the three stages."""
        return [(self.width << i, self.size >> i) for i in range(3)]

    @property
    def title(self) -> str:
        stages = ", ".join(f"{channels}x{size}x{size}" for channels, size in self.shapes)
        return f"VGG convolutions, 2 at each of {stages}, batch {self.batch}"

    def side(self, lib: Library, settings: str = "default") -> "Convolutions":
        side = Convolutions(self, lib)
        if settings == "expert":
            side.channels_last()
        return side


class Convolutions:
    """Two convolutions for each shape, one after the other."""

    def __init__(self, workload: VGGConvolutions, lib: Library) -> None:
        rng = np.random.default_rng(0)
        self.lib = lib
        self.stages = []
        for channels, size in workload.shapes:
            x = rng.standard_normal((workload.batch, channels, size, size), dtype=np.float32)
            w = rng.standard_normal((2, channels, channels, 3, 3), dtype=np.float32) / (3 * channels**0.5)
            self.stages.append([lib.tensor(a).requires_grad_() for a in (x, *w)])

    def channels_last(self) -> None:
        self.stages = [
            [a.detach().to(memory_format=self.lib.top.channels_last).requires_grad_() for a in stage]
            for stage in self.stages
        ]

    def prepare(self) -> None:
        for stage in self.stages:
            for tensor in stage:
                tensor.grad = None

    def run(self) -> None:
        conv2d = self.lib.F.conv2d
        for x, first, second in self.stages:
            y = conv2d(conv2d(x, first, padding=1), second, padding=1)
            y.backward(y.detach())
            self.last = y

    def value(self) -> np.ndarray:
        return normalized([self.last, *[tensor.grad for stage in self.stages for tensor in stage]])
