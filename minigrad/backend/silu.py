"""SiLU, block by block (see blocks.py). On a GPU `cuda/special.cu` makes it one pass."""

import numpy as np

from minigrad.backend import cuda
from minigrad.backend.blocks import in_blocks
from minigrad.backend.device import Array, array_module
from minigrad.backend.special import SPECIAL


def silu(x: Array) -> tuple[Array, Array]:
    """`x σ(x)` and σ(x) = 1 / (1 + exp(-x))."""
    xp = array_module(x)
    y, sigmoid = xp.empty_like(x), xp.empty_like(x)
    if cuda.runs_kernels(x):
        cuda.launch_elementwise(SPECIAL, "silu", x.size, (x, y, sigmoid), like=x)
        return y, sigmoid
    one = xp.asarray(1, x.dtype)
    with np.errstate(over="ignore"):  # 1 / (1 + inf) is the 0 that σ has there
        for (x_, y_, sigmoid_), scratch in in_blocks([x], [y, sigmoid]):
            xp.negative(x_, out=scratch)
            xp.exp(scratch, out=scratch)
            xp.add(scratch, one, out=scratch)
            xp.divide(one, scratch, out=sigmoid_)
            xp.multiply(x_, sigmoid_, out=y_)
    return y, sigmoid


def silu_backward(g: Array, x: Array, sigmoid: Array) -> Array:
    """`g σ(x) (1 + x (1 - σ(x)))`."""
    xp = array_module(g, x)
    dx = xp.empty_like(x)
    if cuda.runs_kernels(x, sigmoid):
        arguments = (xp.ascontiguousarray(g, x.dtype), x, sigmoid, dx)
        cuda.launch_elementwise(SPECIAL, "silu_backward", x.size, arguments, like=x)
        return dx  # type: ignore[no-any-return]
    one = xp.asarray(1, x.dtype)
    for (g_, x_, sigmoid_, dx_), slope in in_blocks([g, x, sigmoid], [dx]):
        xp.subtract(one, sigmoid_, out=slope)
        xp.multiply(slope, x_, out=slope)
        xp.add(slope, one, out=slope)
        xp.multiply(slope, sigmoid_, out=slope)
        xp.multiply(g_, slope, out=dx_)
    return dx  # type: ignore[no-any-return]
