"""Images seen as wide rows in which the channels come last and repeat.

Work on each channel, such as adding a bias, then runs through rows of about 1024 numbers instead of through
16 channels at a time: NumPy's inner loops are as fast as they are long. Blocks of rows of 256 KB stay in a
core's cache from one pass to the next.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.backend.device import Array, array_module
from minigrad.backend.half import wide

_BLOCK = 1 << 16  # elements
_WIDTH = 1024  # elements in a row of channels


def row_blocks(rows: Array, size: int = _BLOCK) -> Iterator[slice]:
    """Slices of `rows` of about `size` elements each; on a GPU one for all, since there calls cost more."""
    step = max(1, size // max(1, rows.shape[1])) if array_module(rows) is np else max(1, len(rows))
    return (slice(start, start + step) for start in range(0, len(rows), step))


def images_of(example: Array, size: Sequence[int], value: float, dtype: Any = None) -> Array:
    """Channels-last images full of `value`, like `example` but of another height and width (and dtype)."""
    xp = array_module(example)
    result = xp.full((len(example), *size, example.shape[1]), value, dtype or example.dtype)
    return xp.moveaxis(result, -1, 1)  # type: ignore[no-any-return]


def channel_rows(x: Array) -> Array:
    """`x` (N, C, ...) as rows of C channels repeated up to a width of 1024; no copy if memory is such."""
    channels = x.shape[1]
    last: Array = array_module(x).ascontiguousarray(x.transpose(0, *range(2, x.ndim), 1))
    repeats = range(max(1, _WIDTH // channels), 0, -1)
    return last.reshape(-1, channels * next(n for n in repeats if last.size // channels % n == 0))


def from_channel_rows(rows: Array, shape: Sequence[int]) -> Array:
    """The array of shape (N, C, ...), in channels-last memory, whose `channel_rows` these are."""
    last = rows.reshape(shape[0], *shape[2:], shape[1])
    return last.transpose(0, last.ndim - 1, *range(1, last.ndim - 1))


def tiled(values: Array | None, rows: Array) -> Array | None:
    """Values of the channels as one row."""
    if values is None:
        return None
    row: Array = array_module(rows).tile(values.astype(rows.dtype), rows.shape[1] // len(values))
    return row


def per_channel(sums: Array, channels: int) -> Array:
    """Rows of sums over columns, added up over the repeats of each channel."""
    result: Array = sums.reshape(len(sums), -1, channels).sum(1)
    return result


def add_to_channels(y: Array, values: Array) -> Array:
    """`y` (N, C, ...) with a number added to each channel, in its own memory if that is channels-last."""
    if y.size == 0:
        return y
    rows = channel_rows(y)
    row = tiled(values, rows)
    for block in row_blocks(rows):
        rows[block] += row
    return from_channel_rows(rows, y.shape)


def channel_sums(x: Array) -> Array:
    """The sum of each channel of `x` (N, C, ...)."""
    xp = array_module(x)
    if x.size == 0:
        return xp.zeros(x.shape[1], x.dtype)  # type: ignore[no-any-return]
    rows = channel_rows(wide(x))
    sums = xp.zeros((1, rows.shape[1]), xp.float64)
    for block in row_blocks(rows):
        sums[0] += xp.ones(len(rows[block]), rows.dtype) @ rows[block]
    return per_channel(sums, x.shape[1])[0].astype(x.dtype)  # type: ignore[no-any-return]
