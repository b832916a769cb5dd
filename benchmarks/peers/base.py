"""A training step in a framework that shares neither names nor modules with ours."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from benchmarks.peers.adamw import AdamW
from benchmarks.workloads.base import LossSide, Training


class PeerStep(LossSide, ABC):
    """The loss is a function of plain parameters, in the order of our state_dict."""

    def __init__(self, workload: Training) -> None:
        x, labels = workload.data(np.random.default_rng(0))
        self.x, self.labels = x, labels
        self.parameters = [self.parameter(array) for array in workload.weights().values()]
        self.optimizer = AdamW([p.data for p in self.parameters])

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
