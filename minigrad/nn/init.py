"""Ways to fill a parameter before training.

All of them write into the tensor they are given and return it. The scaled ones choose the spread so that
signals keep their size from layer to layer: going forward, where `fan_in` inputs are summed into each output,
or going backward, where `fan_out` gradients are summed into each input's.
"""

import math
from statistics import NormalDist
from typing import Literal

import numpy as np

from minigrad.backend import Array, array_module, to_device
from minigrad.engine import mutated
from minigrad.ops.operands import require_floating
from minigrad.random import Generator, random_array, rng_of
from minigrad.tensor import Tensor

Mode = Literal["fan_in", "fan_out"]

_GAINS = {"linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv_transpose2d": 1.0, "sigmoid": 1.0,
          "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much a layer has to amplify, to make up for the nonlinearity that follows it.

    Parameters
    ----------
    nonlinearity : str
        'linear', 'conv1d', 'conv2d', 'conv_transpose2d', 'sigmoid', 'tanh', 'relu', 'leaky_relu' or 'selu'.
    param : float, optional
        The negative slope of 'leaky_relu' (0.01).

    Raises
    ------
    ValueError
        If the nonlinearity is not known.

    Examples
    --------
    >>> calculate_gain("relu") == math.sqrt(2)
    True
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _GAINS:
        raise ValueError(
            f"calculate_gain: nonlinearity {nonlinearity!r} is none of {', '.join([*_GAINS, 'leaky_relu'])}"
        )
    return _GAINS[nonlinearity]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers from the uniform distribution on [a, b).

    Raises
    ------
    RuntimeError
        If a > b, or the tensor is not floating (as in all functions here).
    """
    if a > b:
        raise RuntimeError(f"uniform_: expected a <= b, got a={a} and b={b}")
    return _write(tensor, a + (b - a) * _random("random", tensor, generator))


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers from the normal distribution.

    Raises
    ------
    RuntimeError
        If `std` is negative.
    """
    if std < 0:
        raise RuntimeError(f"normal_: expected std >= 0, got {std}")
    return _write(tensor, mean + std * _random("standard_normal", tensor, generator))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with numbers from the normal distribution, redrawing all that fall outside [a, b].

    Parameters
    ----------
    tensor : Tensor
    mean, std : float
        Of the distribution before it is cut.
    a, b : float
        The limits themselves, not in units of `std`.
    generator : Generator, optional

    Raises
    ------
    ValueError
        If `std` is not positive, or less than one number in a thousand would fall inside.
    """
    if not std > 0:
        raise ValueError(f"trunc_normal_: expected std > 0, got {std}")
    normal = NormalDist(mean, std)
    if normal.cdf(b) - normal.cdf(a) < 1e-3:
        raise ValueError(
            f"trunc_normal_: next to nothing of a normal distribution of mean {mean} and std {std} "
            f"lies in [{a}, {b}]"
        )
    require_floating(tensor, "trunc_normal_")
    values = rng_of(generator).normal(mean, std, tensor.shape)
    while (outside := (values < a) | (values > b)).any():
        values[outside] = rng_of(generator).normal(mean, std, int(outside.sum()))
    return _write(tensor, to_device(values, tensor.device))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    return _write(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return _write(tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return _write(tensor, 0)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform, with the variance 2 gain^2 / (fan_in + fan_out): Glorot & Bengio (2010), equation 16."""
    bound = math.sqrt(3) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal, with the variance 2 gain^2 / (fan_in + fan_out): Glorot & Bengio (2010)."""
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform, with the variance gain^2 / fan: He et al. (2015), 'Delving Deep into Rectifiers', section 2.2.

    Parameters
    ----------
    tensor : Tensor
        A weight of at least two dimensions: (out, in, ...).
    a : float
        The negative slope, if the nonlinearity that follows is 'leaky_relu'; 0 makes it ReLU.
    mode : {'fan_in', 'fan_out'}
        Whether signals keep their size going forward or backward.
    nonlinearity : str
        See `calculate_gain`.
    generator : Generator, optional

    Raises
    ------
    ValueError
        If the weight has fewer than two dimensions, or the mode or nonlinearity is unknown.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal, with the variance gain^2 / fan; the arguments are those of `kaiming_uniform_`."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with a random matrix whose rows (or columns, if it is tall) are orthogonal and of length `gain`.

    A tensor of more than two dimensions is seen as a matrix of its first against all others.
    Saxe et al. (2013), 'Exact solutions to the nonlinear dynamics of learning in deep linear networks'.

    Raises
    ------
    ValueError
        If the tensor has fewer than two dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"orthogonal_: only tensors with 2 or more dimensions are supported, got shape {tensor.shape}"
        )
    require_floating(tensor, "orthogonal_")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    q, r = np.linalg.qr(rng_of(generator).standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diagonal(r))  # makes every orthogonal matrix equally likely (Mezzadri, 2007)
    q = q.T if rows < columns else q
    return _write(tensor, gain * to_device(q.reshape(tensor.shape), tensor.device))


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs each output of a layer sums up, and how many outputs each input reaches.

    Parameters
    ----------
    tensor : Tensor
        The weight of the layer: (out, in, ...).

    Raises
    ------
    ValueError
        If the tensor has fewer than two dimensions.

    Examples
    --------
    >>> import minigrad as mg
    >>> fans(mg.zeros(16, 3, 5, 5))
    (75, 400)
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"fan in and fan out need a tensor with 2 or more dimensions, got shape {tensor.shape}"
        )
    receptive_field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive_field, tensor.shape[0] * receptive_field


def _xavier_std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2 / max(1, sum(fans(tensor))))


def _kaiming_std(tensor: Tensor, a: float, mode: Mode, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    fan = fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(1, fan))


def _random(draw: str, tensor: Tensor, generator: Generator | None) -> Array:
    require_floating(tensor, draw)
    return random_array(draw, tensor.shape, tensor.dtype, tensor.device, generator)


def _write(tensor: Tensor, values: Array | float) -> Tensor:
    tensor.data[...] = array_module(tensor.data).asarray(values, dtype=tensor.dtype)
    mutated(tensor.data)
    return tensor
