"""Fully connected layers, and those that only change shapes."""

import math
from typing import Any

from minigrad.creation import empty
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class Linear(Module):
    """An affine map of the last dimension: `y = x W^T + b`.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the last dimension of the input and of the output.
    bias : bool
        Whether b is added.
    device : str, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, (out_features, in_features)
    bias : Parameter, (out_features,), or None
        Both start uniform in +- 1/sqrt(in_features).

    Examples
    --------
    >>> import minigrad as mg
    >>> Linear(3, 5)(mg.tensor([[1.0, 2.0, 3.0]])).shape
    (1, 5)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        self.bias = Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew."""
        reset_affine(self.weight, self.bias)

    def forward(self, input: Tensor) -> Any:
        """The result, (..., out_features), for an input of shape (..., in_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


def reset_affine(weight: Parameter, bias: Parameter | None) -> None:
    """PyTorch's start of linear and convolution layers: everything uniform in +- 1/sqrt(fan_in)."""
    init.kaiming_uniform_(weight, a=math.sqrt(5))  # gain sqrt(1/3), hence the bound 1/sqrt(fan_in)
    if bias is not None:
        bound = 1 / math.sqrt(max(1, init.fans(weight)[0]))
        init.uniform_(bias, -bound, bound)


class Identity(Module):
    """Returns its input; takes the place of a layer that is not wanted."""

    def forward(self, input: Any) -> Any:
        """The input."""
        return input


class Flatten(Module):
    """Makes one dimension of all from `start_dim` to `end_dim`; by default only the batch dimension is kept.

    Parameters
    ----------
    start_dim, end_dim : int
        Both included.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Any:
        """The flattened input."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
