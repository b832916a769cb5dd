"""Pictures of samples: a grid of images, and strips that show each image coming out of the noise."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minigrad import Tensor
from minigrad.backend import Array

GAP = 2  # white pixels between neighbours


def to_uint8(images: Tensor) -> Array:
    """Images with values from -1 to 1 as uint8 from 0 to 255; what lies outside is cut off.

    Parameters
    ----------
    images : Tensor, (N, C, H, W)

    Examples
    --------
    >>> import minigrad as mg
    >>> to_uint8(mg.tensor([-1.0, 0.0, 3.0])).tolist()
    [0, 128, 255]
    """
    return np.clip(np.rint((images.numpy() + 1) * 127.5), 0, 255).astype(np.uint8)


def grid(images: Array, columns: int | None = None) -> Array:
    """Many images as one, row by row.

    Parameters
    ----------
    images : array, uint8 (N, C, H, W)
        With 1 or 3 channels.
    columns : int, optional
        By default as many as there are rows, or one more.

    Returns
    -------
    array, uint8 (height, width, 3)

    Raises
    ------
    ValueError
        If there are no images, or they have another shape.

    Examples
    --------
    >>> grid(np.zeros((5, 3, 8, 8), np.uint8)).shape
    (18, 28, 3)
    """
    if images.ndim != 4 or not len(images) or images.shape[1] not in (1, 3):
        raise ValueError(f"grid: expected images (N, 1 or 3, H, W), got shape {images.shape}")
    count, _, height, width = images.shape
    columns = columns or int(np.ceil(count**0.5))
    rows = -(-count // columns)
    picture = np.full((rows * (height + GAP), columns * (width + GAP), 3), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + GAP), i % columns * (width + GAP)
        picture[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return picture[:-GAP, :-GAP]


def strip(moments: Sequence[Array]) -> Array:
    """One row for each image: how it looked at each moment, from noise to the finished image.

    Parameters
    ----------
    moments : sequence of array, uint8 (N, C, H, W)

    Returns
    -------
    array, uint8 (height, width, 3)

    Examples
    --------
    >>> strip([np.zeros((2, 3, 8, 8), np.uint8)] * 5).shape
    (18, 48, 3)
    """
    images = np.stack(moments, axis=1)  # (N, moments, C, H, W)
    return grid(images.reshape(-1, *images.shape[2:]), columns=len(moments))


def save_png(picture: Array, path: Path, scale: int = 2) -> None:
    """Write a picture, every pixel of it `scale` x `scale` large, as a PNG file.

    Parameters
    ----------
    picture : array, uint8 (height, width, 3)
    path : Path
    scale : int
    """
    from PIL import Image

    Image.fromarray(picture.repeat(scale, 0).repeat(scale, 1)).save(path)
