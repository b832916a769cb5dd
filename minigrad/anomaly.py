"""Anomaly mode: find the operation, and the user's line, where the first NaN arises."""

import linecache
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minigrad.backend import Array, array_module, is_array, to_numpy
from minigrad.dtypes import is_floating
from minigrad.graph import Node, mode
from minigrad.mutation import arrays_in

_PACKAGE = str(Path(__file__).parent)
_checksums: "WeakKeyDictionary[Node, int]" = WeakKeyDictionary()


class detect_anomaly:
    """Inside, refuse the first NaN of a forward or backward pass, naming the operation and its line.

    It also notices saved arrays that were overwritten behind the library's back (`x.data[0] = 1`).
    Everything is checked, so it is slow: for debugging only.

    Raises
    ------
    RuntimeError
        In the forward pass, by an operation whose result has a NaN although its inputs have none; in the
        backward pass, by an operation whose derivative makes one.
    """

    def __enter__(self) -> None:
        self._before = mode.anomaly
        mode.anomaly = True

    def __exit__(self, *_: object) -> None:
        mode.anomaly = self._before


def check_forward(name: str, inputs: Iterable[Any], y: Array, node: Node | None) -> None:
    """Raise if `y` is the first value with a NaN; otherwise note on the node where it was made."""
    line = _users_line()
    if _has_nan(y) and not any(_has_nan(value) for value in inputs):
        raise RuntimeError(f"{name} made the first NaN, in the forward pass, at {line}")
    if node is not None:
        node.made_at = line
        _checksums[node] = _checksum(node)


def check_backward(node: Node, g: Any, gradients: Any) -> None:
    """Raise if the derivative of `node` made a NaN of a gradient that had none, or ran on changed values."""
    line = getattr(node, "made_at", "an unknown line (anomaly mode was off in the forward pass)")
    if node in _checksums and _checksums[node] != _checksum(node):
        raise RuntimeError(
            f"{node.primitive.name}: an array that its derivative needs was overwritten "
            f"after the forward pass, at {line}"
        )
    parts = getattr(g, "parts", None)  # of a user's Function with its outputs
    given = [g] if parts is None else list(parts.values())
    if not any(_has_nan(part) for part in given) and any(_has_nan(gradient) for gradient in gradients):
        raise RuntimeError(
            f"the derivative of {node.primitive.name} made the first NaN, in the backward pass; "
            f"the operation ran at {line}"
        )


def _checksum(node: Node) -> int:
    total = 0
    for array in arrays_in(node.saved):
        total = zlib.crc32(np.ascontiguousarray(to_numpy(array)).view(np.uint8).data, total)
    return total


def _has_nan(value: Any) -> bool:
    array = getattr(value, "data", value) if not is_array(value) else value
    if not is_array(array) or not is_floating(array.dtype):
        return False
    return bool(array_module(array).isnan(array).any())


def _users_line() -> str:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    name, number = frame.f_code.co_filename, frame.f_lineno
    return f"{name}:{number}: {linecache.getline(name, number).strip()}"
