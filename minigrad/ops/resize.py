"""Operations that change the size of images: padding, interpolation, pixel shuffling."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module
from minigrad.dtypes import is_floating
from minigrad.engine import primitive, xp_of
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.average_pool import adaptive_average
from minigrad.ops.index import index_select
from minigrad.ops.operands import cast, require_floating, widened
from minigrad.ops.shape import permute, reshape
from minigrad.ops.sliding import sizes

Pads = tuple[tuple[int, int], ...]

# ---------------------------------------------------------------------- padding


@primitive(x=lambda g, pads: _pad(g, tuple([(-before, -after) for before, after in pads]), 0))
def _pad(x: Array, pads: Pads, value: float) -> Array:
    """`value` added (before, after) each axis; negative numbers take away, and undo what positive ones do."""
    shape = [n + before + after for n, (before, after) in zip(x.shape, pads, strict=True)]
    y = array_module(x).full_like(x, value, shape=tuple(shape))
    kept = [(max(0, -before), n - max(0, -after)) for n, (before, after) in zip(x.shape, pads, strict=True)]
    target = [slice(start + p[0], stop + p[0]) for (start, stop), p in zip(kept, pads, strict=True)]
    y[tuple(target)] = x[tuple([slice(start, stop) for start, stop in kept])]
    return y  # type: ignore[no-any-return]


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """More elements around the last dimensions or, with negative numbers, fewer.

    Parameters
    ----------
    input : Tensor
    pad : sequence of int
        (before, after) the last dimension, then the one in front of it, and so on.
    mode : {'constant', 'reflect', 'replicate', 'circular'}
        What is added: `value`; a mirror image without the edge itself; the edge again and again; the elements
        from the other end. All but 'constant' pad exactly the 1, 2 or 3 dimensions behind the channels.
    value : float, optional
        For 'constant'; by default 0.

    Raises
    ------
    RuntimeError
        If more is taken away than there is, or added than there is to mirror or to wrap around.
    NotImplementedError
        For other modes, or dimensions.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[1.0, 2.0, 3.0]])
    >>> pad(x, (1, 2)).tolist(), pad(x, (1, 2), "reflect").tolist()
    ([[0.0, 1.0, 2.0, 3.0, 0.0, 0.0]], [[2.0, 1.0, 2.0, 3.0, 2.0, 1.0]])
    """
    numbers = tuple(pad)
    if not all(hasattr(n, "__index__") for n in numbers):
        raise TypeError(f"pad: expected integers, got {numbers}")
    if len(numbers) % 2 or len(numbers) > 2 * input.ndim:
        raise RuntimeError(f"pad: expected pairs for at most {input.ndim} dimensions, got {numbers}")
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))[::-1]
    first = input.ndim - len(pairs)
    for n, (before, after) in zip(input.shape[first:], pairs, strict=True):
        if n + before + after < 0 or (mode == "constant" and n + min(0, before) + min(0, after) < 0):
            raise RuntimeError(f"pad: {numbers} takes away more than a tensor of shape {input.shape} has")
    if mode == "constant":
        return _pad(input, (*[(0, 0)] * first, *pairs), 0 if value is None else value)
    if mode not in _BORDERS:
        raise NotImplementedError(f"pad: mode must be constant, {', '.join(_BORDERS)}, got {mode!r}")
    if value is not None:
        raise RuntimeError(f"pad: mode {mode!r} takes no value")
    if first not in (1, 2) or len(pairs) > 3:
        raise NotImplementedError(
            f"pad: mode {mode!r} needs pairs for the 1 to 3 dimensions behind the channels, got {numbers} "
            f"for a tensor of shape {input.shape}"
        )
    for dim, (before, after) in enumerate(pairs, first):
        ids = _BORDERS[mode](input.shape[dim], before, after)
        if ids is None:
            added = f"{before} and {after} elements to {input.shape[dim]} in dimension {dim}"
            raise RuntimeError(f"pad: mode {mode!r} cannot add {added}")
        input = index_select(input, dim, xp_of(input).asarray(ids))
    return input


def _reflect(n: int, before: int, after: int) -> Array | None:
    ids = np.arange(-before, n + after)
    return n - 1 - np.abs(n - 1 - np.abs(ids)) if max(before, after) < n else None


def _replicate(n: int, before: int, after: int) -> Array | None:
    return np.arange(-before, n + after).clip(0, n - 1) if n else None


def _circular(n: int, before: int, after: int) -> Array | None:
    start, stop = max(0, -before), n - max(0, -after)  # what is taken away does not come round again
    before, after, n = max(0, before), max(0, after), stop - start
    return start + np.arange(-before, n + after) % n if max(before, after) <= n > 0 else None


# Which elements of n make up the padded dimension; None if it cannot be.
_BORDERS = {"reflect": _reflect, "replicate": _replicate, "circular": _circular}


# ---------------------------------------------------------------------- interpolation

_DIMENSIONS = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
_MODES = ("nearest", "nearest-exact", "area", *_DIMENSIONS)


def interpolate(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """Sequences, images or volumes in another resolution.

    Parameters
    ----------
    input : Tensor, shape (N, C, L), (N, C, H, W) or (N, C, D, H, W)
    size : int, or one for each spatial dimension, optional
        The new size; this or `scale_factor` must be given.
    scale_factor : float, or one for each spatial dimension, optional
        The new size divided by the old one, before it is rounded down.
    mode : {'nearest', 'nearest-exact', 'area', 'linear', 'bilinear', 'bicubic', 'trilinear'}
        'nearest' rounds places in the old image down, 'nearest-exact' to the nearest pixel; 'area' averages,
        as `adaptive_avg_pool2d` does; the linear ones are the same thing in 1, 2 and 3 dimensions.
    align_corners : bool, optional
        For the last four modes: whether the centres of the outermost pixels stay where they are, and not the
        edges of the image.
    recompute_scale_factor : bool, optional
        Whether places are computed from the rounded new size instead of from `scale_factor`.
    antialias : bool
        Only False is supported.

    Raises
    ------
    ValueError
        If arguments contradict each other.
    NotImplementedError
        If `mode` does not exist, or not for so many dimensions.
    RuntimeError
        If nothing would be left of the image.

    References
    ----------
    .. [1] R. Keys, "Cubic convolution interpolation for digital image processing", 1981 (bicubic, a = -0.75).

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[[0.0, 1.0]]])
    >>> interpolate(x, 4).tolist(), interpolate(x, 4, mode="linear").tolist()
    ([[[0.0, 0.0, 1.0, 1.0]]], [[[0.0, 0.25, 0.75, 1.0]]])
    """
    if is_autocasting() and mode != "area":
        options = (size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)
        return autocasting("interpolate", interpolate, input, *options)
    dims = input.ndim - 2
    if mode not in _MODES or not 1 <= dims <= 3 or dims != _DIMENSIONS.get(mode, dims):
        wanted = f"{_DIMENSIONS[mode] + 2}" if mode in _DIMENSIONS else "3, 4 or 5"
        known = f"for input with {wanted} dimensions" if mode in _MODES else f"not one of {', '.join(_MODES)}"
        raise NotImplementedError(f"interpolate: mode {mode!r} is {known}, got shape {input.shape}")
    if antialias:
        raise NotImplementedError("interpolate: antialias=True is not supported")
    if align_corners is not None and mode not in _DIMENSIONS:
        raise ValueError(f"interpolate: mode {mode!r} takes no align_corners")
    size, scales = _resized(input.shape[2:], size, scale_factor, recompute_scale_factor)
    if math.prod(input.shape[1:]) == 0 or min(size) < 1:
        raise RuntimeError(f"interpolate: {input.shape} to size {size} leaves nothing of the image")
    if mode == "area":
        return adaptive_average("interpolate", dims, input, size)
    if mode in _DIMENSIONS:
        require_floating(input, f"interpolate with mode {mode!r}")
    y = widened(input)
    for dim, (n, scale) in enumerate(zip(size, scales, strict=True), 2):
        y = _interpolated(y, dim, n, scale, mode, bool(align_corners))
    return cast(y, input.dtype)


def _resized(
    old: tuple[int, ...], size: Any, factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], list[float]]:
    """The new size, and old pixels per new pixel in each dimension."""
    if (size is None) == (factor is None):
        raise ValueError("interpolate: expected either size or scale_factor")
    if size is not None:
        if recompute:
            raise ValueError("interpolate: recompute_scale_factor=True needs scale_factor, not size")
        size = sizes(size, len(old), "size", "interpolate")
    else:
        factors = list(factor) if isinstance(factor, Sequence) else [factor] * len(old)
        if len(factors) != len(old):
            raise ValueError(f"interpolate: expected {len(old)} numbers as scale_factor, got {factor}")
        size = tuple([math.floor(n * f) for n, f in zip(old, factors, strict=True)])
        if not recompute:
            return size, [1 / f for f in factors]
    return size, [n / max(1, m) for n, m in zip(old, size, strict=True)]


def _interpolated(x: Any, dim: int, size: int, scale: float, mode: str, align_corners: bool) -> Any:
    """`x` with `size` elements along `dim`."""
    n, xp = x.shape[dim], xp_of(x)
    # Places in the old image have PyTorch's precision, so that rounding them down gives PyTorch's pixels.
    dtype = np.promote_types(x.dtype, np.float32) if is_floating(x.dtype) else np.dtype(np.float32)
    if align_corners:
        place = np.arange(size) * float(dtype.type((n - 1) / max(1, size - 1)))
    elif mode == "nearest":
        place = np.arange(size) * float(dtype.type(scale))
    else:
        place = (np.arange(size) + 0.5) * float(dtype.type(scale)) - 0.5  # of the centres of pixels
    total = None
    for ids, weights in _neighbours(place.astype(dtype), mode):
        part = index_select(x, dim, xp.asarray(ids.astype(np.int64).clip(0, n - 1)))
        if weights is not None:
            part = part * xp.asarray(weights.reshape(-1, *[1] * (x.ndim - 1 - dim)), x.dtype)
        total = part if total is None else total + part
    return total


def _neighbours(place: Array, mode: str) -> list[tuple[Array, Array | None]]:
    """The old pixels that make up the new ones at these places, and their weights (None: just one pixel)."""
    if mode == "nearest":
        return [(np.floor(place.astype(np.float32)), None)]
    if mode == "nearest-exact":
        return [(np.floor((place.clip(0) + place.dtype.type(0.5)).astype(np.float32)), None)]
    if mode != "bicubic":
        place = place.clip(0)
    low = np.floor(place)
    t = place - low
    if mode != "bicubic":
        return [(low, 1 - t), (low + 1, t)]
    return [(low + k, _cubic(np.abs(t - k))) for k in (-1, 0, 1, 2)]


def _cubic(distance: Array) -> Array:
    """Keys' kernel: 1 at distance 0, 0 at distance 1 and from 2 on, with a continuous slope."""
    a, d = -0.75, distance
    return np.where(d <= 1, ((a + 2) * d - (a + 3)) * d * d + 1, ((a * d - 5 * a) * d + 8 * a) * d - 4 * a)


# ---------------------------------------------------------------------- pixels and channels


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Channels made into pixels: r * r channels become one, with r x r pixels for each.

    Parameters
    ----------
    input : Tensor, shape (..., C * r * r, H, W)
    upscale_factor : int
        r.

    Returns
    -------
    Tensor, shape (..., C, H * r, W * r)

    Raises
    ------
    RuntimeError
        If the channels do not divide into such groups.

    References
    ----------
    .. [1] W. Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
       convolutional neural network", 2016.

    Examples
    --------
    >>> import minigrad as mg
    >>> pixel_shuffle(mg.tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2).tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]
    """
    batch, channels, height, width, r = _image("pixel_shuffle", "upscale_factor", input, upscale_factor)
    if channels % (r * r):
        raise RuntimeError(f"pixel_shuffle: {channels} channels do not divide into groups of {r} x {r}")
    n = len(batch)
    x = reshape(input, (*batch, channels // (r * r), r, r, height, width))
    x = permute(x, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return reshape(x, (*batch, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """The inverse of `pixel_shuffle`: (..., C, H * r, W * r) becomes (..., C * r * r, H, W).

    Raises
    ------
    RuntimeError
        If height or width is no multiple of r.
    """
    batch, channels, height, width, r = _image("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    if height % r or width % r:
        raise RuntimeError(f"pixel_unshuffle: {height} x {width} pixels do not divide into {r} x {r} blocks")
    n = len(batch)
    x = reshape(input, (*batch, channels, height // r, r, width // r, r))
    x = permute(x, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return reshape(x, (*batch, channels * r * r, height // r, width // r))


def _image(name: str, what: str, input: Any, factor: int) -> tuple[tuple[int, ...], int, int, int, int]:
    if not hasattr(factor, "__index__"):
        raise TypeError(f"{name}: {what} must be an integer, got {factor!r}")
    if factor < 1:
        raise RuntimeError(f"{name}: {what} must be at least 1, got {factor}")
    if input.ndim < 3:
        raise RuntimeError(f"{name}: expected input with at least 3 dimensions, got shape {input.shape}")
    *batch, channels, height, width = input.shape
    return tuple(batch), channels, height, width, factor
