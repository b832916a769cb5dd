"""Single operations, forward and backward, on the shapes they have in the networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import library
from benchmarks.library import Library
from benchmarks.steps import time_sides
from benchmarks.workloads.base import normalized

Arrays = list[np.ndarray]
Rng = np.random.Generator


@dataclass(frozen=True)
class Kernel:
    """An operation on inputs of one shape.

    Its backward pass has one or more parts, each with the positions of the inputs that it differentiates by.
    """

    call: Callable[..., Any]
    arrays: Callable[[Rng], Arrays]
    backward: dict[str, tuple[int, ...]]

    def side(self, lib: Library, part: str, channels_last: bool = False) -> "KernelSide":
        tensors = [lib.top.from_numpy(array) for array in self.arrays(np.random.default_rng(0))]
        if channels_last:
            tensors = [t.to(memory_format=lib.top.channels_last) if t.ndim == 4 else t for t in tensors]
        backward = part != "forward"
        wanted = self.backward[part] if backward else {i for some in self.backward.values() for i in some}
        for i in wanted:
            tensors[i] = tensors[i].requires_grad_()
        return KernelSide(lambda: self.call(lib, *tensors), tensors, backward)


class KernelSide:
    """The forward pass, recording; or the backward pass after it.

    The gradient it starts from is the square of the result: that lies in memory as the result does, and is
    not removed by a normalization, as the result itself would be.
    """

    def __init__(self, forward: Callable[[], Any], tensors: list[Any], backward: bool) -> None:
        self.forward, self.tensors, self.backward = forward, tensors, backward
        self.y: Any = None
        self.gradient: Any = None

    def prepare(self) -> None:
        for tensor in self.tensors:
            tensor.grad = None
        self.y = self.gradient = None
        if self.backward:
            self.y = self.forward()
            self.gradient = self.y.detach() * self.y.detach()

    def run(self) -> None:
        if self.backward:
            self.y.backward(self.gradient)
        else:
            self.y = self.forward()

    def value(self) -> np.ndarray:
        return normalized([t.grad for t in self.tensors if t.grad is not None] if self.backward else [self.y])


def _normal(*shapes: tuple[int, ...]) -> Callable[[Rng], Arrays]:
    return lambda rng: [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def _conv(n: int, c: int, out: int, size: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> Kernel:
    def call(lib: Library, x: Any, w: Any) -> Any:
        return lib.F.conv2d(x, w, None, stride, kernel // 2, 1, groups)

    shapes = (n, c, size, size), (out, c // groups, kernel, kernel)
    return Kernel(call, _normal(*shapes), {"dX": (0,), "dW": (1,)})


def _batch_norm(n: int, c: int, size: int) -> Kernel:
    def call(lib: Library, x: Any, w: Any, b: Any) -> Any:
        return lib.F.batch_norm(x, None, None, w, b, training=True)

    return Kernel(call, _normal((n, c, size, size), (c,), (c,)), {"backward": (0, 1, 2)})


def _layer_norm(rows: int, d: int) -> Kernel:
    def call(lib: Library, x: Any, w: Any, b: Any) -> Any:
        return lib.F.layer_norm(x, (d,), w, b)

    return Kernel(call, _normal((rows, d), (d,), (d,)), {"backward": (0, 1, 2)})


def _function(name: str, *shape: int, **arguments: Any) -> Kernel:
    def call(lib: Library, x: Any) -> Any:
        return getattr(lib.F, name)(x, **arguments)

    return Kernel(call, _normal(shape), {"backward": (0,)})


def _cross_entropy(rows: int, classes: int) -> Kernel:
    def arrays(rng: Rng) -> Arrays:
        return [rng.standard_normal((rows, classes), dtype=np.float32), rng.integers(0, classes, rows)]

    return Kernel(lambda lib, x, labels: lib.F.cross_entropy(x, labels), arrays, {"backward": (0,)})


def _attention(n: int, heads: int, tokens: int, d: int, causal: bool) -> Kernel:
    def call(lib: Library, q: Any, k: Any, v: Any) -> Any:
        return lib.F.scaled_dot_product_attention(q, k, v, is_causal=causal)

    return Kernel(call, _normal(*[(n, heads, tokens, d)] * 3), {"backward": (0, 1, 2)})


def _embedding(vocabulary: int, d: int, ids: int) -> Kernel:
    def arrays(rng: Rng) -> Arrays:
        return [rng.integers(0, vocabulary, ids), rng.standard_normal((vocabulary, d), dtype=np.float32)]

    return Kernel(lambda lib, i, w: lib.F.embedding(i, w), arrays, {"backward": (1,)})


KERNELS = {
    "conv 3->16 32x32 b128": _conv(128, 3, 16, 32),
    "conv 16->16 32x32 b128": _conv(128, 16, 16, 32),
    "conv 16->32/2 32x32 b128": _conv(128, 16, 32, 32, stride=2),
    "conv 32->32 16x16 b128": _conv(128, 32, 32, 16),
    "conv 32->64/2 16x16 b128": _conv(128, 32, 64, 16, stride=2),
    "conv 64->64 8x8 b128": _conv(128, 64, 64, 8),
    "conv 64->64 32x32 b64": _conv(64, 64, 64, 32),
    "conv 128->128 16x16 b64": _conv(64, 128, 128, 16),
    "conv 256->256 8x8 b64": _conv(64, 256, 256, 8),
    "conv 512->512 4x4 b64": _conv(64, 512, 512, 4),
    "conv 1x1 64->256 16x16 b32": _conv(32, 64, 256, 16, kernel=1),
    "depthwise 7x7 64 16x16 b32": _conv(32, 64, 64, 16, kernel=7, groups=64),
    "max_pool 2x2 32 32x32 b64": _function("max_pool2d", 64, 32, 32, 32, kernel_size=2),
    "avg_pool 2x2 32 32x32 b64": _function("avg_pool2d", 64, 32, 32, 32, kernel_size=2),
    "batch_norm 16 32x32 b128": _batch_norm(128, 16, 32),
    "batch_norm 64 8x8 b128": _batch_norm(128, 64, 8),
    "layer_norm 4096x128": _layer_norm(4096, 128),
    "layer_norm 4096x768": _layer_norm(4096, 768),
    "relu 128x16x32x32": _function("relu", 128, 16, 32, 32),
    "gelu 4096x512": _function("gelu", 4096, 512),
    "gelu tanh 4096x512": _function("gelu", 4096, 512, approximate="tanh"),
    "cross_entropy 128x10": _cross_entropy(128, 10),
    "cross_entropy 2048x4096": _cross_entropy(2048, 4096),
    "attention b64 h4 t64 d32": _attention(64, 4, 64, 32, causal=False),
    "attention b16 h4 t128 d32 causal": _attention(16, 4, 128, 32, causal=True),
    "embedding 4096x128, 2048 ids": _embedding(4096, 128, 2048),
    "embedding 4096x128, 16384 ids": _embedding(4096, 128, 16384),
}


def chosen(words: Sequence[str]) -> list[str]:
    """The kernels whose name contains one of these words; all if there are none.

    Raises
    ------
    ValueError
        If a word is in no name.
    """
    for word in words:
        if not any(word in name for name in KERNELS):
            raise ValueError(f"no kernel has {word!r} in its name; there are {', '.join(KERNELS)}")
    return [name for name in KERNELS if not words or any(word in name for word in words)]


def time_kernel(name: str, rounds: int, settings: Sequence[str]) -> list[dict[str, Any]]:
    """One row for the forward pass and for each part of the backward pass."""
    kernel = KERNELS[name]
    images = kernel.arrays(np.random.default_rng(0))[0].ndim == 4 and not name.startswith("attention")
    rows = []
    for part in ("forward", *kernel.backward):
        sides = {"minigrad": kernel.side(library.minigrad(), part)}
        if "default" in settings:
            sides["pytorch"] = kernel.side(library.pytorch(), part)
        if "expert" in settings and images:
            sides["pytorch expert"] = kernel.side(library.pytorch(), part, channels_last=True)
        row = {"workload": f"{name} {part}", "title": f"{name} {part}"}
        rows.append(row | time_sides(sides, digits=4, rounds=rounds, seconds=0.2))
    return rows
