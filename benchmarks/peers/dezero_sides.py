"""Workloads in DeZero, version 0.0.13.

It has neither products of batches of matrices nor layer norm, and no groups in convolutions: no transformers,
no ConvNeXt.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.peers.base import PeerStep
from benchmarks.workloads import operation

vars(np).setdefault("int", int)  # DeZero uses this name, which NumPy 1.24 removed
import dezero.functions as F  # noqa: E402
from dezero import Parameter, Variable  # noqa: E402


class DeZeroStep(PeerStep):
    def parameter(self, array: np.ndarray) -> Any:
        # Its linear layers keep weights as (in, out).
        return Parameter(array.T.copy() if array.ndim == 2 else array)

    def gradients(self, loss: Any) -> list[np.ndarray]:
        for w in self.w.values():
            w.cleargrad()
        loss.backward()
        return [w.grad.data for w in self.w.values()]


class MLP(DeZeroStep):
    def loss(self) -> Any:
        w1, b1, w2, b2, w3, b3 = self.w.values()
        x = F.relu(F.linear(F.relu(F.linear(self.x, w1, b1)), w2, b2))
        return F.softmax_cross_entropy(F.linear(x, w3, b3), self.labels)


class CNN(DeZeroStep):
    def loss(self) -> Any:
        *convolutions, w, b = self.w.values()
        x = self.x
        for kernel, bias in zip(convolutions[::2], convolutions[1::2], strict=True):
            x = F.pooling(F.relu(F.conv2d(x, kernel, bias, stride=1, pad=1)), kernel_size=2, stride=2)
        return F.softmax_cross_entropy(F.linear(F.flatten(x), w, b), self.labels)


class ResNet20(DeZeroStep):
    def loss(self) -> Any:
        x = F.relu(self.norm("1", F.conv2d(self.x, self.w["0.weight"], pad=1)))
        for i in range(3, 3 + 3 * self.workload.blocks):
            first, second = self.w[f"{i}.conv1.weight"], self.w[f"{i}.conv2.weight"]
            stride = 1 if first.shape[0] == first.shape[1] else 2
            y = F.relu(self.norm(f"{i}.bn1", F.conv2d(x, first, stride=stride, pad=1)))
            y = self.norm(f"{i}.bn2", F.conv2d(y, second, pad=1))
            x = F.relu(y + (x if stride == 1 else shortcut(x)))
        x = F.average_pooling(x, kernel_size=x.shape[-1])
        last = str(3 + 3 * self.workload.blocks + 2)
        logits = F.linear(F.flatten(x), self.w[last + ".weight"], self.w[last + ".bias"])
        return F.softmax_cross_entropy(logits, self.labels)

    def norm(self, name: str, x: Any) -> Any:
        mean, var = self.buffers[name + ".running_mean"], self.buffers[name + ".running_var"]
        return F.batch_nrom(x, self.w[name + ".weight"], self.w[name + ".bias"], mean, var, eps=1e-5)


def shortcut(x: Any) -> Any:
    """Every second pixel, between channels of zeros. There is no pad, but a convolution can do it."""
    channels = x.shape[1]
    kernel = np.zeros((2 * channels, channels, 1, 1), np.float32)
    kernel[channels // 2 : channels // 2 + channels, :, 0, 0] = np.eye(channels)
    return F.conv2d(x, kernel, stride=2)


def chain(workload: operation.Operation, kind: Callable[..., Any] = operation.Chain) -> Any:
    x, c, d = workload.numbers()
    return kind(Variable(x), c, d, workload.length)


SIDES = {
    "mlp": MLP,
    "cnn": CNN,
    "resnet20": ResNet20,
    "op-forward": chain,
    "op-backward": partial(chain, kind=operation.BackwardOfChain),
}
