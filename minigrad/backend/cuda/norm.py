"""The kernels of batch norm and layer norm on a GPU; the same functions in `backend/norm.py` explain them.

All arrays have passed `runs_kernels`; rows of channels are those of `channel_rows`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from minigrad.backend.cuda.kernels import FOLDER, THREADS, launch, launch_elementwise
from minigrad.backend.device import Array, array_module

_BATCH_NORM, _LAYER_NORM = FOLDER / "batch_norm.cu", FOLDER / "layer_norm.cu"

# The shift (None: nothing is to be subtracted), the rest of the mean, and the variance, of each channel.
Statistics: TypeAlias = tuple[Array | None, Array, Array]

_COLUMNS, _CHUNK_ROWS = 32, THREADS  # as in columns.cuh


# ---------------------------------------------------------------------- batch norm


def channel_statistics(rows: Array, channels: int) -> Array:
    """The mean of each channel, as the sum of two numbers, and the variance: (3, channels), float64."""
    result: Array = array_module(rows).empty((3, channels))
    sums = _sums(_BATCH_NORM, "moments", rows, channels, (rows,))
    arguments = (rows, sums, np.float64(rows.size / channels), result)
    launch_elementwise(_BATCH_NORM, "statistics", channels, arguments, like=rows)
    return result


def batch_norm(
    rows: Array, parameters: Sequence[Array | None], statistics: Statistics, eps: float, relu: bool
) -> Array:
    """Rows normalized; `parameters` are weight, bias and the rows of a residual."""
    y: Array = array_module(rows).empty_like(rows)
    arguments = (rows, *parameters, *statistics, np.float64(eps), relu, y)
    _launch_on_columns(_BATCH_NORM, "batch_norm", rows, statistics[1].size, arguments)
    return y


def batch_norm_backward(
    g: Array,
    y: Array | None,
    rows: Array,
    weight: Array | None,
    statistics: Statistics,
    training: bool,
    eps: float,
) -> tuple[Array, Array, Array, Array]:
    """The gradients of the rows, of weight, of bias and of a residual, which is g where y is positive."""
    xp, channels = array_module(rows), statistics[1].size
    sums = _sums(_BATCH_NORM, "batch_norm_sums", rows, channels, (g, y, rows, statistics[0]))
    share = channels / rows.size if training else 0.0  # of a single value in the mean
    dx, dweight = xp.empty_like(rows), xp.empty(channels)
    dresidual = g if y is None else xp.empty_like(rows)
    arguments = (g, y, rows, weight, *statistics, sums, np.float64(eps), np.float64(share))
    results = (dx, None if y is None else dresidual, dweight)
    _launch_on_columns(_BATCH_NORM, "batch_norm_dx", rows, channels, (*arguments, *results))
    return dx, dweight, sums[0], dresidual


# ---------------------------------------------------------------------- layer norm


def layer_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, tuple[Array, Array]]:
    """Rows normalized, and the mean and `1 / sqrt(variance + eps)` of each."""
    xp = array_module(x)
    y, (mean, inverse) = xp.empty_like(x), xp.empty((2, len(x)), x.dtype)
    _launch_on_rows("layer_norm", x, (x, weight, bias, eps, y, mean, inverse))
    return y, (mean, inverse)


def layer_norm_backward(
    g: Array, kept: tuple[Array, Array], x: Array, weight: Array | None
) -> tuple[Array, Array, Array]:
    """The gradients of x, weight and bias."""
    dx: Array = array_module(x).empty_like(x)
    _launch_on_rows("layer_norm_dx", x, (g, x, weight, *kept, dx))
    dbias, dweight = _sums(_LAYER_NORM, "layer_norm_sums", x, x.shape[1], (g, x, *kept))
    return dx, dweight, dbias


# ---------------------------------------------------------------------- launches


def _launch_on_rows(name: str, x: Array, arguments: tuple[Any, ...]) -> None:
    """About 4 elements for each thread, if that is a power of two of threads and fits a block."""
    count, width = x.shape
    lanes = min(THREADS, 1 << max(0, (width - 1).bit_length() - 2))
    blocks = -(-count // (THREADS // lanes))
    launch(_LAYER_NORM, name, blocks, (np.int64(count), np.int32(width), np.int32(lanes), *arguments), like=x)


def _launch_on_columns(file: Path, name: str, rows: Array, channels: int, arguments: tuple[Any, ...]) -> None:
    count, width = rows.shape
    blocks = -(-width // _COLUMNS) * -(-count // _CHUNK_ROWS)
    launch(file, name, blocks, (np.int64(count), np.int32(width), np.int32(channels), *arguments), like=rows)


def _sums(file: Path, name: str, rows: Array, channels: int, arguments: tuple[Any, ...]) -> Array:
    """The two sums that a kernel makes of each channel: (2, channels), float64."""
    count, width = rows.shape
    parts = array_module(rows).empty((2, -(-count // _CHUNK_ROWS), width))
    _launch_on_columns(file, name, rows, channels, (*arguments, parts))
    sums: Array = parts.reshape(2, -1, channels).sum(1)
    return sums
