"""Randomness from explicit generators.

Every device sees one stream: numbers are drawn with NumPy and moved, so a run gives the same losses on a CPU
and (up to rounding) on a GPU.
"""

from typing import Any

import numpy as np

from minigrad.backend import Array, to_device


class Generator:
    """A source of random numbers whose state can be saved and restored.

    Parameters
    ----------
    seed : int, optional
        Without one, it is seeded by the operating system.

    Attributes
    ----------
    rng : numpy.random.Generator
        What numbers are drawn with.
    device : str
        Always 'cpu': see the module's text.

    Examples
    --------
    >>> generator = Generator(0)
    >>> state = generator.get_state()
    >>> first = generator.rng.random()
    >>> generator.set_state(state)
    >>> generator.rng.random() == first
    True
    """

    device = "cpu"

    def __init__(self, seed: int | None = None) -> None:
        self.rng = np.random.Generator(np.random.PCG64(seed))

    def manual_seed(self, seed: int) -> "Generator":
        """Start the stream that belongs to `seed`, and return the generator."""
        self.rng.bit_generator.state = np.random.PCG64(seed).state
        return self

    def get_state(self) -> dict[str, Any]:
        """The state as a JSON-able dictionary."""
        return dict(self.rng.bit_generator.state)

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a state that `get_state` gave.

        Raises
        ------
        ValueError
            If `state` is not such a dictionary.
        """
        try:
            self.rng.bit_generator.state = state
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"set_state: this is not the state of a minigrad Generator ({error!r})"
            ) from None


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, so that a run repeats bit for bit, and return it."""
    return default_generator.manual_seed(seed)


def rng_of(generator: Generator | None) -> np.random.Generator:
    """The NumPy generator to draw from: the given one's, or the default one's.

    Raises
    ------
    TypeError
        If `generator` is neither None nor a Generator.
    """
    if generator is None:
        return default_generator.rng
    if not isinstance(generator, Generator):
        raise TypeError(f"generator must be a minigrad Generator or None, got {type(generator).__name__}")
    return generator.rng


def random_array(
    draw: str, shape: tuple[int, ...], dtype: Any, device: str, generator: Generator | None
) -> Array:
    """An array of `draw` = 'random' (uniform in [0, 1)) or 'standard_normal' numbers.

    float64 numbers come from the float64 stream, all others from the float32 one.
    """
    dtype = np.dtype(dtype)
    drawn = getattr(rng_of(generator), draw)(shape, np.float64 if dtype == np.float64 else np.float32)
    return to_device(np.asarray(drawn).astype(dtype, copy=False), device)
