"""What the U-Net of diffusion is made of: blocks that are told the time, attention, halving and doubling.

Ho, Jain & Abbeel (2020), 'Denoising Diffusion Probabilistic Models', appendix B.
"""

import math
from typing import Any

from minigrad import Tensor, nn
from minigrad.backend import array_module
from minigrad.nn import functional as F

EPS = 1e-6  # of all group norms, as in the authors' code


def timestep_embedding(t: Tensor, size: int) -> Tensor:
    """Sines and cosines of `t`, whose wavelengths grow from 2 pi to 10000 * 2 pi.

    Parameters
    ----------
    t : Tensor, (N,)
        Time steps.
    size : int
        Even, at least 4.

    Returns
    -------
    Tensor, float64 (N, size)

    References
    ----------
    Vaswani et al. (2017), 'Attention Is All You Need', section 3.5.

    Examples
    --------
    >>> import minigrad as mg
    >>> timestep_embedding(mg.tensor([0]), 4).tolist()
    [[0.0, 0.0, 1.0, 1.0]]
    """
    xp = array_module(t.data)
    half = size // 2
    # float64: at step 1000 a float32 frequency would turn the angle by a visible amount
    frequencies = xp.exp(xp.arange(half) * (-math.log(10000) / (half - 1)))
    angles = t.data.astype("float64")[:, None] * frequencies
    return Tensor(xp.concatenate([xp.sin(angles), xp.cos(angles)], axis=1))


class TimeEmbedding(nn.Module):
    """Two linear layers that make of the sines what every block is told."""

    def __init__(self, channels: int, time_size: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(channels, time_size)
        self.linear_2 = nn.Linear(time_size, time_size)

    def forward(self, sines: Tensor) -> Any:
        """(N, channels) to (N, time_size)."""
        return self.linear_2(F.silu(self.linear_1(sines)))


class ResBlock(nn.Module):
    """Two 3x3 convolutions, each behind a group norm and SiLU; between them the time step is added.

    Parameters
    ----------
    in_channels, out_channels : int
        Where they differ, the shortcut is a 1x1 convolution.
    time_size : int
    groups : int
    dropout : float
    """

    def __init__(
        self, in_channels: int, out_channels: int, time_size: int, groups: int, dropout: float
    ) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, in_channels, EPS)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.time_emb_proj = nn.Linear(time_size, out_channels)
        self.norm2 = nn.GroupNorm(groups, out_channels, EPS)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None

    def forward(self, x: Tensor, time: Tensor) -> Any:
        """Features (N, in_channels, H, W) to (N, out_channels, H, W), told the time (N, time_size)."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time_emb_proj(F.silu(time))[:, :, None, None]
        h = self.conv2(self.dropout(F.silu(self.norm2(h))))
        return h + (x if self.conv_shortcut is None else self.conv_shortcut(x))


class Attention(nn.Module):
    """Self-attention of all pixels, with one head and a shortcut around it.

    Parameters
    ----------
    channels : int
    groups : int
        Of the group norm in front.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, channels, EPS)
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Any:
        """Features (N, channels, H, W), of the same shape."""
        pixels = self.group_norm(x).flatten(2).transpose(1, 2)
        y = F.scaled_dot_product_attention(self.to_q(pixels), self.to_k(pixels), self.to_v(pixels))
        return x + self.to_out(y).transpose(1, 2).reshape(x.shape)


class Downsample(nn.Module):
    """Halve the image, by a convolution of stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Any:
        """(N, C, H, W) to (N, C, H / 2, W / 2)."""
        return self.conv(F.pad(x, (0, 1, 0, 1)))  # at the far sides alone: the authors' TensorFlow does so


class Upsample(nn.Module):
    """Double the image: repeat every pixel, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        """(N, C, H, W) to (N, C, 2 H, 2 W)."""
        return self.conv(F.interpolate(x, scale_factor=2))
