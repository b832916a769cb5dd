"""Tensors from nothing: filled, counted and drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module, to_device
from minigrad.dtypes import as_dtype, get_default_dtype, is_floating
from minigrad.random import Generator, random_array, rng_of
from minigrad.tensor import Tensor

__all__ = [
    "arange", "empty", "eye", "full", "full_like", "linspace", "ones", "ones_like", "rand", "rand_like",
    "randint", "randn", "randn_like", "randperm", "zeros", "zeros_like",
]  # fmt: skip


def _shape(size: tuple[Any, ...], name: str) -> tuple[int, ...]:
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    if not all(isinstance(n, (int, np.integer)) and n >= 0 for n in size):
        raise TypeError(f"{name}: a shape is made of non-negative integers, got {size}")
    return tuple(int(n) for n in size)


def _made(array: Any, dtype: Any, device: str | None, requires_grad: bool) -> Tensor:
    array = np.asarray(array).astype(as_dtype(dtype), copy=False)
    return Tensor(to_device(array, device or "cpu"), requires_grad)


def zeros(*size: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros.

    Examples
    --------
    >>> zeros(2, 3).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return _made(np.zeros(_shape(size, "zeros")), dtype or get_default_dtype(), device, requires_grad)


def ones(*size: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return _made(np.ones(_shape(size, "ones")), dtype or get_default_dtype(), device, requires_grad)


def empty(*size: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor whose values are to be overwritten; here they are zeros, so that a run repeats."""
    return zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def full(
    size: Sequence[int] | int,
    fill_value: float,
    *,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor filled with one value, of the dtype that Python number has here."""
    shape = _shape((size,), "full")
    return _made(np.full(shape, fill_value), dtype or _python_dtype(fill_value), device, requires_grad)


def arange(
    start: float,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from `start` (0 if only one bound is given) up to, not including, `end`.

    Raises
    ------
    RuntimeError
        If `step` is zero or leads away from `end`.

    Examples
    --------
    >>> arange(3).tolist(), arange(1.0, 2.0, 0.5).tolist()
    ([0, 1, 2], [1.0, 1.5])
    """
    if end is None:
        start, end = 0, start
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(f"arange: from {start} to {end} there is no step of {step}")
    inferred = (
        get_default_dtype() if any(isinstance(n, float) for n in (start, end, step)) else np.dtype(np.int64)
    )
    return _made(np.arange(start, end, step), dtype or inferred, device, requires_grad)


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` evenly spaced numbers from `start` to `end`, both included."""
    return _made(np.linspace(start, end, steps), dtype or get_default_dtype(), device, requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """A matrix with ones on the diagonal and zeros elsewhere."""
    return _made(np.eye(n, m), dtype or get_default_dtype(), device, requires_grad)


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Random numbers, uniform in [0, 1)."""
    return _drawn("random", size, generator, dtype, device, requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Random numbers from the standard normal distribution.

    Examples
    --------
    >>> import minigrad as mg
    >>> _ = mg.manual_seed(0)
    >>> mg.randn(2, 3).shape
    (2, 3)
    """
    return _drawn("standard_normal", size, generator, dtype, device, requires_grad)


def _drawn(
    draw: str,
    size: tuple[Any, ...],
    generator: Generator | None,
    dtype: Any,
    device: str | None,
    requires_grad: bool,
) -> Tensor:
    dtype = as_dtype(dtype or get_default_dtype())
    if not is_floating(dtype):
        raise RuntimeError(f"random numbers of dtype {dtype.name} are drawn with randint")
    return Tensor(random_array(draw, _shape(size, draw), dtype, device or "cpu", generator), requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = np.int64,
    device: str | None = None,
) -> Tensor:
    """Random integers from `low` (0 if left out) to `high - 1`.

    Parameters
    ----------
    low, high : int
    size : sequence of int
        Called as `randint(high, size)` or `randint(low, high, size)`.
    """
    if size is None:
        low, high, size = 0, low, high
    if not low < high:
        raise RuntimeError(f"randint: expected low < high, got {low} and {high}")
    return _made(rng_of(generator).integers(low, high, _shape((size,), "randint")), dtype, device, False)


def randperm(n: int, *, generator: Generator | None = None, device: str | None = None) -> Tensor:
    """The integers from 0 to n - 1 in random order."""
    return _made(rng_of(generator).permutation(n), np.int64, device, False)


def _like(name: str, input: Any, dtype: Any, device: str | None, **options: Any) -> Array:
    array = input.data if isinstance(input, Tensor) else input
    made = getattr(array_module(array), name)(array, dtype=as_dtype(dtype or array.dtype), **options)
    return made if device is None else to_device(made, device)


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Zeros with the shape, dtype and device of `input`."""
    return Tensor(_like("zeros_like", input, dtype, device), requires_grad)


def ones_like(
    input: Tensor, *, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Ones with the shape, dtype and device of `input`."""
    return Tensor(_like("ones_like", input, dtype, device), requires_grad)


def full_like(
    input: Tensor,
    fill_value: float,
    *,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """One value with the shape, dtype and device of `input`."""
    return Tensor(_like("full_like", input, dtype, device, fill_value=fill_value), requires_grad)


def rand_like(input: Tensor, *, generator: Generator | None = None, requires_grad: bool = False) -> Tensor:
    """Uniform random numbers with the shape, dtype and device of `input`."""
    return _drawn("random", input.shape, generator, input.dtype, input.device, requires_grad)


def randn_like(input: Tensor, *, generator: Generator | None = None, requires_grad: bool = False) -> Tensor:
    """Normal random numbers with the shape, dtype and device of `input`."""
    return _drawn("standard_normal", input.shape, generator, input.dtype, input.device, requires_grad)


def _python_dtype(value: Any) -> Any:
    if isinstance(value, bool):
        return np.dtype(bool)
    return np.dtype(np.int64) if isinstance(value, int) else get_default_dtype()
