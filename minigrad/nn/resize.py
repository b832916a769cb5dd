"""Layers that change the size of images."""

from typing import Any

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class PixelShuffle(Module):
    """Makes larger images of many channels: (N, C r^2, H, W) to (N, C, H r, W r).

    Parameters
    ----------
    upscale_factor : int
        r.
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Any:
        """The larger images."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"upscale_factor={self.upscale_factor}"


class Upsample(Module):
    """Resizes by interpolation; see `functional.interpolate`.

    Parameters
    ----------
    size : int or tuple of int, optional
        The new (H, W).
    scale_factor : float or tuple of float, optional
        The new size in units of the old one; either this or `size` is given.
    mode : str
        'nearest', 'bilinear', ...
    align_corners : bool, optional
        Whether the centres of the corner pixels stay at the corners.
    """

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners

    def forward(self, input: Tensor) -> Any:
        """The resized input."""
        return F.interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        """The new size, and how values between pixels are found."""
        size = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{size}, mode={self.mode!r}"
