"""Moving tensors between dtypes and devices, and copying them; gradients travel back the same way."""

import builtins
from typing import Any

import numpy as np

from minigrad.backend import Array, device_of, to_device
from minigrad.dtypes import as_dtype
from minigrad.engine import primitive
from minigrad.ops.operands import cast
from minigrad.tensor import Tensor


@primitive(x=lambda g: g)
def _clone(x: Array) -> Array:
    return x.copy(order="K")  # channels-last memory stays channels-last


@primitive(x=lambda g, source: _move(g, source, source))
def _move(x: Array, device: str, source: str) -> Array:
    return to_device(x, device)


def clone(input: Tensor) -> Tensor:
    """A copy that shares no memory with `input`; gradients flow through."""
    return _clone(input)  # type: ignore[no-any-return]


def to(
    input: Tensor,
    *target: Any,
    dtype: Any = None,
    device: str | None = None,
    copy: builtins.bool = False,  # `bool` is the method below
) -> Tensor:
    """The tensor in another dtype and/or on another device; itself if nothing changes.

    Parameters
    ----------
    input : Tensor
    *target : dtype, device or Tensor
        For example `x.to("float64")`, `x.to("cuda")`, `x.to(other)`.
    dtype : dtype, optional
    device : str, optional
    copy : bool
        Copy even if nothing changes.

    Raises
    ------
    TypeError
        If a target is none of these.
    """
    for item in target:
        if isinstance(item, Tensor):
            dtype, device = item.dtype, item.device
        elif isinstance(item, str) and item.partition(":")[0] in ("cpu", "cuda"):
            device = item
        else:
            try:
                dtype = as_dtype(item)
            except TypeError:
                raise TypeError(f"to: expected a dtype, a device or a tensor, got {item!r}") from None
    result = input
    if device is not None:
        index = "cuda:0" if device == "cuda" else device
        if index != input.device:
            result = _move(result, device, device_of(input.data))
    if dtype is not None:
        result = cast(result, as_dtype(dtype))
    return clone(input) if copy and result is input else result


def cpu(input: Tensor) -> Tensor:
    """The tensor on the CPU."""
    return to(input, "cpu")


def cuda(input: Tensor, device: builtins.int = 0) -> Tensor:
    """The tensor on GPU number `device`."""
    return to(input, f"cuda:{device}")


def float(input: Tensor) -> Tensor:
    """The tensor in float32."""
    return cast(input, np.dtype(np.float32))  # type: ignore[no-any-return]


def double(input: Tensor) -> Tensor:
    """The tensor in float64."""
    return cast(input, np.dtype(np.float64))  # type: ignore[no-any-return]


def half(input: Tensor) -> Tensor:
    """The tensor in float16."""
    return cast(input, np.dtype(np.float16))  # type: ignore[no-any-return]


def bfloat16(input: Tensor) -> Tensor:
    """The tensor in bfloat16."""
    return cast(input, as_dtype("bfloat16"))  # type: ignore[no-any-return]


def long(input: Tensor) -> Tensor:
    """The tensor in int64."""
    return cast(input, np.dtype(np.int64))  # type: ignore[no-any-return]


def int(input: Tensor) -> Tensor:
    """The tensor in int32."""
    return cast(input, np.dtype(np.int32))  # type: ignore[no-any-return]


def bool(input: Tensor) -> Tensor:
    """The tensor as booleans: whether each element is not zero."""
    return cast(input, np.dtype(np.bool_))  # type: ignore[no-any-return]


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of `other`."""
    return cast(input, other.dtype)  # type: ignore[no-any-return]
