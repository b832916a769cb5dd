"""Residual networks for CIFAR.

He, Zhang, Ren & Sun (2016), 'Deep Residual Learning for Image Recognition', section 4.2: three stages of n
blocks each, at 32x32, 16x16 and 8x8 pixels with 16, 32 and 64 channels; 6n + 2 layers in all. Shortcuts are
the paper's option A, without parameters: where a block halves the image and doubles the channels, its
shortcut takes every second pixel and fills the new channels with zeros.
"""

from typing import Any

from minigrad import Tensor, nn
from minigrad.nn import functional as F


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut around them: `relu(x + f(x))`.

    Parameters
    ----------
    in_channels, out_channels : int
    stride : int
        2 halves the image.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.stride = stride
        self.new_channels = out_channels - in_channels

    def forward(self, x: Tensor) -> Any:
        """Images (N, in_channels, H, W) to (N, out_channels, H / stride, W / stride)."""
        y = self.bn1(self.conv1(x), relu=True)
        return self.bn2(self.conv2(y), residual=self.shortcut(x), relu=True)

    def shortcut(self, x: Tensor) -> Any:
        """The input itself, or every second pixel of it with channels of zeros before and after it."""
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if self.new_channels:
            before = self.new_channels // 2
            x = F.pad(x, (0, 0, 0, 0, before, self.new_channels - before))
        return x


class ResNet(nn.Module):
    """A residual network of 6n + 2 layers.

    Parameters
    ----------
    n : int
        Blocks in each of the three stages.
    num_classes : int
    """

    def __init__(self, n: int, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(n, 16, 16, stride=1)
        self.layer2 = _stage(n, 16, 32, stride=2)
        self.layer3 = _stage(n, 32, 64, stride=2)
        self.fc = nn.Linear(64, num_classes)
        self.apply(_initialize)

    def forward(self, x: Tensor) -> Any:
        """Logits, (N, num_classes), of images (N, 3, 32, 32)."""
        x = self.bn1(self.conv1(x), relu=True)
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def _stage(n: int, in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    first = BasicBlock(in_channels, out_channels, stride)
    return nn.Sequential(first, *[BasicBlock(out_channels, out_channels) for _ in range(n - 1)])


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def resnet8(num_classes: int = 10) -> ResNet:
    """The smallest of the family, not in the paper: 8 layers, 0.08 million parameters, quick to train."""
    return ResNet(1, num_classes)


def resnet20(num_classes: int = 10) -> ResNet:
    """The network of 20 layers: 0.27 million parameters, 91.25 % of CIFAR-10 in the paper.

    Examples
    --------
    >>> sum(p.data.size for p in resnet20().parameters())
    269722
    """
    return ResNet(3, num_classes)


def resnet32(num_classes: int = 10) -> ResNet:
    """The network of 32 layers: 0.46 million parameters, 92.49 % of CIFAR-10 in the paper."""
    return ResNet(5, num_classes)


def resnet56(num_classes: int = 10) -> ResNet:
    """The network of 56 layers: 0.85 million parameters, 93.03 % of CIFAR-10 in the paper."""
    return ResNet(9, num_classes)
