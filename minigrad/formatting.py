"""How a tensor prints, in a terminal and in a notebook."""

import html
from typing import Literal

import numpy as np

from minigrad.backend import Array
from minigrad.backend.half import wide
from minigrad.dtypes import is_floating
from minigrad.tensor import Tensor


def tensor_repr(tensor: Tensor) -> str:
    """The values as PyTorch prints them, with what is not the default: dtype, device, gradient.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.tensor([[1.0, 2.0], [3.0, 4.5]], requires_grad=True)
    tensor([[1.0000, 2.0000],
            [3.0000, 4.5000]], requires_grad=True)
    """
    name = "Parameter" if type(tensor).__name__ == "Parameter" else "tensor"
    array = wide(tensor.numpy())  # bfloat16 has no formats of its own
    values = np.array2string(
        array,
        separator=", ",
        precision=4,
        threshold=1000,
        edgeitems=3,
        prefix=f"{name}(",
        floatmode=_floatmode(array),
    )
    parts = [values]
    if array.size == 0:
        parts.append(f"shape={array.shape}")
    if tensor.dtype.name not in ("float32", "int64", "bool"):
        parts.append(f"dtype={tensor.dtype.name}")
    if tensor.device != "cpu":
        parts.append(f"device={tensor.device!r}")
    if tensor.grad_fn is not None:
        parts.append(f"grad_fn=<{tensor.grad_fn}>")
    elif tensor.requires_grad and name == "tensor":
        parts.append("requires_grad=True")
    return f"{name}({', '.join(parts)})"


def _floatmode(array: Array) -> Literal["fixed", "maxprec"]:
    """Four decimals for all, unless all are whole numbers: then none, as PyTorch does."""
    whole = not is_floating(array.dtype) or bool((np.isfinite(array) & (array == np.rint(array))).all())
    return "maxprec" if whole else "fixed"


def tensor_html(tensor: Tensor) -> str:
    """A small table of the values for notebooks: up to two dimensions as rows and columns, more as text."""
    kind = f"{tensor.dtype.name} tensor, shape {tuple(tensor.shape)}, on {tensor.device}"
    if tensor.requires_grad:
        kind += f", from {tensor.grad_fn}" if tensor.grad_fn else ", requires a gradient"
    array = np.atleast_1d(tensor.numpy())
    if array.ndim > 2 or max(array.shape) > 12 or array.size == 0:
        return f"<div><small>{html.escape(kind)}</small><pre>{html.escape(tensor_repr(tensor))}</pre></div>"
    rows = "".join(
        "<tr>" + "".join(f"<td>{value:.4g}</td>" for value in row) + "</tr>"
        for row in np.atleast_2d(array).tolist()
    )
    return f"<div><small>{html.escape(kind)}</small><table>{rows}</table></div>"
