"""Normalization layers."""

from typing import Any

from minigrad.creation import empty
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class _Scaled(Module):
    """What all normalizations share: perhaps a weight, starting at 1, and perhaps a bias, starting at 0."""

    def __init__(
        self, shape: tuple[int, ...], weight: bool, bias: bool, device: str | None, dtype: Any
    ) -> None:
        super().__init__()
        self.weight = Parameter(empty(shape, device=device, dtype=dtype)) if weight else None
        self.bias = Parameter(empty(shape, device=device, dtype=dtype)) if bias else None

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _BatchNorm(_Scaled):
    ndims: tuple[int, ...]  # how many dimensions an input may have
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__((num_features,), affine, affine and bias, device, dtype)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        buffers = {
            "running_mean": empty(num_features, device=device, dtype=dtype),
            "running_var": empty(num_features, device=device, dtype=dtype),
            "num_batches_tracked": empty((), device=device, dtype="int64"),
        }
        for name, buffer in buffers.items():
            self.register_buffer(name, buffer if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the statistics collected so far."""
        for buffer, start in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if buffer is not None:
                init.constant_(buffer, start)

    def reset_parameters(self) -> None:
        """Forget the statistics, set the weight to ones and the bias to zeros."""
        self.reset_running_stats()
        super().reset_parameters()

    def forward(self, input: Tensor, *, residual: Tensor | None = None, relu: bool = False) -> Any:
        """The normalized input; in training mode the running statistics move towards those of the batch.

        Parameters
        ----------
        input : Tensor
        residual : Tensor, optional
            Added to the result, as in ``self(input) + residual``, but in the same pass.
        relu : bool
            Whether to take `relu` of the result, again in the same pass.
        """
        if input.ndim not in self.ndims:
            raise ValueError(
                f"{type(self).__name__}: expected an input of {' or '.join(map(str, self.ndims))} "
                f"dimensions, got shape {input.shape}"
            )
        momentum, batches = self.momentum, self.num_batches_tracked
        if self.training and self.track_running_stats and batches is not None:
            batches.data += 1
            if momentum is None:  # the plain average of all batches
                momentum = 1 / batches.item()
        keeping = self.track_running_stats or not self.training
        mean, var = (self.running_mean, self.running_var) if keeping else (None, None)
        training = self.training or mean is None
        return F.batch_norm(
            input,
            mean,
            var,
            self.weight,
            self.bias,
            training,
            momentum or 0.0,
            self.eps,
            residual=residual,
            relu=relu,
        )

    def extra_repr(self) -> str:
        """The number of features and all settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Normalization of each channel over the batch, for inputs (N, C) or (N, C, L); see `BatchNorm2d`."""

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalization of each channel over the batch and all pixels, for inputs of shape (N, C, H, W).

    In training `y = (x - mean) / sqrt(var + eps) * weight + bias` with the batch's own (biased) variance, and
    running statistics follow, `running = (1 - momentum) * running + momentum * batch's`, with the unbiased
    variance. In evaluation the running statistics are used instead. Ioffe & Szegedy (2015), algorithm 1.

    Parameters
    ----------
    num_features : int
        C.
    eps : float
    momentum : float or None
        None averages all batches alike.
    affine : bool
        Whether there is a weight and a bias.
    track_running_stats : bool
        Without running statistics, the batch's own are used in evaluation too.
    device : str, optional
    dtype : dtype, optional
    bias : bool
        With False, there is a weight but no bias.

    Attributes
    ----------
    weight, bias : Parameter, (C,), or None
    running_mean, running_var : Tensor, (C,), or None
    num_batches_tracked : Tensor, int64, or None
    """

    ndims = (4,)


def _shape(normalized_shape: int | tuple[int, ...] | list[int]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(_Scaled):
    """Normalization of each sample over its last dimensions: `(x - mean) / sqrt(var + eps) * weight + bias`.

    Ba, Kiros & Hinton (2016).

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The sizes of the last dimensions.
    eps : float
    elementwise_affine : bool
        Whether there is a weight (and a bias).
    bias : bool
        Whether there is a bias, if there is a weight.
    device : str, optional
    dtype : dtype, optional
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...] | list[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            _shape(normalized_shape), elementwise_affine, elementwise_affine and bias, device, dtype
        )
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.reset_parameters()

    def forward(self, input: Tensor) -> Any:
        """The normalized input."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The shape and all settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Scaled):
    """Division of each sample by the root of its mean square: `x / sqrt(mean(x^2) + eps) * weight`.

    Zhang & Sennrich (2019).

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The sizes of the last dimensions, over which the mean is taken.
    eps : float, optional
        By default the machine epsilon of the input's dtype.
    elementwise_affine : bool
        Whether there is a weight.
    device : str, optional
    dtype : dtype, optional
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...] | list[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(_shape(normalized_shape), elementwise_affine, False, device, dtype)
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.reset_parameters()

    def forward(self, input: Tensor) -> Any:
        """The scaled input."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The shape and all settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Scaled):
    """Normalization of each sample over the pixels of a group of channels, for inputs of shape (N, C, ...).

    Wu & He (2018).

    Parameters
    ----------
    num_groups : int
        How many groups the channels are divided into; 1 is a layer norm, C an instance norm.
    num_channels : int
        C.
    eps : float
    affine : bool
        Whether there is a weight and a bias for each channel.
    device : str, optional
    dtype : dtype, optional
    bias : bool
        With False, there is a weight but no bias.

    Raises
    ------
    ValueError
        If the channels cannot be divided into groups.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        super().__init__((num_channels,), affine, affine and bias, device, dtype)
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.reset_parameters()

    def forward(self, input: Tensor) -> Any:
        """The normalized input."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The sizes and all settings."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
