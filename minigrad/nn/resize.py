"""Layers that change the size of images, or lay their patches out."""

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


class Unfold(Module):
    """The blocks of pixels that a sliding kernel covers, one a column; see `functional.unfold`.

    Parameters
    ----------
    kernel_size, dilation, padding, stride : int or tuple of int
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        dilation: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        stride: int | tuple[int, ...] = 1,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Any:
        """(N, C, H, W) as (N, C kh kw, positions)."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The kernel's geometry."""
        return (
            f"kernel_size={self.kernel_size!r}, dilation={self.dilation!r}, "
            f"padding={self.padding!r}, stride={self.stride!r}"
        )
