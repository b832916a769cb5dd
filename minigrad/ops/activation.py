"""Activation functions: what stands between a network's matrix products.

Where a derivative jumps, its value at the jump is PyTorch's.
"""

from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.gelu import gelu as gelu_forward
from minigrad.backend.gelu import gelu_backward
from minigrad.backend.half import in_float32
from minigrad.backend.silu import silu as silu_forward
from minigrad.backend.silu import silu_backward
from minigrad.engine import Fused, primitive
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.choice import clamp, only, where
from minigrad.ops.elementwise import erf, exp, sigmoid, tanh
from minigrad.ops.join import chunk
from minigrad.ops.operands import cast, dim_of, require_floating, widened

__all__ = [
    "elu",
    "gelu",
    "glu",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "mish",
    "relu",
    "relu6",
    "silu",
    "softplus",
]

# ---------------------------------------------------------------------- piecewise linear


@primitive(x=lambda g, y: only(g, y > 0))
def _relu(x: Array) -> Array:
    return array_module(x).maximum(x, 0)  # type: ignore[no-any-return]


def relu(input: Any) -> Any:
    """`max(input, 0)`; its derivative at 0 is 0.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.relu(mg.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    if input.dtype == bool:
        raise RuntimeError("relu: expected a tensor of numbers, got bool")
    return _relu(input)


@primitive(x=lambda g, x, slope: where(x > 0, g, g * slope))
@in_float32
def _leaky_relu(x: Array, slope: float) -> Array:
    return array_module(x).where(x > 0, x, x * slope)  # type: ignore[no-any-return]


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """`input` where it is positive, `negative_slope * input` elsewhere."""
    require_floating(input, "leaky_relu")
    return _leaky_relu(input, negative_slope)


@primitive(x=lambda g, x, low, high: only(g, (x > low) & (x < high)))
@in_float32
def _hardtanh(x: Array, low: float, high: float) -> Array:
    return array_module(x).clip(x, low, high)  # type: ignore[no-any-return]


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """`input` limited to lie between the two values; unlike `clamp`, without a derivative at the limits.

    Raises
    ------
    ValueError
        If `min_val` is larger than `max_val`.
    """
    require_floating(input, "hardtanh")
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val must not be larger than max_val, got {min_val} and {max_val}")
    return _hardtanh(input, min_val, max_val)


def relu6(input: Any) -> Any:
    """`min(max(input, 0), 6)`."""
    require_floating(input, "relu6")
    return _hardtanh(input, 0.0, 6.0)


def hardswish(input: Any) -> Any:
    """`input * relu6(input + 3) / 6`: a piecewise quadratic `silu` (Howard et al. 2019, MobileNetV3)."""
    require_floating(input, "hardswish")
    return input * relu6(input + 3) / 6


# ---------------------------------------------------------------------- smooth


@primitive(x=lambda g, x, alpha: where(x > 0, g, g * alpha * exp(clamp(x, max=0.0))))
@in_float32
def _elu(x: Array, alpha: float) -> Array:
    xp = array_module(x)
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))  # type: ignore[no-any-return]


def elu(input: Any, alpha: float = 1.0) -> Any:
    """`input` where it is positive, `alpha * (exp(input) - 1)` elsewhere (Clevert et al. 2016)."""
    require_floating(input, "elu")
    return _elu(input, alpha)


@primitive(x=lambda g, x, beta, threshold: where(x * beta > threshold, g, g * sigmoid(x * beta)))
@in_float32
def _softplus(x: Array, beta: float, threshold: float) -> Array:
    xp = array_module(x)
    scaled = x * beta
    smooth = xp.log1p(xp.exp(xp.minimum(scaled, threshold))) / beta
    return xp.where(scaled > threshold, x, smooth)  # type: ignore[no-any-return]


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """`log(1 + exp(beta * input)) / beta`, a smooth `relu`; `input` where `beta * input > threshold`."""
    if is_autocasting():
        return autocasting("softplus", softplus, input, beta, threshold)
    require_floating(input, "softplus")
    return _softplus(input, beta, threshold)


@primitive(x=lambda g, x: g * sigmoid(-x))
@in_float32
def _logsigmoid(x: Array) -> Array:
    xp = array_module(x)
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))  # type: ignore[no-any-return]


def logsigmoid(input: Any) -> Any:
    """`log(sigmoid(input))`, without underflow."""
    require_floating(input, "logsigmoid")
    return _logsigmoid(input)


def mish(input: Any) -> Any:
    """`input * tanh(softplus(input))` (Misra 2020)."""
    require_floating(input, "mish")
    return input * tanh(_softplus(input, 1.0, 20.0))


def glu(input: Any, dim: int = -1) -> Any:
    """One half of `input`, gated by the sigmoid of the other (Dauphin et al. 2017).

    Parameters
    ----------
    input : Tensor
    dim : int
        The dimension to halve: its first half is the value, its second the gate.

    Raises
    ------
    RuntimeError
        If that dimension has an odd size.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.glu(mg.tensor([4.0, 0.0])).tolist()
    [2.0]
    """
    require_floating(input, "glu")
    axis = dim_of(dim, input.ndim, "glu")
    if input.ndim == 0 or input.shape[axis] % 2:
        raise RuntimeError(f"glu: dimension {dim} must have an even size, the input has shape {input.shape}")
    value, gate = chunk(input, 2, axis)
    return value * sigmoid(gate)


# ---------------------------------------------------------------------- SiLU and GELU


def _silu_backward(g: Array, needs: Any, sigmoid: Array, x: Array) -> tuple[Array]:
    return (silu_backward(g, x, sigmoid),)


def _silu_twin(x: Any) -> Any:
    return x * sigmoid(x)


_silu = Fused(silu_forward, _silu_backward, _silu_twin, inputs=1)


def silu(input: Any) -> Any:
    """`input * sigmoid(input)`, also known as swish (Elfwing et al. 2018)."""
    require_floating(input, "silu")
    return cast(_silu(widened(input)), input.dtype)


def _gelu_backward(g: Array, needs: Any, distribution: Array, x: Array, approximate: str) -> tuple[Array]:
    return (gelu_backward(g, x, distribution, approximate),)


def _gelu_twin(x: Any, approximate: str) -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + erf(0.7071067811865476 * x))


_gelu = Fused(gelu_forward, _gelu_backward, _gelu_twin, inputs=1)


def gelu(input: Any, approximate: str = "none") -> Any:
    """`input * Φ(input)`, with Φ the distribution function of the standard normal distribution.

    Parameters
    ----------
    input : Tensor
    approximate : {'none', 'tanh'}
        'tanh' replaces Φ(x) by (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, which is off by less than 0.0003.

    Raises
    ------
    RuntimeError
        For any other `approximate`.

    References
    ----------
    Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.

    Examples
    --------
    >>> import minigrad as mg
    >>> [round(y, 4) for y in mg.nn.functional.gelu(mg.tensor([-1.0, 0.0, 1.0])).tolist()]
    [-0.1587, 0.0, 0.8413]
    """
    require_floating(input, "gelu")
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return cast(_gelu(widened(input), approximate), input.dtype)
