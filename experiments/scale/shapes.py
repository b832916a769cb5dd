"""The parameter tensors of four well-known networks, by kind: no weights, only shapes.

The sources are the papers' tables; the tests compare the totals with the published numbers of parameters.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """One parameter tensor.

    Parameters
    ----------
    kind : str
        'convolution', 'linear', 'norm', 'bias' or 'embedding'.
    shape : tuple of int
    """

    kind: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)


def resnet50() -> Iterator[Parameter]:
    """ResNet-50 for ImageNet (He et al. 2015, Table 1)."""

    def convolution(channels: int, new: int, kernel: int) -> Iterator[Parameter]:
        yield Parameter("convolution", (new, channels, kernel, kernel))
        yield from _norm(new)

    yield from convolution(3, 64, 7)
    channels = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            yield from convolution(channels, width, 1)
            yield from convolution(width, width, 3)
            yield from convolution(width, 4 * width, 1)
            if block == 0:
                yield from convolution(channels, 4 * width, 1)
            channels = 4 * width
    yield from _linear(channels, 1000)


def vit_base() -> Iterator[Parameter]:
    """ViT-B/16 for images of 224 x 224 (Dosovitskiy et al. 2020, Table 1); query, key and value in one."""
    d = 768
    yield Parameter("convolution", (d, 3, 16, 16))
    yield Parameter("bias", (d,))
    yield Parameter("embedding", (1, d))  # the class token
    yield Parameter("embedding", (197, d))
    for _ in range(12):
        yield from _transformer_layer(d)
    yield from _norm(d)
    yield from _linear(d, 1000)


def gpt2() -> Iterator[Parameter]:
    """GPT-2, the small one (Radford et al. 2019, Table 2); the output layer is the embedding."""
    d = 768
    yield Parameter("embedding", (50257, d))
    yield Parameter("embedding", (1024, d))
    for _ in range(12):
        yield from _transformer_layer(d)
    yield from _norm(d)


def llama3_8b() -> Iterator[Parameter]:
    """Llama 3 8B (Grattafiori et al. 2024, Table 3): no biases, 8 heads of 128 for keys and values."""
    d, inner, vocabulary = 4096, 14336, 128256
    yield Parameter("embedding", (vocabulary, d))
    for _ in range(32):
        yield Parameter("norm", (d,))
        for rows in (d, 1024, 1024, d):
            yield Parameter("linear", (rows, d))
        yield Parameter("norm", (d,))
        yield Parameter("linear", (inner, d))
        yield Parameter("linear", (inner, d))
        yield Parameter("linear", (d, inner))
    yield Parameter("norm", (d,))
    yield Parameter("linear", (vocabulary, d))


NETWORKS = {"ResNet-50": resnet50, "ViT-B/16": vit_base, "GPT-2": gpt2, "Llama 3 8B": llama3_8b}


def _norm(channels: int) -> Iterator[Parameter]:
    yield Parameter("norm", (channels,))
    yield Parameter("norm", (channels,))


def _linear(inputs: int, outputs: int) -> Iterator[Parameter]:
    yield Parameter("linear", (outputs, inputs))
    yield Parameter("bias", (outputs,))


def _transformer_layer(d: int) -> Iterator[Parameter]:
    yield from _norm(d)
    yield from _linear(d, 3 * d)
    yield from _linear(d, d)
    yield from _norm(d)
    yield from _linear(d, 4 * d)
    yield from _linear(4 * d, d)
