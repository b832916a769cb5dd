"""Convolution by cuDNN, in float32, float16 and bfloat16: the three operations of `minigrad.backend.conv`.

They return None where cuDNN is not there or does not know how; its twins there are for all the rest. Images
and kernels are channels-last in memory, as they are there.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backend import cudnn, winograd
from minigrad.backend.device import Array, array_module
from minigrad.backend.precision import get_float32_matmul_precision

if TYPE_CHECKING:
    from minigrad.backend.conv import Geometry, Sizes

_WINOGRAD = ("WINOGRAD", "WINOGRAD_TILE_4x4", "WINOGRAD_TILE_6x6", "WINOGRAD_TILE_13x13")


def correlate(x: Array, w: Array, geometry: "Geometry") -> Array | None:
    """The convolution of x with w."""
    if not _worth_asking(x, w, geometry):
        return None
    shape = (len(x), len(w), *geometry.positions(x.shape[2:], w.shape[2:]))
    return _computed("conv_fprop", {"image": x, "weight": w}, shape, geometry)


def input_gradient(g: Array, w: Array, size: "Sizes", geometry: "Geometry") -> Array | None:
    """The gradient by the input, whose height and width are `size`."""
    if not _worth_asking(g, w, geometry):
        return None
    shape = (len(g), w.shape[1] * geometry.groups, *size)
    return _computed("conv_dgrad", {"loss": g, "filter": w}, shape, geometry)


def weight_gradient(x: Array, g: Array, kernel: "Sizes", geometry: "Geometry") -> Array | None:
    """The gradient by the weight, whose height and width are `kernel`."""
    if not _worth_asking(x, g, geometry):
        return None
    shape = (g.shape[1], x.shape[1] // geometry.groups, *kernel)
    return _computed("conv_wgrad", {"image": x, "loss": g}, shape, geometry)


def _worth_asking(a: Array, b: Array, geometry: "Geometry") -> bool:
    """Whether these are arrays on a GPU, of a type for which cuDNN is there, and nothing is cropped."""
    return (
        array_module(a) is not np
        and a.dtype.name in cudnn.TYPES
        and a.dtype == b.dtype
        and min(a.size, b.size) > 0
        and min(min(pad) for pad in geometry.padding) >= 0
        and cudnn.library()[0] is not None
    )


def _computed(
    operation: str, operands: Mapping[str, Array], shape: "Sizes", geometry: "Geometry"
) -> Array | None:
    """The result, of this shape. How many groups there are, cuDNN sees from the numbers of channels."""
    x: Any = next(iter(operands.values()))
    before, after = zip(*geometry.padding, strict=True)
    arguments = {
        "pre_padding": before,
        "post_padding": after,
        "stride": geometry.stride,
        "dilation": geometry.dilation,
    }
    dtype = x.dtype.name
    forms = {name: _channels_last_form(a.shape, dtype) for name, a in operands.items()}
    result = _channels_last_form(shape, dtype)
    plan = cudnn.plan(operation, forms, [result], arguments, x.device, _forbidden(dtype))
    if plan is None:
        return None
    n, c, height, width = shape
    y = array_module(x).empty((n, height, width, c), x.dtype)
    cudnn.execute(plan, [*(_channels_last(a) for a in operands.values()), y])
    return y.transpose(0, 3, 1, 2)  # type: ignore[no-any-return]


def _forbidden(dtype: str) -> tuple[str, ...]:
    """What would cost digits that nobody has given away."""
    notes: tuple[str, ...] = ("DOWN_CONVERT_INPUTS", "REDUCED_PRECISION_REDUCTION")
    if dtype == "float32" and get_float32_matmul_precision() == "highest":
        notes += ("TENSOR_CORE",)  # they would round float32 to TF32
    return notes if winograd.allowed else notes + _WINOGRAD


def _channels_last_form(shape: "Sizes", dtype: str) -> cudnn.Form:
    _, c, height, width = shape
    return cudnn.Form(tuple(shape), (height * width * c, 1, width * c, c), dtype)


def _channels_last(x: Array) -> Array:
    """In memory as the form says. For a 1x1 kernel, and where channels-last images came in, this is x."""
    return cudnn.aligned(array_module(x).ascontiguousarray(x.transpose(0, 2, 3, 1)))  # type: ignore[no-any-return]
