"""One launch for a whole list of tensors, as `multi_tensor_apply` of NVIDIA's apex and PyTorch does it.

A network has many small tensors. A launch for each would cost more than the arithmetic, so a kernel gets two
tables in the GPU's memory: a row for each tensor, with its size and the addresses of its arrays, and for each
block the chunk that it works on. The C side of this file is `multi_tensor.cuh`.
"""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.backend.cuda.kernels import CHUNK, launch
from minigrad.backend.device import Array, array_module


def chunk_count(array: Array) -> int:
    """How many blocks work on an array."""
    return -(-array.size // CHUNK)


class TensorTable:
    """The tables of a launch.

    Parameters
    ----------
    rows : sequence of sequence
        For each tensor what the kernel is to find: arrays, which stand there as addresses; None, as a null
        pointer; or whole numbers. The first is an array, and its size that of the tensor.

    Notes
    -----
    An address keeps no array alive: the rows do, until the launch is made. Memory that is given back after it
    goes to later work of the same stream, and so not before the kernel is through with it.
    """

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self.rows = rows
        self.like: Array = rows[0][0]
        self.chunks = [chunk_count(row[0]) for row in rows]

    def launch(self, file: Path, name: str, arguments: tuple[Any, ...]) -> None:
        """Run a kernel with a block for each chunk; it gets the tables of rows and of chunks first."""
        if sum(self.chunks):
            layout = (len(self.rows[0]) + 1, *self.chunks)
            tables = self._sent(_row_table, self._content()), self._sent(_chunk_table, layout)
            launch(file, name, sum(self.chunks), (*tables, *arguments), self.like)

    def launch_per_tensor(self, file: Path, name: str, arguments: tuple[Any, ...]) -> None:
        """Run a kernel with a block for each tensor; it gets the table of rows first."""
        launch(file, name, len(self.rows), (self._sent(_row_table, self._content()), *arguments), self.like)

    def _content(self) -> tuple[tuple[int, ...], ...]:
        def entry(value: Any) -> int:
            return value.data.ptr if isinstance(value, type(self.like)) else int(value or 0)  # type: ignore

        return tuple((row[0].size, *map(entry, row)) for row in self.rows)

    def _sent(self, make: Callable[[Any], Array], content: tuple[Any, ...]) -> Array:
        xp, index = array_module(self.like), self.like.device.id  # type: ignore[attr-defined]
        with xp.cuda.Device(index):
            return _sent(make, content, xp, index, xp.cuda.get_current_stream().ptr)


@functools.lru_cache(maxsize=256)
def _sent(make: Callable[[Any], Array], content: Any, xp: Any, index: int, stream: int) -> Array:
    """A table on the GPU: sent once, while the addresses stay the same, for each stream that uses it."""
    table: Array = xp.asarray(make(content))
    return table


def _row_table(rows: tuple[tuple[int, ...], ...]) -> Array:
    return np.array(rows, np.int64)


def _chunk_table(layout: tuple[int, ...]) -> Array:
    """For each block where its row begins in the table of rows, and which of the tensor's chunks it is."""
    columns, *chunks = layout
    tensors = np.repeat(np.arange(len(chunks)), chunks)
    first = np.cumsum(chunks) - chunks
    return np.stack([tensors * columns, np.arange(len(tensors)) - first[tensors]], 1).astype(np.int32)
