"""The multilayer perceptron: linear layers with ReLU between them."""

from collections.abc import Sequence
from itertools import pairwise

from minigrad import nn


def mlp(in_features: int = 3072, hidden: Sequence[int] = (512, 512), num_classes: int = 10) -> nn.Sequential:
    """A classifier that sees its input as one long vector.

    Parameters
    ----------
    in_features : int
        Numbers in one sample; 3 x 32 x 32 for CIFAR.
    hidden : sequence of int
        The sizes of the layers between input and output.
    num_classes : int

    Examples
    --------
    >>> mlp(784, hidden=(64,))
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=784, out_features=64, bias=True)
      (2): ReLU()
      (3): Linear(in_features=64, out_features=10, bias=True)
    )
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for size, next_size in pairwise((in_features, *hidden)):
        layers += [nn.Linear(size, next_size), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear((in_features, *hidden)[-1], num_classes))
