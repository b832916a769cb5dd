"""Workloads in MyGrad. Its convolution refuses an image that the strides do not fill, so ResNets are out."""

from typing import Any

import mygrad
import numpy as np
from mygrad.nnet import layers, losses
from mygrad.nnet.activations import relu

from benchmarks.peers.base import PeerStep


class MyGradStep(PeerStep):
    def parameter(self, array: np.ndarray) -> Any:
        return mygrad.tensor(array)

    def gradients(self, loss: Any) -> list[np.ndarray]:
        loss.backward()
        return [p.grad for p in self.parameters]


class MLP(MyGradStep):
    def loss(self) -> Any:
        w1, b1, w2, b2, w3, b3 = self.parameters
        x = relu(mygrad.matmul(self.x, w1.T) + b1)
        x = relu(mygrad.matmul(x, w2.T) + b2)
        return losses.softmax_crossentropy(mygrad.matmul(x, w3.T) + b3, self.labels)


class CNN(MyGradStep):
    def loss(self) -> Any:
        *convolutions, w, b = self.parameters
        x = self.x
        for i in range(0, len(convolutions), 2):
            kernel, bias = convolutions[i : i + 2]
            x = layers.conv_nd(x, kernel, stride=1, padding=1) + bias.reshape(1, -1, 1, 1)
            x = layers.max_pool(relu(x), (2, 2), 2)
        logits = mygrad.matmul(x.reshape(x.shape[0], -1), w.T) + b
        return losses.softmax_crossentropy(logits, self.labels)


SIDES = {"mlp": MLP, "cnn": CNN}
