"""A perceptron with two hidden layers, as for MNIST."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.library import Library
from benchmarks.workloads.base import Training


@dataclass
class MLP(Training):
    name: ClassVar[str] = "mlp"
    tiny: ClassVar[dict[str, int]] = {"batch": 4, "inputs": 12, "hidden": 8}

    batch: int = 128
    inputs: int = 784
    hidden: int = 512

    @property
    def title(self) -> str:
        return f"MLP {self.inputs}-{self.hidden}-{self.hidden}-10, batch {self.batch}"

    def network(self, lib: Library) -> Any:
        nn = lib.nn
        return nn.Sequential(
            nn.Linear(self.inputs, self.hidden),
            nn.ReLU(),
            nn.Linear(self.hidden, self.hidden),
            nn.ReLU(),
            nn.Linear(self.hidden, 10),
        )

    def data(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        # Not positive ones: units that no sample activates would soon rest, their moments would fade into
        # denormal numbers, and these are slow.
        x = rng.standard_normal((self.batch, self.inputs), dtype=np.float32)
        return x, rng.integers(0, 10, self.batch)
