"""ConvNeXt: a convolutional network built like a transformer.

Liu, Mao, Wu, Feichtenhofer, Darrell & Xie (2022), 'A ConvNet for the 2020s'. Patches instead of a stem, layer
norms instead of batch norms, and blocks of a depthwise 7x7 convolution (where pixels meet, as in attention)
and a two-layer network on each pixel (where channels meet), whose results are scaled by a learned vector that
starts near zero. The smallest one, atto, is R. Wightman's (also in ConvNeXt V2, Woo et al., 2023).

The stem cuts images into patches of 4 x 4 pixels, and three more halvings leave 1/32 of each side. That suits
224 x 224, and still 64 x 64 pixels; for 32 x 32 a patch size of 2 (or 1) keeps enough of the image.

Weights have the names of the authors' code, whose files load as they are; `HUGGING_FACE` maps them to those
of `ConvNextForImageClassification` in Hugging Face's transformers:

    model.load_state_dict(from_pytorch(mg.load("model.safetensors"), HUGGING_FACE))
"""

from typing import Any

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F
from models.keys import KeyMap
from models.stochastic_depth import DropPath, rates

_LAYER = "convnext.encoder.stages.*.layers.*."
HUGGING_FACE: KeyMap = {
    "downsample_layers.0.0": "convnext.embeddings.patch_embeddings",
    "downsample_layers.0.1": "convnext.embeddings.layernorm",
    "downsample_layers.*.*": "convnext.encoder.stages.*.downsampling_layer.*",
    "stages.*.*.dwconv": _LAYER + "dwconv",
    "stages.*.*.norm": _LAYER + "layernorm",
    "stages.*.*.pwconv1": _LAYER + "pwconv1",
    "stages.*.*.pwconv2": _LAYER + "pwconv2",
    "stages.*.*.gamma": _LAYER + "layer_scale_parameter",
    "norm": "convnext.layernorm",
    "head": "classifier",
}


class ChannelNorm(nn.LayerNorm):
    """The layer norm of each pixel's channels, for images (N, C, H, W)."""

    def forward(self, input: Tensor) -> Any:
        """The normalized images."""
        return super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """A depthwise convolution and a two-layer network on each pixel, with a shortcut around both.

    Parameters
    ----------
    dim : int
        Channels.
    drop_prob : float
        The probability with which a sample passes by the block in training.
    layer_scale : float
        What the scales of the result start with.
    """

    def __init__(self, dim: int, drop_prob: float, layer_scale: float) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(mg.full((dim,), layer_scale))
        self.drop_path = DropPath(drop_prob)

    def forward(self, x: Tensor) -> Any:
        """Images (N, dim, H, W) to images of the same shape."""
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))  # channels last: the linear layers map each pixel
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))
        return x + self.drop_path(y.permute(0, 3, 1, 2))


class ConvNeXt(nn.Module):
    """A ConvNeXt of four stages.

    Parameters
    ----------
    depths, dims : tuple of 4 int
        The number of blocks and of channels in each stage.
    num_classes : int
    patch_size : int
        Of the stem: the first stage sees 1 / patch_size of the image's sides.
    in_channels : int
    drop_path_rate : float
        Stochastic depth: the probability of the last block, from 0 at the first.
    layer_scale : float
        What the scales of each block's result start with.
    """

    def __init__(
        self,
        depths: tuple[int, int, int, int],
        dims: tuple[int, int, int, int],
        num_classes: int = 1000,
        patch_size: int = 4,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        layer_scale: float = 1e-6,
    ) -> None:
        super().__init__()
        stem = nn.Sequential(
            nn.Conv2d(in_channels, dims[0], patch_size, patch_size), ChannelNorm(dims[0], eps=1e-6)
        )
        halvings = [
            nn.Sequential(ChannelNorm(dims[i], eps=1e-6), nn.Conv2d(dims[i], dims[i + 1], 2, 2))
            for i in range(3)
        ]
        self.downsample_layers = nn.ModuleList([stem, *halvings])
        drop_probs = iter(rates(drop_path_rate, sum(depths)))
        self.stages = nn.ModuleList(
            nn.Sequential(*[Block(dim, next(drop_probs), layer_scale) for _ in range(depth)])
            for depth, dim in zip(depths, dims, strict=True)
        )
        self.norm = nn.LayerNorm(dims[3], eps=1e-6)
        self.head = nn.Linear(dims[3], num_classes)
        self.apply(_initialize)

    def forward(self, x: Tensor) -> Any:
        """Logits, (N, num_classes), of images (N, in_channels, H, W).

        Raises
        ------
        ValueError
            If nothing would be left of the image.
        """
        least = 8 * self.downsample_layers[0][0].stride[0]
        if x.ndim != 4 or min(x.shape[2:]) < least:
            raise ValueError(
                f"ConvNeXt: expected images (N, C, H, W) of at least {least} x {least} pixels, "
                f"got {x.shape}; a smaller patch_size takes smaller ones"
            )
        for downsample, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(downsample(x))
        return self.head(self.norm(x.mean((2, 3))))


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def convnext_atto(num_classes: int = 1000, patch_size: int = 4, drop_path_rate: float = 0.0) -> ConvNeXt:
    """ConvNeXt-A: 3.7 million parameters.

    Examples
    --------
    >>> import minigrad as mg
    >>> convnext_atto(num_classes=10, patch_size=2)(mg.zeros(1, 3, 32, 32)).shape
    (1, 10)
    """
    return ConvNeXt((2, 2, 6, 2), (40, 80, 160, 320), num_classes, patch_size, drop_path_rate=drop_path_rate)


def convnext_tiny(num_classes: int = 1000, patch_size: int = 4, drop_path_rate: float = 0.0) -> ConvNeXt:
    """ConvNeXt-T: 28.6 million parameters."""
    return ConvNeXt((3, 3, 9, 3), (96, 192, 384, 768), num_classes, patch_size, drop_path_rate=drop_path_rate)
