"""CIFAR-10 and CIFAR-100, read from their official files.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
The format: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.backend import Array
from minigrad.data import files
from minigrad.data.dataset import ImageDataset

SIDE = 32
PIXELS = 3 * SIDE * SIDE  # a row of a file: the red plane, the green one, the blue one


class _CIFAR(ImageDataset):
    """What both sets share: pickled batches of images, and a file with the names of the classes."""

    name: str  # in files.SOURCES
    train_files: tuple[str, ...]
    test_files: tuple[str, ...]
    label_key: str
    meta_file: str
    classes_key: str

    def __init__(self, root: str | Path | None = None, train: bool = True, download: bool = False) -> None:
        folder = files.fetch(self.name, root) if download else files.find(self.name, root)
        self.classes = self._classes(folder / self.meta_file)
        batches = [self._batch(folder / file) for file in (self.train_files if train else self.test_files)]
        super().__init__(*(np.concatenate(column) for column in zip(*batches, strict=True)))

    def _classes(self, path: Path) -> tuple[str, ...]:
        names = _read(path).get(self.classes_key)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{path} is not a CIFAR file: {self.classes_key!r} is not a list of names")
        return tuple(names)

    def _batch(self, path: Path) -> tuple[Array, Array]:
        content = _read(path)
        pixels, labels = content.get("data"), content.get(self.label_key)
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (PIXELS,):
            raise ValueError(
                f"{path} is not a CIFAR file: 'data' is not a uint8 array of shape (N, {PIXELS})"
            )
        if not isinstance(labels, list) or len(labels) != len(pixels):
            raise ValueError(
                f"{path} is not a CIFAR file: {self.label_key!r} is not a list of {len(pixels)} labels"
            )
        if not all(label in range(len(self.classes)) for label in labels):
            raise ValueError(f"{path} is damaged: there are labels outside of 0 to {len(self.classes) - 1}")
        return pixels.reshape(-1, 3, SIDE, SIDE), np.array(labels, np.int64)


class CIFAR10(_CIFAR):
    """Photographs of aeroplanes, cars, birds, cats, deer, dogs, frogs, horses, ships and lorries.

    50,000 for training and 10,000 for testing, of 32x32 pixels.

    Parameters
    ----------
    root : path, optional
        The folder that holds `cifar-10-batches-py`; `$MINIGRAD_DATA` or the user's cache folder if None.
    train : bool
        The training images, or the test images.
    download : bool
        Fetch the files first, if they are not there.

    Attributes
    ----------
    images : array, uint8 (N, 3, 32, 32)
    labels : array, int64 (N,)
    classes : tuple of str
    mean, std : tuple of float
        Of each channel over the training images, scaled to [0, 1].

    Raises
    ------
    FileNotFoundError
        If the files are not there, saying how to get them.
    ValueError
        If a file is damaged or is no CIFAR file, naming it.
    """

    name = "cifar10"
    train_files = tuple(f"data_batch_{i}" for i in range(1, 6))
    test_files = ("test_batch",)
    label_key = "labels"
    meta_file = "batches.meta"
    classes_key = "label_names"
    mean = (0.4914, 0.4822, 0.4465)
    std = (0.2470, 0.2435, 0.2616)


class CIFAR100(_CIFAR):
    """Photographs of 100 kinds of things, 500 of each for training and 100 for testing.

    Parameters, attributes and exceptions are those of `CIFAR10`; the folder is `cifar-100-python`. The labels
    are the 100 fine ones.
    """

    name = "cifar100"
    train_files = ("train",)
    test_files = ("test",)
    label_key = "fine_labels"
    meta_file = "meta"
    classes_key = "fine_label_names"
    mean = (0.5071, 0.4865, 0.4409)
    std = (0.2673, 0.2564, 0.2762)


class _Unpickler(pickle.Unpickler):
    """Reads arrays and plain Python values; an ordinary pickle may call any function it names."""

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core", "numpy._core")  # the files are older than the new name
        if f"{module}.{name}" not in ("numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"):
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no CIFAR file needs")
        return super().find_class(module, name)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = _Unpickler(file, encoding="latin1").load()  # Python 2 wrote the official files
    except Exception as error:  # damaged bytes can be read as nearly any instruction, and fail in any way
        raise ValueError(
            f"{path} is damaged or incomplete ({type(error).__name__}: {error}); "
            "delete its folder and fetch the data set again"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not a CIFAR file: it holds a {type(content).__name__}, not a dict")
    return content
