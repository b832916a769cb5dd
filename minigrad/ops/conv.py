"""Convolutions: three operations that are each other's derivatives.

    y = conv2d(x, w)      dx = conv2d_input(g, w)      dw = conv2d_weight(x, g)

Each is linear in both of its arguments, and the three products <y, g>, <x, dx> and <w, dw> are equal: from
this the six rules below follow, and all higher derivatives from them. A transposed convolution is the second
of the three as a forward operation; a sequence is an image of height 1. The kernels are those of
`minigrad.backend.conv`.
"""

from collections.abc import Sequence
from typing import Any

from minigrad.backend import Array, channels
from minigrad.backend import conv as kernels
from minigrad.backend.conv import Geometry, Sizes
from minigrad.engine import primitive
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.shape import expand, reshape, squeeze, unsqueeze
from minigrad.ops.sliding import check_kernel, sizes, with_batch


@primitive(
    x=lambda g, w, x_shape, geometry: _conv2d_input(g, w, x_shape[2:], geometry),
    w=lambda g, x, w_shape, geometry: _conv2d_weight(x, g, w_shape[2:], geometry),
)
def _conv2d(x: Array, w: Array, geometry: Geometry) -> Array:
    return kernels.correlate(x, w, geometry)


@primitive(
    g=lambda h, w, geometry: _conv2d(h, w, geometry),
    w=lambda h, g, w_shape, geometry: _conv2d_weight(h, g, w_shape[2:], geometry),
)
def _conv2d_input(g: Array, w: Array, size: Sizes, geometry: Geometry) -> Array:
    return kernels.input_gradient(g, w, size, geometry)


@primitive(
    x=lambda h, g, x_shape, geometry: _conv2d_input(g, h, x_shape[2:], geometry),
    g=lambda h, x, geometry: _conv2d(x, h, geometry),
)
def _conv2d_weight(x: Array, g: Array, kernel: Sizes, geometry: Geometry) -> Array:
    return kernels.weight_gradient(x, g, kernel, geometry)


@primitive(y=lambda g: g, bias=lambda g: _channel_sums(g))
def _with_bias(y: Array, bias: Array) -> Array:
    """`y + bias`, in the memory of a convolution's result, which nobody has seen yet."""
    return channels.add_to_channels(y, bias)


@primitive(x=lambda g, x_shape: expand(reshape(g, (-1, *[1] * (len(x_shape) - 2))), x_shape))
def _channel_sums(x: Array) -> Array:
    return channels.channel_sums(x)


# ---------------------------------------------------------------------- convolution


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Any:
    """Slide a kernel over images: at each position, the sum of the pixels it covers times its weights.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    weight : Tensor, shape (O, C / groups, kh, kw)
    bias : Tensor, shape (O,), optional
    stride : int or pair of int
        How many pixels the kernel moves at a time, vertically and horizontally.
    padding : int, pair of int, 'valid' or 'same'
        Zeros around the image. 'valid' means none, 'same' as many as leave the size as it is (for stride 1).
    dilation : int or pair of int
        The distance between the pixels that the kernel covers.
    groups : int
        Channels are divided into so many parts, each convolved with its own weights.

    Returns
    -------
    Tensor, shape (N, O, H', W') or (O, H', W')
        With H' = (H + 2 * padding - dilation * (kh - 1) - 1) // stride + 1, and W' alike.

    Raises
    ------
    RuntimeError
        If shapes do not fit each other, or an argument is impossible.

    Examples
    --------
    >>> import minigrad as mg
    >>> image = mg.tensor([[[0.0, 1.0, 4.0, 9.0]]])
    >>> conv2d(image, mg.tensor([[[[-1.0, 1.0]]]])).tolist()
    [[[1.0, 3.0, 5.0]]]
    """
    if is_autocasting():
        return autocasting("conv2d", conv2d, input, weight, bias, stride, padding, dilation, groups)
    return _convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Any:
    """`conv2d` for sequences: `input` (N, C, L) or (C, L), `weight` (O, C / groups, k).

    Examples
    --------
    >>> import minigrad as mg
    >>> conv1d(mg.tensor([[0.0, 1.0, 4.0, 9.0]]), mg.tensor([[[-1.0, 1.0]]])).tolist()
    [[1.0, 3.0, 5.0]]
    """
    if is_autocasting():
        return autocasting("conv1d", conv1d, input, weight, bias, stride, padding, dilation, groups)
    return _convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Any:
    """The transpose of `conv2d`: each pixel adds a copy of the kernel, times its value, to the result.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    weight : Tensor, shape (C, O / groups, kh, kw)
    bias : Tensor, shape (O,), optional
    stride, padding, groups, dilation
        Those of the `conv2d` that leads from a result of this operation to its input.
    output_padding : int or pair of int
        Several sizes have the same size after such a `conv2d`; this is added to the smallest of them.

    Returns
    -------
    Tensor, shape (N, O, H', W') or (O, H', W')
        With H' = (H - 1) * stride - 2 * padding + dilation * (kh - 1) + output_padding + 1, and W' alike.

    Raises
    ------
    RuntimeError
        If shapes do not fit each other, or an argument is impossible.

    References
    ----------
    .. [1] V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.

    Examples
    --------
    >>> import minigrad as mg
    >>> conv_transpose2d(mg.tensor([[[1.0, 10.0]]]), mg.tensor([[[[1.0, 2.0]]]]), stride=2).tolist()
    [[[1.0, 2.0, 10.0, 20.0]]]
    """
    arguments = (stride, padding, output_padding, groups, dilation)
    if is_autocasting():
        return autocasting("conv_transpose2d", conv_transpose2d, input, weight, bias, *arguments)
    return _transposed_convolution("conv_transpose2d", 2, input, weight, bias, *arguments)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Any:
    """`conv_transpose2d` for sequences: `input` (N, C, L) or (C, L), `weight` (C, O / groups, k)."""
    arguments = (stride, padding, output_padding, groups, dilation)
    if is_autocasting():
        return autocasting("conv_transpose1d", conv_transpose1d, input, weight, bias, *arguments)
    return _transposed_convolution("conv_transpose1d", 1, input, weight, bias, *arguments)


def _convolution(
    name: str, dims: int, x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    x, batched = with_batch(x, dims, name)
    _check_operands(name, dims, x, w, groups)
    outputs, channels, *kernel = w.shape
    if outputs % groups:
        raise RuntimeError(f"{name}: the weight's {outputs} outputs do not divide into {groups} groups")
    if x.shape[1] != channels * groups:
        count = f"{channels * groups} channels ({groups} groups x {channels} of the weight)"
        raise RuntimeError(f"{name}: expected input with {count}, got {x.shape[1]}")
    stride = sizes(stride, dims, "stride", name, least=1)
    dilation = sizes(dilation, dims, "dilation", name, least=1)
    geometry = Geometry(stride, _padding(padding, kernel, stride, dilation, name), dilation, groups)
    check_kernel(geometry, x.shape[2:], tuple(kernel), name)
    if dims == 2:
        return _finished(_conv2d(x, w, geometry), bias, batched, name)
    y = _conv2d(unsqueeze(x, 2), unsqueeze(w, 2), _of_height_1(geometry))
    return _finished(squeeze(y, 2), bias, batched, name)


def _transposed_convolution(
    name: str,
    dims: int,
    x: Any,
    w: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    x, batched = with_batch(x, dims, name)
    _check_operands(name, dims, x, w, groups)
    if x.shape[1] != w.shape[0]:
        raise RuntimeError(f"{name}: expected input with {w.shape[0]} channels, got {x.shape[1]}")
    if w.shape[0] % groups:
        raise RuntimeError(f"{name}: the weight's {w.shape[0]} channels do not divide into {groups} groups")
    stride = sizes(stride, dims, "stride", name, least=1)
    dilation = sizes(dilation, dims, "dilation", name, least=1)
    padding = sizes(padding, dims, "padding", name)
    extra = sizes(output_padding, dims, "output_padding", name)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise RuntimeError(
            f"{name}: output_padding {extra} must be smaller than stride {stride} or dilation {dilation}"
        )
    # So the convolution back, which the derivatives need, has exactly as many positions as x has pixels.
    uneven = tuple((p, p - e) for p, e in zip(padding, extra, strict=True))
    geometry = Geometry(stride, uneven, dilation, groups)
    size = tuple(
        (n - 1) * s - sum(pad) + d * (k - 1) + 1
        for n, k, s, pad, d in zip(x.shape[2:], w.shape[2:], *geometry[:3], strict=True)
    )
    if min(size) < 1:
        raise RuntimeError(f"{name}: padding {padding} leaves a result of size {size}")
    if dims == 2:
        return _finished(_conv2d_input(x, w, size, geometry), bias, batched, name)
    y = _conv2d_input(unsqueeze(x, 2), unsqueeze(w, 2), (1, *size), _of_height_1(geometry))
    return _finished(squeeze(y, 2), bias, batched, name)


def _of_height_1(geometry: Geometry) -> Geometry:
    stride, padding, dilation, groups = geometry
    return Geometry((1, *stride), ((0, 0), *padding), (1, *dilation), groups)


def _finished(y: Any, bias: Any, batched: bool, name: str) -> Any:
    if bias is not None:
        if bias.shape != y.shape[1:2] or bias.dtype != y.dtype:
            wanted, got = f"{y.dtype.name} {y.shape[1:2]}", f"{bias.dtype.name} {bias.shape}"
            raise RuntimeError(f"{name}: expected bias {wanted}, got {got}")
        y = _with_bias(y, bias)
    return y if batched else squeeze(y, 0)


# ---------------------------------------------------------------------- arguments


def _check_operands(name: str, dims: int, x: Any, w: Any, groups: int) -> None:
    if w.ndim != dims + 2:
        raise RuntimeError(f"{name}: expected weight with {dims + 2} dimensions, got shape {w.shape}")
    if x.dtype != w.dtype:
        dtypes = f"{x.dtype.name} and {w.dtype.name}"
        raise RuntimeError(f"{name}: expected input and weight of one dtype, got {dtypes}")
    if groups < 1:
        raise RuntimeError(f"{name}: groups must be at least 1, got {groups}")


def _padding(
    padding: Any, kernel: Sequence[int], stride: Sizes, dilation: Sizes, name: str
) -> tuple[tuple[int, int], ...]:
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if max(stride) > 1:
            raise RuntimeError(f"{name}: padding='same' needs stride 1, got {stride}")
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)
    if isinstance(padding, str):
        raise RuntimeError(f"{name}: padding must be 'valid', 'same' or integers, got {padding!r}")
    return tuple((p, p) for p in sizes(padding, len(kernel), "padding", name))
