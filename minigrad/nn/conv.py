"""Convolution layers, on inputs of shape (batch, channels, ...)."""

from typing import Any

from minigrad.creation import empty
from minigrad.nn import functional as F
from minigrad.nn.linear import reset_affine
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

Size = int | tuple[int, ...]


class _Conv(Module):
    """What all convolutions share: their sizes, their parameters, and how they show themselves."""

    dims: int  # how many dimensions the window moves in
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._tuple(kernel_size, "kernel_size")
        self.stride = self._tuple(stride, "stride")
        self.padding: Any = padding if isinstance(padding, str) else self._tuple(padding, "padding")
        self.output_padding = (0,) * self.dims
        self.dilation = self._tuple(dilation, "dilation")
        self.groups = groups
        self._check(padding_mode)
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = Parameter(empty(first, second // groups, *self.kernel_size, device=device, dtype=dtype))
        self.bias = Parameter(empty(out_channels, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def _tuple(self, value: Size, what: str) -> tuple[int, ...]:
        sizes = (value,) * self.dims if isinstance(value, int) else tuple(value)
        if len(sizes) != self.dims:
            raise ValueError(
                f"{type(self).__name__}: {what} must be one number or {self.dims}, got {value!r}"
            )
        return sizes

    def _check(self, padding_mode: str) -> None:
        name = type(self).__name__
        if padding_mode != "zeros":
            raise NotImplementedError(
                f"{name}: only padding_mode='zeros' is supported, got {padding_mode!r}; "
                "use functional.pad before it"
            )
        for channels in ("in_channels", "out_channels"):
            if self.groups < 1 or getattr(self, channels) % self.groups:
                raise ValueError(
                    f"{name}: groups={self.groups} does not divide {channels}={getattr(self, channels)}"
                )
        if isinstance(self.padding, str):
            if self.padding not in ("same", "valid"):
                raise ValueError(f"{name}: padding must be numbers, 'same' or 'valid', got {self.padding!r}")
            if self.padding == "same" and self.stride != (1,) * self.dims:
                raise ValueError(f"{name}: padding='same' needs a stride of 1, got {self.stride}")

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew, uniform in +- 1/sqrt(fan_in)."""
        reset_affine(self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes, and what differs from the defaults."""
        text = f"{self.in_channels}, {self.out_channels}"
        text += f", kernel_size={self.kernel_size}, stride={self.stride}"
        zeros, ones = (0,) * self.dims, (1,) * self.dims
        defaults = {"padding": zeros, "dilation": ones, "output_padding": zeros, "groups": 1}
        for name, default in defaults.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text if self.bias is not None else text + ", bias=False"


class Conv1d(_Conv):
    """Cross-correlation along one dimension: (N, in_channels, L) to (N, out_channels, L').

    The parameters are those of `Conv2d`, with one number where that has two.
    """

    dims = 1

    def forward(self, input: Tensor) -> Any:
        """The result for an input of shape (N, C, L) or (C, L)."""
        return F.conv1d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Conv2d(_Conv):
    """Cross-correlation of images: (N, in_channels, H, W) to (N, out_channels, H', W').

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or (int, int)
    stride : int or (int, int)
    padding : int, (int, int), 'same' or 'valid'
        Rows and columns of zeros on each side; 'same' keeps the size (with stride 1), 'valid' is none.
    dilation : int or (int, int)
        Steps between neighbouring elements of the kernel.
    groups : int
        Splits the channels into groups that do not see each other; with `groups=in_channels` the
        convolution is depthwise.
    bias : bool
    padding_mode : {'zeros'}
    device : str, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, (out_channels, in_channels / groups, kernel height, kernel width)
    bias : Parameter, (out_channels,), or None

    Raises
    ------
    ValueError
        If the channels cannot be divided into groups, or the padding is unknown or impossible.
    NotImplementedError
        For another padding mode.

    Examples
    --------
    >>> import minigrad as mg
    >>> Conv2d(3, 8, kernel_size=3, stride=2, padding=1)(mg.zeros(1, 3, 32, 32)).shape
    (1, 8, 16, 16)
    """

    dims = 2

    def forward(self, input: Tensor) -> Any:
        """The result for an input of shape (N, C, H, W) or (C, H, W)."""
        return F.conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class ConvTranspose2d(_Conv):
    """The transpose of `Conv2d`: it leads from that one's output shape back to its input shape.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride : int or (int, int)
    padding : int or (int, int)
        What the convolution would have; the output loses that much on each side.
    output_padding : int or (int, int)
        Extra size at the bottom and the right: with a stride, several input sizes lead to one output size.
    groups : int
    bias : bool
    dilation : int or (int, int)
    padding_mode : {'zeros'}
    device : str, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, (in_channels, out_channels / groups, kernel height, kernel width)
    bias : Parameter, (out_channels,), or None

    Raises
    ------
    ValueError, NotImplementedError
        As `Conv2d`; here the padding must be numbers.

    Examples
    --------
    >>> import minigrad as mg
    >>> ConvTranspose2d(8, 3, kernel_size=4, stride=2, padding=1)(mg.zeros(1, 8, 16, 16)).shape
    (1, 3, 32, 32)
    """

    dims = 2
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        if isinstance(padding, str):
            raise ValueError(f"ConvTranspose2d: padding must be one number or 2, got {padding!r}")
        channels = in_channels, out_channels
        super().__init__(
            *channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )
        self.output_padding = self._tuple(output_padding, "output_padding")

    def forward(self, input: Tensor) -> Any:
        """The result for an input of shape (N, C, H, W) or (C, H, W)."""
        return F.conv_transpose2d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
        )
