"""Dropout."""

from typing import Any

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class Dropout(Module):
    """In training, makes each element zero with probability p and divides the others by 1 - p.

    In evaluation nothing happens, and nothing has to: the expected value of each element is the same.

    Srivastava et al. (2014).

    Parameters
    ----------
    p : float
        The probability, in [0, 1].

    Raises
    ------
    ValueError
        If p is not in [0, 1].
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p must be between 0 and 1, got {p}")
        self.p = p

    def forward(self, input: Tensor) -> Any:
        """The input with some elements dropped."""
        return F.dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"
