"""From samples to batches, and from arrays to Tensors: the two ends of the data loader's conveyor belt.

In between, everything is a raw array, so that no sample pays for becoming a Tensor on its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.backend import Array, array_module, is_array, to_device
from minigrad.dtypes import get_default_dtype
from minigrad.tensor import Tensor


def default_collate(samples: Sequence[Any]) -> Any:
    """Put samples of one kind together into one batch, along a new first axis.

    Parameters
    ----------
    samples : sequence
        Numbers, arrays or Tensors of equal shape; or tuples, lists and dicts of these, nested as deep as
        they like. Strings are not stacked but listed.

    Returns
    -------
    batch
        Of the same structure, with raw arrays as leaves; `DataLoader` turns these into Tensors. Python
        floats become minigrad's default dtype, as in `minigrad.tensor` (PyTorch makes them float64 here).

    Raises
    ------
    TypeError
        If a sample holds something that cannot be stacked.
    RuntimeError
        If samples differ in shape, or tuples in length.

    Examples
    --------
    >>> default_collate([(1.5, "a"), (2.5, "b")])
    (array([1.5, 2.5], dtype=float32), ['a', 'b'])
    """
    first = samples[0]
    if isinstance(first, Tensor):
        return _stack([sample.data for sample in samples])
    if is_array(first) or isinstance(first, np.generic):
        return _stack(samples)
    if isinstance(first, (bool, int, float)):
        numbers = np.asarray(samples)
        return numbers.astype(get_default_dtype()) if numbers.dtype == np.float64 else numbers
    if isinstance(first, (str, bytes)):
        return list(samples)
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (tuple, list)):
        if len({len(sample) for sample in samples}) > 1:
            raise RuntimeError("default_collate: the samples of a batch hold different numbers of elements")
        return _like(first, [default_collate(column) for column in zip(*samples, strict=True)])
    raise TypeError(
        "default_collate: a batch can be made of numbers, arrays, Tensors, strings, tuples, lists and dicts, "
        f"but a sample holds {type(first).__name__}; give DataLoader a collate_fn that knows how"
    )


def gather(dataset: Any, indices: Array) -> Any:
    """The batch of the samples at `indices`, by the dataset's own fast path if it has one."""
    if hasattr(dataset, "__getitems__"):
        return dataset.__getitems__(indices)
    return default_collate([dataset[index] for index in indices.tolist()])


def as_tensors(batch: Any, device: str | None = None) -> Any:
    """The batch with every array in it as a Tensor, on `device` unless that is None."""
    if is_array(batch) or isinstance(batch, Tensor):
        array = batch.data if isinstance(batch, Tensor) else batch
        return Tensor(array if device is None else to_device(array, device))
    if isinstance(batch, Mapping):
        return {key: as_tensors(value, device) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        return _like(batch, [as_tensors(value, device) for value in batch])
    return batch


def _stack(arrays: Sequence[Array]) -> Array:
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise RuntimeError(
            f"default_collate: samples of shapes {shapes[0]} and {shapes[1]} do not stack into one batch; "
            "make them equal in the dataset, or give DataLoader a collate_fn"
        )
    return array_module(*arrays).stack(arrays)  # type: ignore[no-any-return]


def _like(model: tuple[Any, ...] | list[Any], values: list[Any]) -> Any:
    """The values as whatever `model` is: a list, a tuple or a namedtuple."""
    return type(model)(*values) if hasattr(model, "_fields") else type(model)(values)
