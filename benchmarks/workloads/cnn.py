"""A small convolutional network: three times convolution, ReLU and pooling, without normalization."""

from dataclasses import dataclass
from typing import Any, ClassVar

from benchmarks.library import Library
from benchmarks.workloads.base import ImageTraining


@dataclass
class CNN(ImageTraining):
    name: ClassVar[str] = "cnn"
    tiny: ClassVar[dict[str, int]] = {"batch": 4, "size": 8, "width": 4}
    images: ClassVar[bool] = True

    batch: int = 64
    size: int = 32
    width: int = 32

    @property
    def title(self) -> str:
        widths = "-".join(str(self.width << i) for i in range(3))
        return f"CNN {widths} (conv-relu-pool), {self.size}x{self.size}, batch {self.batch}"

    def network(self, lib: Library) -> Any:
        nn, width = lib.nn, self.width
        layers, channels = [], 3
        for outputs in (width, 2 * width, 4 * width):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            channels = outputs
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * (self.size // 8) ** 2, 10))
