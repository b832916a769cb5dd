"""A causal language model like GPT-2 (Radford et al. 2019); its last layer has the embedding's weights."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.library import Library
from benchmarks.workloads.base import Training


@dataclass
class LM(Training):
    name: ClassVar[str] = "lm"
    tiny: ClassVar[dict[str, int]] = {
        "batch": 2,
        "tokens": 6,
        "d_model": 8,
        "heads": 2,
        "depth": 1,
        "vocabulary": 11,
    }

    batch: int = 16
    tokens: int = 128
    d_model: int = 128
    heads: int = 4
    depth: int = 4
    vocabulary: int = 4096

    @property
    def title(self) -> str:
        return (
            f"LM {self.tokens} tokens, d{self.d_model} x{self.depth}, heads {self.heads}, "
            f"vocabulary {self.vocabulary} tied, batch {self.batch}"
        )

    def network(self, lib: Library) -> Any:
        nn, F, sizes = lib.nn, lib.F, self
        block = _block(lib)

        class Network(nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.tokens = nn.Embedding(sizes.vocabulary, sizes.d_model)
                self.positions = nn.Embedding(sizes.tokens, sizes.d_model)
                self.blocks = nn.Sequential(*[block(sizes.d_model, sizes.heads) for _ in range(sizes.depth)])
                self.norm = nn.LayerNorm(sizes.d_model)
                for embedding in (self.tokens, self.positions):
                    nn.init.normal_(embedding.weight, std=0.02)

            def forward(self, ids: Any) -> Any:
                x = self.tokens(ids) + self.positions(lib.top.arange(ids.shape[1], device=ids.device))
                return F.linear(self.norm(self.blocks(x)), self.tokens.weight)

        return Network()

    def loss(self, lib: Library, network: Any, x: Any, labels: Any) -> Any:
        return lib.F.cross_entropy(network(x).reshape(-1, self.vocabulary), labels.reshape(-1))

    def data(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        text = rng.integers(0, self.vocabulary, (self.batch, self.tokens + 1))
        return text[:, :-1].copy(), text[:, 1:].copy()


def _block(lib: Library) -> Any:
    nn, F = lib.nn, lib.F

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, d_model: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.norm1 = nn.LayerNorm(d_model)
            self.qkv = nn.Linear(d_model, 3 * d_model)
            self.out = nn.Linear(d_model, d_model)
            self.norm2 = nn.LayerNorm(d_model)
            self.up = nn.Linear(d_model, 4 * d_model)
            self.down = nn.Linear(4 * d_model, d_model)

        def forward(self, x: Any) -> Any:
            x = x + self.attend(self.norm1(x))
            return x + self.down(F.gelu(self.up(self.norm2(x))))

        def attend(self, x: Any) -> Any:
            n, t, d = x.shape
            q, k, v = [
                part.reshape(n, t, self.heads, d // self.heads).transpose(1, 2)
                for part in self.qkv(x).chunk(3, -1)
            ]
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.out(y.transpose(1, 2).reshape(n, t, d))

    return Block
