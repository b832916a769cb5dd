"""Datasets: anything with a length and samples that are reached by index."""

import math
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from minigrad.backend import Array, to_device
from minigrad.data.collate import gather
from minigrad.random import Generator, rng_of
from minigrad.tensor import Tensor


@runtime_checkable
class Indexable(Protocol):
    """What the data loader needs of a dataset; a plain list has it too."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


class Dataset:
    """The base of datasets: subclasses define `__len__` and `__getitem__`.

    A dataset that can fetch many samples at once, faster than one by one, also defines
    `__getitems__(indices)`. It gets an int64 array and returns the finished batch: the arrays of the
    samples already stacked, for example `(images, labels)`.
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__: the number of its samples")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__: the sample at an index")


class TensorDataset(Dataset):
    """Tensors side by side: sample i is the tuple of their i-th entries.

    Parameters
    ----------
    *tensors : Tensor or array, (N, ...)
        All with the same first axis.

    Raises
    ------
    ValueError
        If there are none, or their first axes differ.

    Examples
    --------
    >>> pairs = TensorDataset(np.array([[1.0], [2.0]]), np.array([10, 20]))
    >>> len(pairs), pairs[1][1].item()
    (2, 20)
    """

    def __init__(self, *tensors: Tensor | Array) -> None:
        self.tensors = tuple(t if isinstance(t, Tensor) else Tensor(t) for t in tensors)
        shapes = [t.shape for t in self.tensors]
        if not shapes or () in shapes or len({shape[0] for shape in shapes}) > 1:
            raise ValueError(f"TensorDataset: expected tensors with the same first axis, got shapes {shapes}")

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(Tensor(t.data[index]) for t in self.tensors)

    def __getitems__(self, indices: Array) -> tuple[Array, ...]:
        return tuple(t.data[to_device(indices, t.device)] for t in self.tensors)


class ImageDataset(Dataset):
    """Labelled images in memory.

    Attributes
    ----------
    images : array, uint8 (N, C, H, W)
    labels : array, int64 (N,)
    classes : tuple of str
        The name of each label.
    mean, std : tuple of float
        Of each channel over the training images, scaled to [0, 1]: what `transforms.Normalize` takes.
    """

    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __init__(self, images: Array, labels: Array) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Array, int]:
        return self.images[index], int(self.labels[index])

    def __getitems__(self, indices: Array) -> tuple[Array, Array]:
        return self.images[indices], self.labels[indices]

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.images.shape[1:]))
        return f"{type(self).__name__}({len(self)} images of {shape}, {len(self.classes)} classes)"


class Subset(Dataset):
    """Some samples of another dataset.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int
        Which samples, in which order.

    Raises
    ------
    IndexError
        If the dataset has no sample of that index.
    """

    def __init__(self, dataset: Indexable, indices: Sequence[int] | Array) -> None:
        self.dataset, self.indices = dataset, np.asarray(indices, np.int64)
        outside = self.indices[(self.indices < -len(dataset)) | (self.indices >= len(dataset))]
        if outside.size:
            raise IndexError(
                f"Subset: index {outside[0]} is out of range for a dataset of {len(dataset)} samples"
            )

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]

    def __getitems__(self, indices: Array) -> Any:
        return gather(self.dataset, self.indices[indices])


def random_split(
    dataset: Indexable, lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset]:
    """Share out all samples of a dataset at random.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or of float
        The size of each part; or its fraction of the whole, adding up to 1. What rounding down leaves
        over goes to the first parts, one sample each.
    generator : Generator, optional
        Where the randomness comes from; minigrad's default generator if None.

    Returns
    -------
    list of Subset

    Raises
    ------
    ValueError
        If the lengths do not add up to the dataset's.

    Examples
    --------
    >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
    [8, 2]
    """
    count = len(dataset)
    fractions = math.isclose(sum(lengths), 1) and all(0 <= length <= 1 for length in lengths)
    sizes = [math.floor(count * length if fractions else length) for length in lengths]
    if fractions:
        for i in range(count - sum(sizes)):
            sizes[i % len(sizes)] += 1
    elif sum(lengths) != count or sizes != list(lengths) or min(sizes) < 0:
        raise ValueError(
            f"random_split: the lengths {list(lengths)} must be sizes that add up to the dataset's {count} "
            "samples, or fractions that add up to 1"
        )
    order = rng_of(generator).permutation(count)
    ends = np.cumsum(sizes).astype(int)
    return [Subset(dataset, part) for part in np.split(order, ends[:-1])]
