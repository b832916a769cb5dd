"""Tiny-ImageNet, read from its official files.

A subset of ImageNet of 200 classes at 64x64 pixels, made for Stanford's course CS231n:

    wnids.txt                            the name of each class in WordNet: n01443537
    words.txt                            what these names mean: n01443537, tab, goldfish, Carassius auratus
    train/<wnid>/images/<wnid>_<i>.JPEG
    val/images/val_<i>.JPEG
    val/val_annotations.txt              file, wnid and a box for each
"""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.backend import Array
from minigrad.data import files
from minigrad.data.dataset import ImageDataset

FOLDER = "tiny-imagenet-200"
SIDE = 64


class TinyImageNet(ImageDataset):
    """Photographs of 200 kinds of things, 500 of each for training and 50 for validation.

    The first use decodes every JPEG and keeps the pixels in a file beside them (where that can be written),
    which is used as long as the JPEGs are the same, byte for byte.

    Parameters
    ----------
    root : path, optional
        The folder that holds `tiny-imagenet-200`; `$MINIGRAD_DATA` or the user's cache folder if None.
    train : bool
        The training images, or the validation images: the labels of the test images were never published.

    Attributes
    ----------
    images : array, uint8 (N, 3, 64, 64)
        For training, first image 0 of each class, then image 1 of each, and so on: the first N images are a
        fair sample.
    labels : array, int64 (N,)
    classes : tuple of str
        In the order of wnids.txt; as many as it names.
    mean, std : tuple of float
        Of each channel over the 100,000 training images, scaled to [0, 1].

    Raises
    ------
    FileNotFoundError
        If the files are not there, saying how to get them.
    ValueError
        If a file is damaged or its contents do not belong, naming it.
    ModuleNotFoundError
        If Pillow, which reads JPEG, is not installed.
    """

    mean = (0.4802, 0.4481, 0.3975)
    std = (0.2770, 0.2691, 0.2821)

    def __init__(self, root: str | Path | None = None, train: bool = True) -> None:
        folder = (Path(root) if root else files.data_folder()) / FOLDER
        wnids = _lines(folder / "wnids.txt")
        meanings = dict(line.partition("\t")[::2] for line in _lines(folder / "words.txt"))
        unknown = [wnid for wnid in wnids if wnid not in meanings]
        if unknown:
            raise ValueError(f"{folder / 'words.txt'} is damaged: it does not say what {unknown[0]} is")
        self.classes = tuple(meanings[wnid].partition(",")[0] for wnid in wnids)
        paths, labels = (_training if train else _validation)(folder, wnids)
        images = _decoded(paths, folder / f".decoded-{'train' if train else 'val'}.npz")
        super().__init__(images, np.array(labels, np.int64))


def locate() -> Path | None:
    """The folder of the data set where it is looked for, or None if it is not there."""
    try:
        folder = files.data_folder() / FOLDER
    except ModuleNotFoundError:  # as in `files.locate`
        return None
    return folder if (folder / "wnids.txt").is_file() else None


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(
            f"Tiny-ImageNet is not here: there is no {path}.\n"
            f"Get http://cs231n.stanford.edu/{FOLDER}.zip (237 MiB), unpack it, and set MINIGRAD_DATA to the "
            f"folder in which {FOLDER} then lies."
        )
    return path.read_text().splitlines()


def _training(folder: Path, wnids: list[str]) -> tuple[list[Path], list[int]]:
    found = []
    for label, wnid in enumerate(wnids):
        paths = sorted((folder / "train" / wnid / "images").glob("*.JPEG"), key=_number)
        if not paths:
            raise ValueError(f"{folder} is incomplete: there are no images in train/{wnid}/images")
        found += [(i, label, path) for i, path in enumerate(paths)]
    found.sort(key=lambda entry: entry[:2])
    return [path for _, _, path in found], [label for _, label, _ in found]


def _number(path: Path) -> tuple[int, str]:
    return len(path.name), path.name  # ..._9 before ..._10


def _validation(folder: Path, wnids: list[str]) -> tuple[list[Path], list[int]]:
    table, labels = folder / "val" / "val_annotations.txt", {wnid: i for i, wnid in enumerate(wnids)}
    rows = [line.split("\t") for line in _lines(table)]
    for row in rows:
        if len(row) < 2 or row[1] not in labels:
            raise ValueError(f"{table} is damaged: a line begins {row[:2]}, not with a file and a class")
    return [folder / "val" / "images" / row[0] for row in rows], [labels[row[1]] for row in rows]


def _decoded(paths: list[Path], cache: Path) -> Array:
    """The pixels of the files, from the cache if it was made from the same bytes."""
    contents = [_bytes(path) for path in paths]
    digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()
    images = _cached(cache, digest)
    if images is None:
        images = np.empty((len(paths), 3, SIDE, SIDE), np.uint8)
        for i, (path, content) in enumerate(zip(paths, contents, strict=True)):
            images[i] = _pixels(path, content)
        _keep(cache, digest, images)
    return images


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"Tiny-ImageNet is incomplete: there is no {path}")
    return path.read_bytes()


def _pixels(path: Path, content: bytes) -> Array:
    image = _pillow()
    try:
        with image.open(io.BytesIO(content)) as picture:
            pixels = np.asarray(picture.convert("RGB"))  # some are grey
    except (OSError, SyntaxError) as error:  # Pillow calls some damage a syntax error
        raise ValueError(f"{path} is damaged or incomplete ({error}); unpack the data set again") from error
    if pixels.shape != (SIDE, SIDE, 3):
        raise ValueError(f"{path} has {pixels.shape[1]}x{pixels.shape[0]} pixels, expected {SIDE}x{SIDE}")
    return pixels.transpose(2, 0, 1)


def _cached(cache: Path, digest: str) -> Array | None:
    try:
        with cache.open("rb") as file, np.load(file) as kept:
            return kept["images"] if kept["digest"].item() == digest else None
    except Exception:  # not there, or cut off by a crash: made anew
        return None


def _keep(cache: Path, digest: str, images: Array) -> None:
    aside = cache.with_name(f"{cache.name}.{os.getpid()}.tmp")
    try:
        with aside.open("wb") as file:
            np.savez(file, digest=digest, images=images)
        os.replace(aside, cache)
    except OSError:  # a folder that only others may write to, or a full disk: decoded again next time
        aside.unlink(missing_ok=True)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("reading JPEG files needs Pillow: pip install 'minigrad[data]'") from error
    return Image
