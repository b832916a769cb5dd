"""The gradient that an update gets: the raw one, scaled and regularized, a piece at a time.

An update works through a large tensor in pieces that stay in the processor's cache. If the regularized
gradient were made as a whole first, it would go out to memory and come back; so only the sum that AGR needs
is taken beforehand, and each piece is finished when its turn comes.
"""

from dataclasses import dataclass, replace
from typing import Any

from minigrad.backend import Array, array_module

# Elements of a parameter that are updated together: all arrays of such a piece stay in the CPU's cache
# from the first line of the update to the last, which more than halves the time on large tensors.
PIECE = 1 << 15


@dataclass
class Gradient:
    """`factor * Psi(array)`, with Psi(g) = g (1 - |g| / total) or, without a total, Psi(g) = g.

    Parameters
    ----------
    array : Array
        The raw gradient.
    factor : number or 0-d Array, optional
        -1 to maximize, a clip coefficient; None for 1.
    total : float, optional
        The sum of all |g|. No element may be more than half of it, for then `1 - |g| / total` would cancel.
    pending : bool
        On a GPU: Psi is still to be taken, all of it, by the kernel of the update.
    """

    array: Array
    factor: Any = None
    total: float | None = None
    pending: bool = False

    def scaled(self, factor: Any) -> "Gradient":
        """The same times a number."""
        return replace(self, factor=factor if self.factor is None else self.factor * factor)

    def piece(self, at: slice, out: Array) -> Array:
        """Elements `at` of the flattened gradient: as they are, or finished in `out`."""
        g = self.array[at]
        if self.total is None:
            return g if self.factor is None else array_module(g).multiply(g, self.factor, out=out)
        # alpha = |g| / total;  Psi = g (1 - alpha)
        xp = array_module(g)
        xp.abs(g, out=out)
        out *= -1 / self.total
        out += 1
        out *= g
        if self.factor is not None:
            out *= self.factor
        return out
