"""A vision transformer (Dosovitskiy et al. 2021) of ready-made encoder layers, without a class token."""

from dataclasses import dataclass
from typing import Any, ClassVar

from benchmarks.library import Library
from benchmarks.workloads.base import ImageTraining


@dataclass
class ViT(ImageTraining):
    name: ClassVar[str] = "vit"
    tiny: ClassVar[dict[str, int]] = {"batch": 2, "size": 8, "d_model": 8, "heads": 2, "depth": 1}

    batch: int = 64
    size: int = 32
    patch: int = 4
    d_model: int = 128
    heads: int = 4
    depth: int = 4

    @property
    def tokens(self) -> int:
        return (self.size // self.patch) ** 2

    @property
    def title(self) -> str:
        return (
            f"ViT {self.tokens} tokens, d{self.d_model} x{self.depth}, heads {self.heads}, batch {self.batch}"
        )

    def network(self, lib: Library) -> Any:
        nn, sizes = lib.nn, self

        class Network(nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                d = sizes.d_model
                self.patches = nn.Conv2d(3, d, sizes.patch, stride=sizes.patch)
                self.positions = nn.Parameter(0.02 * lib.top.randn(sizes.tokens, d))
                self.blocks = nn.Sequential(
                    *[
                        nn.TransformerEncoderLayer(
                            d, sizes.heads, 4 * d, 0.0, "gelu", batch_first=True, norm_first=True
                        )
                        for _ in range(sizes.depth)
                    ]
                )
                self.norm = nn.LayerNorm(d)
                self.head = nn.Linear(d, 10)

            def forward(self, x: Any) -> Any:
                x = self.patches(x).flatten(2).transpose(1, 2) + self.positions
                return self.head(self.norm(self.blocks(x)).mean(1))

        return Network()
