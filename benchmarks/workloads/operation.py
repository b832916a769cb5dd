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

    def numbers(self) -> list[np.ndarray]:
        """Where the chain starts, and the constants c and d."""
        numbers = np.random.default_rng(0).random((3, 8, 8), dtype=np.float32) - 0.5
        # Factors around 1: powers of smaller ones would end in denormal numbers, which are slow.
        return [numbers[0], 1 + numbers[1] / 1000, numbers[2]]

    @property
    def per_step(self) -> int:  # type: ignore[override]
        return self.length

    @property
    def title(self) -> str:
        return f"one 8x8 operation, {self.name.removeprefix('op-')}"

    def side(self, lib: Library, settings: str = "default") -> "Chain":
        x, c, d = map(lib.tensor, self.numbers())
        x = x.requires_grad_()
        if self.name == "op-forward":
            return Chain(x, c, d, self.length)
        return BackwardOfChain(x, c, d, self.length, lib.top.ones_like(x))


class OperationForward(Operation):
    name: ClassVar[str] = "op-forward"


class OperationBackward(Operation):
    name: ClassVar[str] = "op-backward"


class Chain:
    """`h = h * c; h = h + d`, again and again, from an x that requires a gradient."""

    def __init__(self, x: Any, c: Any, d: Any, length: int) -> None:
        self.x, self.c, self.d, self.length = x, c, d, length
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
        return library.array_of(self.h)


class BackwardOfChain(Chain):
    """The gradient of x, weighted by ones; `gradient` are these ones, if the framework wants to be told."""

    def __init__(self, x: Any, c: Any, d: Any, length: int, *gradient: Any) -> None:
        super().__init__(x, c, d, length)
        self.gradient = gradient

    def prepare(self) -> None:
        self.x.grad = None
        super().run()

    def run(self) -> None:
        self.h.backward(*self.gradient)

    def value(self) -> np.ndarray:
        return library.array_of(self.x.grad)
