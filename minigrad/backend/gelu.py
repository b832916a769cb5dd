"""GELU in blocks that stay in a core's cache: some twenty passes over a block, one over memory."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.backend import special
from minigrad.backend.device import Array, array_module

_BLOCK = 1 << 15  # elements

# In the tanh form Φ(x) is (1 + tanh(x (_LINEAR + _CUBIC x²))) / 2.
_LINEAR = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _LINEAR


def gelu(x: Array, approximate: str) -> tuple[Array, Array]:
    """`x Φ(x)` and Φ(x), the standard normal distribution function or, for 'tanh', its approximation."""
    xp = array_module(x)
    y, distribution = xp.empty_like(x), xp.empty_like(x)
    for x_, y_, distribution_ in _blocks([x], [y, distribution]):
        if approximate == "tanh":
            argument = x_ * x_
            argument *= _CUBIC
            argument += _LINEAR
            argument *= x_
            symmetric = xp.tanh(argument, out=argument)
        else:
            symmetric = special.erf(x_ * math.sqrt(0.5))
        symmetric += 1
        xp.multiply(symmetric, 0.5, out=distribution_)
        xp.multiply(x_, distribution_, out=y_)
    return y, distribution


def gelu_backward(g: Array, x: Array, distribution: Array, approximate: str) -> Array:
    """`g (Φ(x) + x Φ'(x))`."""
    xp = array_module(g, x)
    dx = xp.empty_like(x)
    for g_, x_, distribution_, dx_ in _blocks([g, x, distribution], [dx]):
        density = x_ * x_
        if approximate == "tanh":  # (1 - tanh²) / 2 is 2 Φ (1 - Φ)
            density *= 6 * _CUBIC
            density += 2 * _LINEAR
            density *= distribution_
            density *= 1 - distribution_
        else:
            density *= -0.5
            xp.exp(density, out=density)
            density *= 1 / math.sqrt(2 * math.pi)
        density *= x_
        density += distribution_
        xp.multiply(g_, density, out=dx_)
    return dx  # type: ignore[no-any-return]


def _blocks(inputs: Sequence[Array], outputs: Sequence[Array]) -> Iterator[tuple[Array, ...]]:
    """Matching 1-d pieces of arrays of one shape, whatever their layouts; the outputs are to be written."""
    if array_module(*inputs) is not np:  # a GPU has no such cache
        yield (*inputs, *outputs)
        return
    access: Any = [["readonly"]] * len(inputs) + [["writeonly"]] * len(outputs)
    flags: Any = ["external_loop", "buffered", "zerosize_ok"]
    with np.nditer([*inputs, *outputs], flags, access, buffersize=_BLOCK) as blocks:
        yield from blocks
