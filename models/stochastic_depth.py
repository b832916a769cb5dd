"""Stochastic depth: during training, whole residual branches are left out at random.

Huang, Sun, Liu, Sedra & Weinberger (2016), 'Deep Networks with Stochastic Depth'. Each training step sees a
network of random, smaller depth; in evaluation all branches are there.
"""

from typing import Any

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F


class DropPath(nn.Module):
    """In training, makes whole samples zero with a probability and divides the others by what is left of 1.

    The last thing in a residual branch: where it gives zero, the sample passes by the branch.

    Parameters
    ----------
    drop_prob : float
        The probability, in [0, 1].

    Raises
    ------
    ValueError
        If the probability is not in [0, 1].

    Examples
    --------
    >>> import minigrad as mg
    >>> samples = DropPath(0.5)(mg.ones(100, 2)).tolist()
    >>> all(sample in ([0.0, 0.0], [2.0, 2.0]) for sample in samples)
    True
    """

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        if not 0 <= drop_prob <= 1:
            raise ValueError(f"DropPath: drop_prob must be between 0 and 1, got {drop_prob}")
        self.drop_prob = drop_prob

    def forward(self, x: Tensor) -> Any:
        """The input, (N, ...), with some of the N samples dropped."""
        if not self.training or self.drop_prob == 0:
            return x
        one_each = mg.ones(x.shape[0], *[1] * (x.ndim - 1), dtype=x.dtype, device=x.device)
        return x * F.dropout(one_each, self.drop_prob)

    def extra_repr(self) -> str:
        """The probability."""
        return f"drop_prob={self.drop_prob}"


def rates(drop_path_rate: float, depth: int) -> list[float]:
    """The probability of each of `depth` blocks: from 0 up to `drop_path_rate`, for early blocks matter most.

    Examples
    --------
    >>> rates(0.2, 3)
    [0.0, 0.1, 0.2]
    """
    return [drop_path_rate * i / max(1, depth - 1) for i in range(depth)]
