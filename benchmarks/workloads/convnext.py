"""Blocks of ConvNeXt (Liu et al. 2022), one stage of them after a stem."""

from dataclasses import dataclass
from typing import Any, ClassVar

from benchmarks.library import Library
from benchmarks.workloads.base import ImageTraining


@dataclass
class ConvNeXt(ImageTraining):
    name: ClassVar[str] = "convnext"
    tiny: ClassVar[dict[str, int]] = {"batch": 2, "size": 16, "width": 4, "depth": 1}
    images: ClassVar[bool] = True

    batch: int = 32
    size: int = 32
    width: int = 64
    depth: int = 3

    @property
    def title(self) -> str:
        pixels = self.size // 2
        return f"ConvNeXt {self.depth} blocks, d{self.width}, 7x7, {pixels}x{pixels}, batch {self.batch}"

    def network(self, lib: Library) -> Any:
        nn, width = lib.nn, self.width
        block = _block(lib)
        return nn.Sequential(
            nn.Conv2d(3, width, 2, stride=2),
            *[block(width) for _ in range(self.depth)],
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.LayerNorm(width),
            nn.Linear(width, 10),
        )


def _block(lib: Library) -> Any:
    nn, F = lib.nn, lib.F

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, width: int) -> None:
            super().__init__()
            self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
            self.norm = nn.LayerNorm(width, eps=1e-6)
            self.up = nn.Linear(width, 4 * width)
            self.down = nn.Linear(4 * width, width)
            # The paper starts with 1e-6: the loss would not show what the block computes.
            self.scale = nn.Parameter(lib.top.ones(width))

        def forward(self, x: Any) -> Any:
            y = self.depthwise(x).permute(0, 2, 3, 1)
            y = self.scale * self.down(F.gelu(self.up(self.norm(y))))
            return x + y.permute(0, 3, 1, 2)

    return Block
