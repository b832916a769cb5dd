"""A plain small convolutional network."""

from collections.abc import Sequence
from itertools import pairwise

from minigrad import nn


def convnet(
    num_classes: int = 10, in_channels: int = 3, widths: Sequence[int] = (32, 64, 128)
) -> nn.Sequential:
    """A classifier of images: convolutions that halve the image, the mean of what is left, a linear layer.

    Parameters
    ----------
    num_classes : int
    in_channels : int
        3 for colour images, 1 for grey ones.
    widths : sequence of int
        The number of channels after each convolution. Images may have any size of at least 2 ** len(widths).

    Examples
    --------
    >>> import minigrad as mg
    >>> convnet()(mg.zeros(2, 3, 32, 32)).shape
    (2, 10)
    """
    layers: list[nn.Module] = []
    for channels, next_channels in pairwise((in_channels, *widths)):
        layers += [
            # batch norm subtracts the mean, so that a bias before it would have no effect
            nn.Conv2d(channels, next_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(next_channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear((in_channels, *widths)[-1], num_classes)
    )
