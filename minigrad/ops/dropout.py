"""Dropout: random zeros during training, so that no feature can rely on another."""

from typing import Any

from minigrad.backend import Array, device_of
from minigrad.engine import primitive
from minigrad.ops.operands import require_floating
from minigrad.random import Generator, random_array
from minigrad.tensor import Tensor

__all__ = ["dropout"]


@primitive(x=lambda g, factors: g * factors)
def _dropout(x: Array, factors: Array) -> Array:
    return x * factors


def dropout(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """Zeros with probability `p`, and the other elements over `1 - p`, so that the expected value stays.

    Parameters
    ----------
    input : Tensor
    p : float
        The probability, from 0 to 1.
    training : bool
        If false, `input` is returned as it is.
    generator : Generator, optional
        What is drawn from; `minigrad.default_generator` if None.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1.
    RuntimeError
        If `input` is not floating.

    References
    ----------
    Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.

    Examples
    --------
    >>> import minigrad as mg
    >>> y = mg.nn.functional.dropout(mg.tensor([1.0] * 8), p=0.75)
    >>> set(y.tolist()) <= {0.0, 4.0}
    True
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: the probability must be between 0 and 1, got {p}")
    if not training or p == 0:
        return input
    require_floating(input, "dropout")
    device = device_of(input.data if isinstance(input, Tensor) else input)
    # Drawn in float32 for every dtype, so that a float64 model drops the same elements.
    factors = (random_array("random", input.shape, "float32", device, generator) >= p).astype(input.dtype)
    factors *= 1 / (1 - p) if p < 1 else 0
    return _dropout(input, factors)
