"""Activation functions as modules; the functions themselves are in `functional`, under their names there."""

from typing import Any

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class ReLU(Module):
    """`max(x, 0)`."""

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.relu(input)


class LeakyReLU(Module):
    """x where it is positive, `negative_slope * x` elsewhere."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        """The slope."""
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x where it is positive, `alpha * (exp(x) - 1)` elsewhere."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.elu(input, self.alpha)

    def extra_repr(self) -> str:
        """The height of the floor below 0."""
        return f"alpha={self.alpha}"


class GELU(Module):
    """x times the probability that a standard normal number is below x; nearly so if `approximate='tanh'`."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Which form it is."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """`x * sigmoid(x)`, also called swish."""

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.silu(input)


class Softplus(Module):
    """`log(1 + exp(beta * x)) / beta`, and simply x where `beta * x > threshold`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The settings."""
        return f"beta={self.beta}, threshold={self.threshold}"


class LogSigmoid(Module):
    """`log(sigmoid(x))`."""

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.logsigmoid(input)


class Hardswish(Module):
    """`x * min(max(x + 3, 0), 6) / 6`."""

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.hardswish(input)


class Mish(Module):
    """`x * tanh(softplus(x))`."""

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return F.mish(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return input.tanh()


class Sigmoid(Module):
    """`1 / (1 + exp(-x))`."""

    def forward(self, input: Tensor) -> Any:
        """The function of each element."""
        return input.sigmoid()


class GLU(Module):
    """The first half of a dimension times the sigmoid of its second half."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Any:
        """The result, with half the size along the dimension."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmax(Module):
    """`exp(x) / sum(exp(x))` along a dimension: positive numbers that sum up to 1."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Any:
        """The probabilities."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """The logarithm of `Softmax`, computed without overflow."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Any:
        """The logarithms of the probabilities."""
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"
