"""Inception-v3 as the Fréchet Inception Distance uses it, with torchvision's names for its weights.

Szegedy et al. (2016), 'Rethinking the Inception Architecture for Computer Vision', table 1, figures 5 to 7:
branches of different reach see the same input, side by side, and their channels are joined. A 7x7 kernel is
taken apart into 1x7 and 7x1, a 5x5 mostly into two of 3x3.

Heusel et al. (2017) define their distance by one set of weights, those of TensorFlow's graph of 2015-12-05,
which differs from the paper's network in three places: 1008 logits, averages at the border that leave out
what lies beyond it, and a maximum instead of an average in the last block. So does the network here.
"""

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F

SMALLEST = 75  # pixels: less, and nothing is left at the end
Sizes = int | tuple[int, int]


class Conv(nn.Module):
    """A convolution, batch norm and ReLU."""

    def __init__(self, channels: int, out: int, kernel: Sizes, stride: int = 1, padding: Sizes = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """From (N, channels, H, W) to (N, out, H', W')."""
        return F.relu(self.bn(self.conv(x)))


def _wide(channels: int, out: int, length: int) -> Conv:
    return Conv(channels, out, (1, length), padding=(0, length // 2))


def _tall(channels: int, out: int, length: int) -> Conv:
    return Conv(channels, out, (length, 1), padding=(length // 2, 0))


def _mean(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class Block35(nn.Module):
    """35 x 35 pixels (figure 5): reaches of 1, 5, and two times 3, and a mean.

    Parameters
    ----------
    channels, pooled : int
        Of the input, and what the mean adds to the 224 of the others.
    """

    def __init__(self, channels: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(channels, 64, 1)
        self.branch5x5_1 = Conv(channels, 48, 1)
        self.branch5x5_2 = Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Conv(channels, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, padding=1)
        self.branch_pool = Conv(channels, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        """From (N, channels, H, W) to (N, 224 + pooled, H, W)."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return mg.cat([self.branch1x1(x), five, double, self.branch_pool(_mean(x))], 1)


class Reduction17(nn.Module):
    """From 35 x 35 to 17 x 17 pixels, with 288 channels before and 768 after."""

    def __init__(self) -> None:
        super().__init__()
        self.branch3x3 = Conv(288, 384, 3, stride=2)
        self.branch3x3dbl_1 = Conv(288, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """From (N, 288, H, W) to (N, 768, H', W')."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return mg.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, 2)], 1)


class Block17(nn.Module):
    """17 x 17 pixels (figure 6): reaches of 1, 7, and two times 7, and a mean; 768 channels before and after.

    Parameters
    ----------
    inner : int
        Channels inside the branches.
    """

    def __init__(self, inner: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(768, 192, 1)
        self.branch7x7_1 = Conv(768, inner, 1)
        self.branch7x7_2 = _wide(inner, inner, 7)
        self.branch7x7_3 = _tall(inner, 192, 7)
        self.branch7x7dbl_1 = Conv(768, inner, 1)
        self.branch7x7dbl_2 = _tall(inner, inner, 7)
        self.branch7x7dbl_3 = _wide(inner, inner, 7)
        self.branch7x7dbl_4 = _tall(inner, inner, 7)
        self.branch7x7dbl_5 = _wide(inner, 192, 7)
        self.branch_pool = Conv(768, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """From (N, 768, H, W) to the same shape."""
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return mg.cat([self.branch1x1(x), seven, double, self.branch_pool(_mean(x))], 1)


class Reduction8(nn.Module):
    """From 17 x 17 to 8 x 8 pixels, with 768 channels before and 1280 after."""

    def __init__(self) -> None:
        super().__init__()
        self.branch3x3_1 = Conv(768, 192, 1)
        self.branch3x3_2 = Conv(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Conv(768, 192, 1)
        self.branch7x7x3_2 = _wide(192, 192, 7)
        self.branch7x7x3_3 = _tall(192, 192, 7)
        self.branch7x7x3_4 = Conv(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """From (N, 768, H, W) to (N, 1280, H', W')."""
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_2(self.branch7x7x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(seven))
        return mg.cat([three, seven, F.max_pool2d(x, 3, 2)], 1)


class Block8(nn.Module):
    """8 x 8 pixels (figure 7): wide and tall kernels side by side; 2048 channels after.

    Parameters
    ----------
    channels : int
        Of the input.
    largest : bool
        Whether the pooled branch takes the largest of its neighbours, not their mean.
    """

    def __init__(self, channels: int, largest: bool) -> None:
        super().__init__()
        self.largest = largest
        self.branch1x1 = Conv(channels, 320, 1)
        self.branch3x3_1 = Conv(channels, 384, 1)
        self.branch3x3_2a = _wide(384, 384, 3)
        self.branch3x3_2b = _tall(384, 384, 3)
        self.branch3x3dbl_1 = Conv(channels, 448, 1)
        self.branch3x3dbl_2 = Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _wide(384, 384, 3)
        self.branch3x3dbl_3b = _tall(384, 384, 3)
        self.branch_pool = Conv(channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """From (N, channels, H, W) to (N, 2048, H, W)."""
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        crossed = [self.branch3x3_2a(three), self.branch3x3_2b(three)]
        crossed += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        pooled = F.max_pool2d(x, 3, 1, 1) if self.largest else _mean(x)
        return mg.cat([self.branch1x1(x), *crossed, self.branch_pool(pooled)], 1)


class InceptionV3(nn.Module):
    """From images, (N, 3, H, W) with values from -1 to 1, to logits; made for 299 x 299 pixels.

    Examples
    --------
    >>> model = InceptionV3().eval()
    >>> with mg.no_grad():
    ...     features = model.features(mg.zeros(1, 3, 75, 75))
    >>> features.shape, model.fc(features).shape
    ((1, 2048), (1, 1008))
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3)
        self.Mixed_5b = Block35(192, 32)
        self.Mixed_5c = Block35(256, 64)
        self.Mixed_5d = Block35(288, 64)
        self.Mixed_6a = Reduction17()
        self.Mixed_6b = Block17(128)
        self.Mixed_6c = Block17(160)
        self.Mixed_6d = Block17(160)
        self.Mixed_6e = Block17(192)
        self.Mixed_7a = Reduction8()
        self.Mixed_7b = Block8(1280, largest=False)
        self.Mixed_7c = Block8(2048, largest=True)
        self.fc = nn.Linear(2048, 1008)

    def features(self, x: Tensor) -> Tensor:
        """What the Fréchet Inception Distance compares, (N, 2048).

        Raises
        ------
        ValueError
            If these are no images with three channels and 75 x 75 pixels or more.
        """
        if x.ndim != 4 or x.shape[1] != 3 or min(x.shape[2:]) < SMALLEST:
            raise ValueError(
                f"InceptionV3: expected images (N, 3, H, W) of at least {SMALLEST} x {SMALLEST} pixels, "
                f"got {tuple(x.shape)}"
            )
        x = F.max_pool2d(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))), 3, 2)
        x = F.max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6a(x)
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (N, 1008)."""
        return self.fc(self.features(x))  # type: ignore[no-any-return]
