"""Workloads in MyGrad, version 2.5.

It has no groups in convolutions, and refuses an image that the strides do not fill: no ConvNeXt, no ResNet.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet import layers, losses
from mygrad.nnet.activations import relu, softmax

from benchmarks.peers.base import PeerStep
from benchmarks.workloads import operation


class MyGradStep(PeerStep):
    def parameter(self, array: np.ndarray) -> Any:
        return mg.tensor(array)

    def gradients(self, loss: Any) -> list[np.ndarray]:
        loss.backward()
        return [w.grad for w in self.w.values()]


def linear(x: Any, w: Any, b: Any) -> Any:
    return mg.matmul(x, w.T) + b


class MLP(MyGradStep):
    def loss(self) -> Any:
        w1, b1, w2, b2, w3, b3 = self.w.values()
        x = relu(linear(relu(linear(self.x, w1, b1)), w2, b2))
        return losses.softmax_crossentropy(linear(x, w3, b3), self.labels)


class CNN(MyGradStep):
    def loss(self) -> Any:
        *convolutions, w, b = self.w.values()
        x = self.x
        for kernel, bias in zip(convolutions[::2], convolutions[1::2], strict=True):
            x = layers.conv_nd(x, kernel, stride=1, padding=1) + bias.reshape(1, -1, 1, 1)
            x = layers.max_pool(relu(x), (2, 2), 2)
        return losses.softmax_crossentropy(linear(x.reshape(x.shape[0], -1), w, b), self.labels)


class LM(MyGradStep):
    def __init__(self, workload: Any) -> None:
        super().__init__(workload)
        self.mask = np.triu(np.full((workload.tokens,) * 2, -np.inf, np.float32), 1)

    def loss(self) -> Any:
        x = self.w["tokens.weight"][self.x] + self.w["positions.weight"]
        for i in range(self.workload.depth):
            block = f"blocks.{i}."
            x = x + self.attend(block, self.norm(block + "norm1", x))
            y = gelu(self.linear(block + "up", self.norm(block + "norm2", x)))
            x = x + self.linear(block + "down", y)
        logits = mg.matmul(self.norm("norm", x), self.w["tokens.weight"].T)
        flat = logits.reshape(-1, self.workload.vocabulary)
        return losses.softmax_crossentropy(flat, self.labels.reshape(-1))

    def attend(self, block: str, x: Any) -> Any:
        n, t, d = x.shape
        heads = self.workload.heads
        qkv = self.linear(block + "qkv", x).reshape(n, t, 3, heads, d // heads)
        q, k, v = [qkv[:, :, i].transpose(0, 2, 1, 3) for i in range(3)]
        scores = mg.matmul(q, k.transpose(0, 1, 3, 2)) * np.float32((d // heads) ** -0.5)
        y = mg.matmul(softmax(scores + self.mask), v)
        return self.linear(block + "out", y.transpose(0, 2, 1, 3).reshape(n, t, d))

    def linear(self, name: str, x: Any) -> Any:
        return linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def norm(self, name: str, x: Any) -> Any:
        x = x - x.mean(-1, keepdims=True)
        x = x / mg.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-5))
        return x * self.w[name + ".weight"] + self.w[name + ".bias"]


def gelu(x: Any) -> Any:
    """The form with tanh: there is no erf."""
    half, root, cubic = np.float32(0.5), np.float32((2 / np.pi) ** 0.5), np.float32(0.044715)
    return half * x * (1 + mg.tanh(root * (x + cubic * x * x * x)))


class BackwardOfChain(operation.BackwardOfChain):
    def prepare(self) -> None:
        self.x.null_grad()
        super(operation.BackwardOfChain, self).run()

    def value(self) -> np.ndarray:
        return np.array(self.x.grad)


def chain(workload: operation.Operation, kind: Callable[..., Any] = operation.Chain) -> Any:
    x, c, d = workload.numbers()
    return kind(mg.tensor(x), c, d, workload.length)


SIDES = {
    "mlp": MLP,
    "cnn": CNN,
    "lm": LM,
    "op-forward": chain,
    "op-backward": partial(chain, kind=BackwardOfChain),
}
