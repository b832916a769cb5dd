"""Steps in a framework that shares neither names nor modules with ours."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from benchmarks.peers.adamw import AdamW
from benchmarks.workloads.base import LossSide, Training


class PeerStep(LossSide, ABC):
    """A training step whose loss is a function of plain parameters, in `w` under our state_dict's names."""

    def __init__(self, workload: Training) -> None:
        self.workload = workload
        self.x, self.labels = workload.data(np.random.default_rng(0))
        state = workload.weights()
        self.buffers = {name: array for name, array in state.items() if "running" in name}
        self.w = {
            name: self.parameter(array)
            for name, array in state.items()
            if name not in self.buffers and array.dtype == np.float32
        }
        self.optimizer = AdamW([w.data for w in self.w.values()])

    @abstractmethod
    def parameter(self, array: np.ndarray) -> Any:
        """A tensor that requires a gradient, on this array."""

    @abstractmethod
    def loss(self) -> Any:
        """The loss of the batch."""

    @abstractmethod
    def gradients(self, loss: Any) -> list[np.ndarray]:
        """The gradient of each parameter."""

    def run(self) -> None:
        loss = self.loss()
        self.optimizer.step(self.gradients(loss))
        self.last = float(loss.data)
