"""Element-wise functions of many passes, in blocks that stay in a core's cache: many passes, one over memory.

Passes write into arrays that are there already, and constants are arrays too: on blocks of this size, a new
array costs as much as a pass, and a Python number a twentieth.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.backend.device import Array, array_module

_BLOCK = 1 << 15  # elements


def in_blocks(inputs: Sequence[Array], outputs: Sequence[Array]) -> Iterator[tuple[tuple[Array, ...], Array]]:
    """Matching 1-d pieces of arrays of one shape, whatever their layouts, and room for one more.

    The outputs are to be written.
    """
    xp = array_module(*inputs)
    if xp is not np:  # a GPU has no such cache
        yield (*inputs, *outputs), xp.empty_like(outputs[0])
        return
    access: Any = [["readonly"]] * len(inputs) + [["writeonly"]] * len(outputs)
    flags: Any = ["external_loop", "buffered", "zerosize_ok"]
    scratch = np.empty(min(_BLOCK, outputs[0].size), outputs[0].dtype)
    with np.nditer([*inputs, *outputs], flags, access, buffersize=_BLOCK) as blocks:
        for pieces in blocks:
            yield pieces, scratch[: pieces[0].size]
