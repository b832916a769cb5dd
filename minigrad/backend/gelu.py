"""GELU, block by block (see blocks.py): some twenty passes over a block, one over memory.

On a GPU `cuda/special.cu` makes it one pass.
"""

import math

from minigrad.backend import cuda, special
from minigrad.backend.blocks import in_blocks
from minigrad.backend.device import Array, array_module
from minigrad.backend.special import SPECIAL

# In the tanh form Φ(x) is (1 + tanh(x (_LINEAR + _CUBIC x²))) / 2.
_LINEAR = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _LINEAR


def gelu(x: Array, approximate: str) -> tuple[Array, Array]:
    """`x Φ(x)` and Φ(x), the standard normal distribution function or, for 'tanh', its approximation."""
    xp = array_module(x)
    y, distribution = xp.empty_like(x), xp.empty_like(x)
    if cuda.runs_kernels(x):
        arguments = (x, y, distribution, approximate == "tanh", _LINEAR, _CUBIC)
        cuda.launch_elementwise(SPECIAL, "gelu", x.size, arguments, like=x)
        return y, distribution
    one, half, linear, cubic = (xp.asarray(value, x.dtype) for value in (1, 0.5, _LINEAR, _CUBIC))
    for (x_, y_, distribution_), scratch in in_blocks([x], [y, distribution]):
        if approximate == "tanh":
            xp.multiply(x_, x_, out=scratch)
            xp.multiply(scratch, cubic, out=scratch)
            xp.add(scratch, linear, out=scratch)
            xp.multiply(scratch, x_, out=scratch)
            xp.tanh(scratch, out=scratch)
            xp.add(scratch, one, out=scratch)
            xp.multiply(scratch, half, out=distribution_)
        else:
            special.normal_distribution(x_, out=distribution_)
        xp.multiply(x_, distribution_, out=y_)
    return y, distribution


def gelu_backward(g: Array, x: Array, distribution: Array, approximate: str) -> Array:
    """`g (Φ(x) + x Φ'(x))`."""
    xp = array_module(g, x)
    dx = xp.empty_like(x)
    if cuda.runs_kernels(x, distribution):
        g = xp.ascontiguousarray(g, x.dtype)
        arguments = (g, x, distribution, dx, approximate == "tanh", _LINEAR, _CUBIC)
        cuda.launch_elementwise(SPECIAL, "gelu_backward", x.size, arguments, like=x)
        return dx  # type: ignore[no-any-return]
    one, linear, cubic = (xp.asarray(value, x.dtype) for value in (1, 2 * _LINEAR, 6 * _CUBIC))
    minus_half, peak = (xp.asarray(value, x.dtype) for value in (-0.5, 1 / math.sqrt(2 * math.pi)))
    for (g_, x_, distribution_, dx_), density in in_blocks([g, x, distribution], [dx]):
        xp.multiply(x_, x_, out=density)
        if approximate == "tanh":  # (1 - tanh²) / 2 is 2 Φ (1 - Φ)
            xp.multiply(density, cubic, out=density)
            xp.add(density, linear, out=density)
            xp.multiply(density, distribution_, out=density)
            xp.subtract(one, distribution_, out=dx_)
            xp.multiply(density, dx_, out=density)
        else:
            xp.multiply(density, minus_half, out=density)
            xp.exp(density, out=density)
            xp.multiply(density, peak, out=density)
        xp.multiply(density, x_, out=density)
        xp.add(density, distribution_, out=density)
        xp.multiply(g_, density, out=dx_)
    return dx  # type: ignore[no-any-return]
