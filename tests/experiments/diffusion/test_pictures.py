"""Pictures: every image at its place."""

import numpy as np
import pytest
from PIL import Image

import minigrad as mg
from experiments.diffusion.pictures import grid, save_png, strip, to_uint8


def shades(*values):
    """Images of 4x4 pixels, each of one shade."""
    return np.array(values, np.uint8)[:, None, None, None] * np.ones((1, 3, 4, 4), np.uint8)


def test_values(device):
    images = mg.tensor([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0], device=device)
    assert to_uint8(images).tolist() == [0, 0, 64, 191, 255, 255]


def test_grid():
    picture = grid(shades(10, 20, 30, 40, 50), columns=3)
    assert picture.shape == (10, 16, 3)
    assert picture[1::6, 1::6, 0].tolist() == [[10, 20, 30], [40, 50, 255]]
    assert (picture[4:6] == 255).all()
    assert grid(shades(*range(5))).shape == (10, 16, 3)
    assert grid(shades(7)[:, :1]).tolist() == np.full((4, 4, 3), 7).tolist()


def test_strip():
    picture = strip([shades(10, 20), shades(11, 21), shades(12, 22)])
    assert picture[1::6, 1::6, 0].tolist() == [[10, 11, 12], [20, 21, 22]]


def test_png(tmp_path):
    picture = grid(shades(10, 20), columns=2)
    save_png(picture, tmp_path / "a.png", scale=3)
    read = np.asarray(Image.open(tmp_path / "a.png"))
    np.testing.assert_array_equal(read[::3, 1::3], picture)


@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (3, 4, 4), (1, 2, 4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected images"):
        grid(np.zeros(shape, np.uint8))
