"""Workloads in DeZero. It has no products of batches of matrices, so no attention, and no layer norm."""

from typing import Any

import numpy as np

from benchmarks.peers.base import PeerStep

vars(np).setdefault("int", int)  # DeZero 0.0.13 uses this name, which NumPy 1.24 removed
import dezero.functions as F  # noqa: E402
from dezero import Parameter  # noqa: E402


class DeZeroStep(PeerStep):
    def parameter(self, array: np.ndarray) -> Any:
        # Its linear layers keep weights as (in, out).
        return Parameter(array.T.copy() if array.ndim == 2 else array)

    def gradients(self, loss: Any) -> list[np.ndarray]:
        for p in self.parameters:
            p.cleargrad()
        loss.backward()
        return [p.grad.data for p in self.parameters]


class MLP(DeZeroStep):
    def loss(self) -> Any:
        w1, b1, w2, b2, w3, b3 = self.parameters
        x = F.relu(F.linear(self.x, w1, b1))
        x = F.relu(F.linear(x, w2, b2))
        return F.softmax_cross_entropy(F.linear(x, w3, b3), self.labels)


class CNN(DeZeroStep):
    def loss(self) -> Any:
        *convolutions, w, b = self.parameters
        x = self.x
        for i in range(0, len(convolutions), 2):
            x = F.conv2d(x, *convolutions[i : i + 2], stride=1, pad=1)
            x = F.pooling(F.relu(x), kernel_size=2, stride=2)
        return F.softmax_cross_entropy(F.linear(F.flatten(x), w, b), self.labels)


SIDES = {"mlp": MLP, "cnn": CNN}
