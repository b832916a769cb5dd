"""VGG networks, with torchvision's names for their weights.

Simonyan & Zisserman (2015), 'Very Deep Convolutional Networks for Large-Scale Image Recognition', table 1:
3x3 convolutions in five groups, a max pooling after each, and three linear layers. Without normalization deep
ones hardly begin to learn; with batch norm (Ioffe & Szegedy, 2015) after each convolution they do.

Five poolings leave 1/32 of each side: 7 x 7 pixels of an image of 224 x 224, as torchvision's classifier
wants them, and a single pixel of 32 x 32. `image_size` says what the classifier is made for; its two hidden
layers have 4096 features in any case, also in the CIFAR-100 experiments of the AGR paper, unless `hidden`
says otherwise. Images of another size are averaged to the size that the classifier wants.
"""

from collections.abc import Sequence
from typing import Any

from minigrad import Tensor, nn

# The channels of each convolution, one group a row.
VGG11 = ((64,), (128,), (256, 256), (512, 512), (512, 512))
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG(nn.Module):
    """Groups of convolutions, each followed by a max pooling, and a classifier of three linear layers.

    Parameters
    ----------
    groups : sequence of sequences of int
        The channels of each convolution.
    batch_norm : bool
        Whether batch norm follows each convolution.
    num_classes : int
    image_size : int
        Height and width of the images that the classifier is made for.
    hidden : int
        The features of the classifier's two hidden layers.
    dropout : float
        The probability with which they are dropped in training.

    Raises
    ------
    ValueError
        If nothing would be left of the image.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[int]],
        batch_norm: bool,
        num_classes: int = 1000,
        image_size: int = 224,
        hidden: int = 4096,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        left = image_size >> len(groups)
        if left < 1:
            raise ValueError(
                f"VGG: {len(groups)} poolings need images of at least {1 << len(groups)} pixels, "
                f"got image_size={image_size}"
            )
        self.features = _convolutions(groups, batch_norm)
        self.avgpool = nn.AdaptiveAvgPool2d(left)
        self.classifier = nn.Sequential(
            nn.Linear(groups[-1][-1] * left * left, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )
        self.apply(_initialize)

    def forward(self, x: Tensor) -> Any:
        """Logits, (N, num_classes), of images (N, 3, H, W)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _convolutions(groups: Sequence[Sequence[int]], batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    in_channels = 3
    for group in groups:
        for channels in group:
            # A bias before batch norm has no effect, but torchvision's weights have one.
            layers.append(nn.Conv2d(in_channels, channels, 3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(channels))
            layers.append(nn.ReLU())
            in_channels = channels
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
    if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def vgg11(num_classes: int = 1000, image_size: int = 224, hidden: int = 4096) -> VGG:
    """Configuration A of the paper, 11 layers: 132.9 million parameters.

    Examples
    --------
    >>> import minigrad as mg
    >>> vgg11(num_classes=10, image_size=32, hidden=64)(mg.zeros(1, 3, 32, 32)).shape
    (1, 10)
    """
    return VGG(VGG11, False, num_classes, image_size, hidden)


def vgg11_bn(num_classes: int = 1000, image_size: int = 224, hidden: int = 4096) -> VGG:
    """Configuration A with batch norm."""
    return VGG(VGG11, True, num_classes, image_size, hidden)


def vgg16(num_classes: int = 1000, image_size: int = 224, hidden: int = 4096) -> VGG:
    """Configuration D of the paper, 16 layers: 138.4 million parameters."""
    return VGG(VGG16, False, num_classes, image_size, hidden)


def vgg16_bn(num_classes: int = 1000, image_size: int = 224, hidden: int = 4096) -> VGG:
    """Configuration D with batch norm."""
    return VGG(VGG16, True, num_classes, image_size, hidden)
