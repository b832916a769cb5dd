"""The residual network for CIFAR of He et al. (2016), section 4.2, with shortcuts of option A."""

from dataclasses import dataclass
from typing import Any, ClassVar

from benchmarks.library import Library
from benchmarks.workloads.base import ImageTraining


@dataclass
class ResNet20(ImageTraining):
    name: ClassVar[str] = "resnet20"
    tiny: ClassVar[dict[str, int]] = {"batch": 4, "size": 8, "blocks": 1, "width": 4}
    images: ClassVar[bool] = True

    batch: int = 128
    size: int = 32
    blocks: int = 3
    width: int = 16

    @property
    def digits(self) -> int:  # type: ignore[override]
        """How many digits of the third loss have to agree.

        Adam makes steps of one size from gradients that are little more than rounding. The first losses agree
        to 1e-7, the third of PyTorch's own two settings to 5e-4, and the deeper the network the less: with 32
        layers ours is off by 1e-3, with Winograd's algorithm and without.
        """
        return 3 if self.blocks <= 3 else 2

    @property
    def title(self) -> str:
        return f"ResNet-{6 * self.blocks + 2}, {self.size}x{self.size}, batch {self.batch}"

    def network(self, lib: Library) -> Any:
        nn, width = lib.nn, self.width
        block = _block(lib)
        layers = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
        for stage in range(3):
            for i in range(self.blocks):
                layers.append(block(channels, width << stage, 2 if stage > 0 and i == 0 else 1))
                channels = width << stage
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def _block(lib: Library) -> Any:
    nn, F = lib.nn, lib.F

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.stride, self.new = stride, outputs - inputs

        def forward(self, x: Any) -> Any:
            y = F.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            if self.new:
                before = self.new // 2
                x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, self.new - before))
            return F.relu(y + x)

    return Block
