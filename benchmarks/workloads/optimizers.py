"""Steps of an optimizer alone, on the shapes of a transformer's parameters."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks import library
from benchmarks.library import Library
from benchmarks.workloads.base import SETTINGS, Workload


@dataclass
class OptimizerWorkload(Workload):
    """Ten blocks of 6 tensors: 10 million parameters in 60 tensors."""

    tiny: ClassVar[dict[str, int]] = {"blocks": 2, "width": 3}

    blocks: int = 10
    width: int = 288

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        d = self.width
        return [(3 * d, d), (d, d), (4 * d, d), (d, 4 * d), (d,), (d,)] * self.blocks

    @property
    def title(self) -> str:
        count = sum(int(np.prod(shape)) for shape in self.shapes)
        return f"{type(self).__name__}, {count / 1e6:.3g} million parameters in {len(self.shapes)} tensors"

    @abstractmethod
    def optimizer(self, lib: Library, settings: str, params: list[Any], **options: Any) -> Any:
        """The optimizer of these parameters."""

    def side(self, lib: Library, settings: str = "default") -> "OptimizerStep":
        return OptimizerStep(self.shapes, lib, lambda params: self.optimizer(lib, settings, params))


class AdamW(OptimizerWorkload):
    name: ClassVar[str] = "adamw"

    def optimizer(self, lib: Library, settings: str, params: list[Any], **options: Any) -> Any:
        return lib.optim.AdamW(params, **({"fused": True} if settings == "expert" else {}), **options)


class Adan(OptimizerWorkload):
    name: ClassVar[str] = "adan"
    settings: ClassVar[tuple[str, ...]] = SETTINGS[:1]

    def optimizer(self, lib: Library, settings: str, params: list[Any], **options: Any) -> Any:
        if hasattr(lib.optim, "Adan"):
            return lib.optim.Adan(params, weight_decay=0.02, **options)
        from benchmarks.workloads import adan_pytorch

        return adan_pytorch.Adan(params, weight_decay=0.02, **options)


class OptimizerStep:
    """`optimizer.step()` on gradients that take turns."""

    def __init__(
        self, shapes: list[tuple[int, ...]], lib: Library, optimizer: Callable[[list[Any]], Any]
    ) -> None:
        rng = np.random.default_rng(0)

        def tensors(scale: float) -> list[Any]:
            return [lib.tensor(scale * rng.standard_normal(shape, dtype=np.float32)) for shape in shapes]

        self.lib = lib
        # Weights of the size of a few steps, so that the comparison sees what the steps do.
        self.weights = [lib.nn.Parameter(w) for w in tensors(0.01)]
        self.gradients = [tensors(0.1), tensors(0.1)]
        self.optimizer = optimizer(self.weights)

    def prepare(self) -> None:
        self.gradients.reverse()
        for weight, gradient in zip(self.weights, self.gradients[0], strict=True):
            weight.grad = gradient

    def run(self) -> None:
        self.optimizer.step()

    def value(self) -> np.ndarray:
        return np.concatenate([library.array_of(w).ravel() for w in self.weights])
