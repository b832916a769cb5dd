"""The U-Net of denoising diffusion: from a noisy image and its time step to the noise in it.

Ho, Jain & Abbeel (2020), 'Denoising Diffusion Probabilistic Models', appendix B. The image is halved stage by
stage and brought back to its size; on the way up, every block also sees what the block opposite to it made on
the way down. Each block is told the time step. The names of the weights are those of diffusers' UNet2DModel,
up to the few that `from_diffusers` lists.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F
from models.unet_blocks import (
    EPS,
    Attention,
    Downsample,
    ResBlock,
    TimeEmbedding,
    Upsample,
    timestep_embedding,
)


class Stage(nn.Module):
    """The blocks at one resolution.

    Parameters
    ----------
    resnets : sequence of ResBlock
    attends : bool
        Whether attention follows every block.
    groups : int
    """

    def __init__(self, resnets: Sequence[ResBlock], attends: bool, groups: int) -> None:
        super().__init__()
        channels = resnets[0].conv1.out_channels
        self.resnets = nn.ModuleList(resnets)
        self.attentions = nn.ModuleList([Attention(channels, groups) for _ in resnets if attends])

    def block(self, i: int, x: Tensor, time: Tensor) -> Any:
        """Block number i, and the attention behind it."""
        x = self.resnets[i](x, time)
        return self.attentions[i](x) if len(self.attentions) else x


class DownStage(Stage):
    """Blocks on the way down, and perhaps a halving."""

    def __init__(self, resnets: Sequence[ResBlock], attends: bool, groups: int, last: bool) -> None:
        super().__init__(resnets, attends, groups)
        channels = resnets[0].conv1.out_channels
        self.downsamplers = nn.ModuleList([] if last else [Downsample(channels)])

    def forward(self, x: Tensor, time: Tensor) -> list[Tensor]:
        """All features on the way."""
        features = []
        for i in range(len(self.resnets)):
            x = self.block(i, x, time)
            features.append(x)
        for halve in self.downsamplers:
            features.append(halve(x))
        return features


class UpStage(Stage):
    """Blocks on the way up, each of which takes one of the features from the way down; perhaps a doubling."""

    def __init__(self, resnets: Sequence[ResBlock], attends: bool, groups: int, last: bool) -> None:
        super().__init__(resnets, attends, groups)
        channels = resnets[0].conv1.out_channels
        self.upsamplers = nn.ModuleList([] if last else [Upsample(channels)])

    def forward(self, x: Tensor, features: list[Tensor], time: Tensor) -> Any:
        """The new features; those taken are removed from the end of `features`."""
        for i in range(len(self.resnets)):
            x = self.block(i, mg.cat([x, features.pop()], 1), time)
        for double in self.upsamplers:
            x = double(x)
        return x


class MidStage(nn.Module):
    """Block, attention, block, where the image is smallest."""

    def __init__(self, channels: int, time_size: int, groups: int, dropout: float) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([Attention(channels, groups)])
        self.resnets = nn.ModuleList(
            [ResBlock(channels, channels, time_size, groups, dropout) for _ in range(2)]
        )

    def forward(self, x: Tensor, time: Tensor) -> Any:
        """Features (N, channels, H, W), of the same shape."""
        x = self.attentions[0](self.resnets[0](x, time))
        return self.resnets[1](x, time)


class UNet(nn.Module):
    """A network that predicts the noise in an image.

    Parameters
    ----------
    image_size : int
        Height and width; divisible by 2 for each halving.
    in_channels : int
        3 for colour images; the prediction has as many.
    channels : int
        Of the first stage; even, at least 4, and divisible by `groups`.
    multipliers : sequence of int
        For each stage, how many times `channels` it has; between two stages the image is halved.
    attention : sequence of int
        The image sizes at which attention follows every block. There is always one in the middle.
    blocks : int
        Residual blocks of each stage on the way down; there is one more on the way up.
    dropout : float
        Inside the residual blocks.
    groups : int
        Of all group norms.

    Raises
    ------
    ValueError
        If the sizes do not fit each other.

    Examples
    --------
    >>> model = UNet(image_size=8, channels=8, multipliers=(1, 2), attention=(4,), blocks=1, groups=4)
    >>> model(mg.zeros(2, 3, 8, 8), mg.tensor([0, 999])).shape
    (2, 3, 8, 8)
    """

    def __init__(
        self,
        image_size: int = 32,
        in_channels: int = 3,
        channels: int = 128,
        multipliers: Sequence[int] = (1, 2, 2, 2),
        attention: Sequence[int] = (16,),
        blocks: int = 2,
        dropout: float = 0.1,
        groups: int = 32,
    ) -> None:
        super().__init__()
        _check(image_size, channels, multipliers, attention, groups)
        self.image_size, self.in_channels, self.channels = image_size, in_channels, channels
        widths = [channels * multiplier for multiplier in multipliers]
        attends = [image_size >> i in attention for i in range(len(widths))]
        last = len(widths) - 1
        size = 4 * channels

        def resblock(before: int, after: int) -> ResBlock:
            return ResBlock(before, after, size, groups, dropout)

        self.conv_in = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.time_embedding = TimeEmbedding(channels, size)
        down: list[nn.Module] = []
        skips, before = [channels], channels  # how many channels the features on the way down have
        for i, width in enumerate(widths):
            resnets = [resblock(before if j == 0 else width, width) for j in range(blocks)]
            down.append(DownStage(resnets, attends[i], groups, i == last))
            skips += [width] * (blocks + (i < last))
            before = width
        up: list[nn.Module] = []
        for i, width in reversed(list(enumerate(widths))):
            resnets = [
                resblock((before if j == 0 else width) + skips.pop(), width) for j in range(blocks + 1)
            ]
            up.append(UpStage(resnets, attends[i], groups, i == 0))
            before = width
        self.down_blocks = nn.ModuleList(down)
        self.up_blocks = nn.ModuleList(up)
        self.mid_block = MidStage(widths[-1], size, groups, dropout)
        self.conv_norm_out = nn.GroupNorm(groups, widths[0], EPS)
        self.conv_out = nn.Conv2d(widths[0], in_channels, 3, padding=1)
        self.apply(_initialize)

    def forward(self, x: Tensor, t: Tensor) -> Any:
        """The noise, (N, C, H, W), in images (N, C, H, W) at time steps t (N,).

        Raises
        ------
        ValueError
            If the images have another shape, or there is not one time step for each.
        """
        expected = (self.in_channels, self.image_size, self.image_size)
        if x.ndim != 4 or x.shape[1:] != expected or t.shape != x.shape[:1]:
            raise ValueError(
                f"UNet: expected images of shape {('N', *expected)} and one time step for each, "
                f"got {x.shape} and {t.shape}".replace("'", "")
            )
        time = self.time_embedding(timestep_embedding(t, self.channels).to(x.dtype))
        features = [self.conv_in(x)]
        for stage in self.down_blocks:
            features += stage(features[-1], time)
        x = self.mid_block(features[-1], time)
        for stage in self.up_blocks:
            x = stage(x, features, time)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


def _check(
    image_size: int, channels: int, multipliers: Sequence[int], attention: Sequence[int], groups: int
) -> None:
    sizes = [image_size >> i for i in range(len(multipliers))]
    if not sizes or image_size % 2 ** (len(sizes) - 1):
        raise ValueError(
            f"UNet: an image_size of {image_size} cannot be halved for the multipliers {tuple(multipliers)}"
        )
    if channels % groups or channels % 2 or channels < 4:
        raise ValueError(
            f"UNet: channels must be even, at least 4 and divisible by groups={groups}, got {channels}"
        )
    if not set(attention) <= set(sizes):
        raise ValueError(f"UNet: attention must be at some of the image sizes {sizes}, got {attention}")


def _initialize(module: nn.Module) -> None:
    """The authors' start: every block begins as its shortcut, and the first prediction is (nearly) zero."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    final = {ResBlock: "conv2", Attention: "to_out", UNet: "conv_out"}.get(type(module))
    if final is not None:
        nn.init.xavier_uniform_(getattr(module, final).weight, gain=1e-5)


def from_diffusers(state: Mapping[str, Any]) -> dict[str, Any]:
    """The weights of a diffusers UNet2DModel under our names.

    All names agree but for attention: `to_out.0` there is `to_out` here, and files made before 2023 call
    `to_q`, `to_k`, `to_v` and `to_out` `query`, `key`, `value` and `proj_attn`.

    Parameters
    ----------
    state : mapping of str to tensor
        What `mg.load("diffusion_pytorch_model.safetensors")` gives; the model must have been made with
        `act_fn='silu'`, `downsample_padding=0`, `flip_sin_to_cos=False`, `freq_shift=1`, `norm_eps=1e-6` and
        one attention head (`attention_head_dim=None`), as google/ddpm-cifar10-32 was.

    Examples
    --------
    >>> list(from_diffusers({"mid_block.attentions.0.to_out.0.bias": None, "conv_in.bias": None}))
    ['mid_block.attentions.0.to_out.bias', 'conv_in.bias']
    """
    renamed = {}
    for name, value in state.items():
        for theirs, ours in _DIFFUSERS.items():
            name = name.replace(theirs, ours)
        renamed[name] = value
    return renamed


_DIFFUSERS = {
    ".to_out.0.": ".to_out.",
    ".query.": ".to_q.",
    ".key.": ".to_k.",
    ".value.": ".to_v.",
    ".proj_attn.": ".to_out.",
}


def unet(dropout: float = 0.1) -> UNet:
    """The network that Ho et al. trained on CIFAR-10: 35.7 million parameters.

    Examples
    --------
    >>> sum(p.data.size for p in unet().parameters())
    35746307
    """
    return UNet(dropout=dropout)


def unet_small(
    channels: int = 32,
    multipliers: Sequence[int] = (1, 2, 2),
    attention: Sequence[int] = (8,),
    blocks: int = 1,
    dropout: float = 0.0,
) -> UNet:
    """A network for images of 32x32 that a laptop can train: 1.1 million parameters.

    Parameters
    ----------
    channels : int
        A multiple of 4.
    multipliers, attention, blocks, dropout
        As for `UNet`.

    Examples
    --------
    >>> sum(p.data.size for p in unet_small().parameters())
    1113955
    """
    # four channels a group, as in the large one's first stage
    return UNet(
        32, 3, channels, multipliers, attention, blocks, dropout, groups=max(1, min(32, channels // 4))
    )
