"""From one dtype to another, with the gradient on its way back."""

from typing import Any

from minigrad.backend import Array
from minigrad.engine import finished, primitive
from minigrad.tensor import Tensor


@primitive(x=lambda g: g)
def _cast(x: Array, dtype: Any) -> Array:
    # The engine casts every gradient to the dtype of the value it belongs to.
    return x.astype(dtype)


def cast(input: Any, dtype: Any) -> Any:
    """`input` (array or Tensor) in another dtype; itself if it has it already."""
    return input if input.dtype == dtype else _cast(input, dtype)


def as_cast(input: Tensor, array: Array) -> Tensor:
    """`cast` to the dtype of `array`, which is what comes out."""
    return finished(_cast, (input.data, array.dtype), (input._node,), array)  # type: ignore[arg-type]
