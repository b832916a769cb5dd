"""Residual networks of the ImageNet family, with torchvision's names for their weights.

He, Zhang, Ren & Sun (2016), 'Deep Residual Learning for Image Recognition', table 1: a stem, four stages of
blocks with 64, 128, 256 and 512 channels, each stage but the first halving the image, and the mean of what
is left. Where a block changes the shape, its shortcut is a 1x1 convolution (option B of the paper). In
bottlenecks the 3x3 convolution halves the image, as in torchvision, where the paper lets the first one do it.

The stem is what has to fit the size of the images; the stages are the same for all.

========  ==========  =========================================  ====================
stem      for images  what it is                                 the first stage sees
========  ==========  =========================================  ====================
imagenet  224 x 224   7x7 convolution of stride 2, 3x3 max pool  56 x 56
tiny      64 x 64     3x3 convolution of stride 2                32 x 32
cifar     32 x 32     3x3 convolution                            32 x 32
========  ==========  =========================================  ====================

The cifar stem is the one of the CIFAR-100 experiments of the AGR paper.
"""

from typing import Any

from minigrad import Tensor, nn

STEMS = {"imagenet": (7, 2), "tiny": (3, 2), "cifar": (3, 1)}  # size and stride of the first convolution


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut around them.

    Parameters
    ----------
    in_channels : int
    width : int
        The channels of both convolutions.
    stride : int
        2 halves the image.
    """

    expansion = 1  # channels that come out, over the width

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(in_channels, width, stride)

    def forward(self, x: Tensor) -> Any:
        """`relu(shortcut(x) + f(x))`."""
        y = self.bn1(self.conv1(x), relu=True)
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.bn2(self.conv2(y), residual=shortcut, relu=True)


class Bottleneck(nn.Module):
    """A 3x3 convolution of few channels between two 1x1 convolutions, and a shortcut around the three.

    Parameters
    ----------
    in_channels : int
    width : int
        The channels of the 3x3 convolution; four times as many come out.
    stride : int
        2 halves the image.
    """

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.downsample = _shortcut(in_channels, width * self.expansion, stride)

    def forward(self, x: Tensor) -> Any:
        """`relu(shortcut(x) + f(x))`."""
        y = self.bn1(self.conv1(x), relu=True)
        y = self.bn2(self.conv2(y), relu=True)
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.bn3(self.conv3(y), residual=shortcut, relu=True)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )


class ImageNetResNet(nn.Module):
    """A residual network of four stages.

    Parameters
    ----------
    block : BasicBlock or Bottleneck
        The class of the blocks.
    layers : tuple of 4 int
        The number of blocks in each stage.
    num_classes : int
    stem : {'imagenet', 'tiny', 'cifar'}
        See the table at the head of this file.
    width : int
        The width of the first stage, doubled by each of the others; 64 in the paper.

    Raises
    ------
    ValueError
        If the stem is unknown.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        layers: tuple[int, int, int, int],
        num_classes: int = 1000,
        stem: str = "imagenet",
        width: int = 64,
    ) -> None:
        super().__init__()
        if stem not in STEMS:
            raise ValueError(f"stem must be one of {', '.join(STEMS)}; got {stem!r}")
        kernel_size, stride = STEMS[stem]
        self.conv1 = nn.Conv2d(3, width, kernel_size, stride, padding=kernel_size // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1) if stem == "imagenet" else nn.Identity()
        outputs = width * block.expansion
        self.layer1 = _stage(block, layers[0], width, width, stride=1)
        self.layer2 = _stage(block, layers[1], outputs, 2 * width, stride=2)
        self.layer3 = _stage(block, layers[2], 2 * outputs, 4 * width, stride=2)
        self.layer4 = _stage(block, layers[3], 4 * outputs, 8 * width, stride=2)
        self.fc = nn.Linear(8 * outputs, num_classes)
        self.apply(_initialize)

    def forward(self, x: Tensor) -> Any:
        """Logits, (N, num_classes), of images (N, 3, H, W) of any size."""
        x = self.maxpool(self.bn1(self.conv1(x), relu=True))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def _stage(
    block: type[BasicBlock] | type[Bottleneck], blocks: int, in_channels: int, width: int, stride: int
) -> nn.Sequential:
    first = block(in_channels, width, stride)
    return nn.Sequential(first, *[block(width * block.expansion, width, 1) for _ in range(blocks - 1)])


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def resnet18(num_classes: int = 1000, stem: str = "imagenet") -> ImageNetResNet:
    """The network of 18 layers: 11.7 million parameters.

    Examples
    --------
    >>> import minigrad as mg
    >>> resnet18(num_classes=100, stem="cifar")(mg.zeros(1, 3, 32, 32)).shape
    (1, 100)
    """
    return ImageNetResNet(BasicBlock, (2, 2, 2, 2), num_classes, stem)


def resnet34(num_classes: int = 1000, stem: str = "imagenet") -> ImageNetResNet:
    """The network of 34 layers: 21.8 million parameters."""
    return ImageNetResNet(BasicBlock, (3, 4, 6, 3), num_classes, stem)


def resnet50(num_classes: int = 1000, stem: str = "imagenet") -> ImageNetResNet:
    """The network of 50 layers, in bottlenecks: 25.6 million parameters."""
    return ImageNetResNet(Bottleneck, (3, 4, 6, 3), num_classes, stem)
