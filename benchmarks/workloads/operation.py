"""What recording and differentiating one small operation costs, in a chain of products and sums of 8x8."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks import library
from benchmarks.library import Library
from benchmarks.workloads.base import SETTINGS, Workload


@dataclass
class Operation(Workload):
    tiny: ClassVar[dict[str, int]] = {"length": 10}
    settings: ClassVar[tuple[str, ...]] = SETTINGS[:1]

    length: int = 2000

    @property
    def per_step(self) -> int:  # type: ignore[override]
        return self.length


class OperationForward(Operation):
    name: ClassVar[str] = "op-forward"

    @property
    def title(self) -> str:
        return "one 8x8 operation, forward"

    def minigrad(self) -> "Chain":
        return Chain(library.minigrad(), self.length)

    def pytorch(self, settings: str = "default") -> "Chain":
        return Chain(library.pytorch(), self.length)


class OperationBackward(Operation):
    name: ClassVar[str] = "op-backward"

    @property
    def title(self) -> str:
        return "one 8x8 operation, backward"

    def minigrad(self) -> "BackwardOfChain":
        return BackwardOfChain(library.minigrad(), self.length)

    def pytorch(self, settings: str = "default") -> "BackwardOfChain":
        return BackwardOfChain(library.pytorch(), self.length)


class Chain:
    """`h = h * c; h = h + d`, again and again, from an x that requires a gradient."""

    def __init__(self, lib: Library, length: int) -> None:
        rng = np.random.default_rng(0)
        numbers = rng.random((3, 8, 8), dtype=np.float32) - 0.5
        # Factors around 1: powers of smaller ones would end in denormal numbers, which are slow.
        x, c, d = [lib.top.from_numpy(a) for a in (numbers[0], 1 + numbers[1] / 1000, numbers[2])]
        self.x, self.c, self.d = x.requires_grad_(), c, d
        self.length = length
        self.h: Any = None

    def prepare(self) -> None:
        self.h = None  # the earlier graph goes off the clock

    def run(self) -> None:
        h, c, d = self.x, self.c, self.d
        for _ in range(self.length // 2):
            h = h * c
            h = h + d
        self.h = h

    def value(self) -> np.ndarray:
        return np.array(self.h.detach().numpy())


class BackwardOfChain(Chain):
    """The gradient of x, weighted by ones."""

    def __init__(self, lib: Library, length: int) -> None:
        super().__init__(lib, length)
        self.ones = lib.top.ones(8, 8)

    def prepare(self) -> None:
        self.x.grad = None
        super().run()

    def run(self) -> None:
        self.h.backward(self.ones)

    def value(self) -> np.ndarray:
        return np.array(self.x.grad.numpy())
