"""The arguments of operations that slide a window over images or sequences: convolution, pooling, unfold."""

from collections.abc import Sequence
from typing import Any

from minigrad.backend.conv import Geometry, Sizes
from minigrad.ops.shape import unsqueeze


def sizes(value: Any, dims: int, what: str, name: str, least: int = 0) -> Sizes:
    """`value`, an integer or one for each of the spatial dimensions, as a tuple of `dims` integers.

    Raises
    ------
    RuntimeError
        If there are too many or too few of them, or one is less than `least`.
    TypeError
        If they are no integers.
    """
    given = tuple(value) if isinstance(value, Sequence) else (value,)
    try:
        numbers = tuple([n.__index__() for n in given])
    except AttributeError:
        raise TypeError(f"{name}: {what} must be an integer or {dims} integers, got {value!r}") from None
    if len(numbers) == 1:
        numbers *= dims
    if len(numbers) != dims:
        raise RuntimeError(f"{name}: {what} must be one integer or {dims}, got {value!r}")
    if min(numbers) < least:
        raise RuntimeError(f"{name}: {what} must be at least {least}, got {value!r}")
    return numbers


def with_batch(input: Any, dims: int, name: str) -> tuple[Any, bool]:
    """`input` with a batch dimension, and whether it had one.

    Raises
    ------
    RuntimeError
        If it has neither `dims` + 2 dimensions nor `dims` + 1.
    TypeError
        If it is no tensor.
    """
    if not hasattr(input, "dtype"):
        raise TypeError(f"{name}: expected a tensor, got {type(input).__name__}")
    if input.ndim == dims + 2:
        return input, True
    if input.ndim == dims + 1:
        return unsqueeze(input, 0), False
    count = f"{dims + 2} dimensions (or {dims + 1}, without a batch)"
    raise RuntimeError(f"{name}: expected input with {count}, got shape {input.shape}")


def check_kernel(geometry: Geometry, size: Sizes, kernel: Sizes, name: str) -> None:
    """Refuse an input without pixels, and a kernel that is larger than the padded input.

    Raises
    ------
    RuntimeError
        If there is nothing to slide over, or no position for the kernel.
    """
    if min(size) < 1:
        raise RuntimeError(f"{name}: expected input with pixels, got size {size}")
    if min(geometry.positions(size, kernel)) < 1:
        covered = tuple(d * (k - 1) + 1 for k, d in zip(kernel, geometry.dilation, strict=True))
        padded = tuple(n + sum(pad) for n, pad in zip(size, geometry.padding, strict=True))
        raise RuntimeError(f"{name}: the kernel covers {covered}, more than the padded input has, {padded}")


def windows(
    name: str, size: Sizes, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Sizes, Geometry]:
    """The arguments of a pooling: its kernel, and a geometry with exactly as many positions as asked for.

    Raises
    ------
    RuntimeError
        If an argument is impossible, or does not fit the input.
    """
    dims = len(size)
    kernel = sizes(kernel_size, dims, "kernel_size", name, least=1)
    default = stride is None or (isinstance(stride, Sequence) and len(stride) == 0)
    stride = kernel if default else sizes(stride, dims, "stride", name, least=1)
    before = sizes(padding, dims, "padding", name)
    dilation = sizes(dilation, dims, "dilation", name, least=1)
    covered = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    if any(2 * p > c for p, c in zip(before, covered, strict=True)):
        raise RuntimeError(f"{name}: padding {before} is more than half of what the kernel covers, {covered}")
    geometry = Geometry(stride, tuple((p, p) for p in before), dilation)
    if ceil_mode:  # more padding after the image, for a last window that starts before its end
        after = []
        for n, s, p, c in zip(size, stride, before, covered, strict=True):
            last = -(-(n + 2 * p - c) // s) * s
            after.append((last if last < n + p else last - s) + c - n - p)
        geometry = geometry._replace(padding=tuple(zip(before, after, strict=True)))
    check_kernel(geometry, size, kernel, name)
    return kernel, geometry
