"""Random erasing: rectangles of the promised areas and shapes, and nothing else changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import RandomErasing


def holes(images):
    """Rows and columns of the zeros in images of ones, and whether they fill a rectangle."""
    for image in images:
        gone = image == 0
        assert (gone == gone[0]).all()  # in every channel
        rows, columns = np.flatnonzero(gone[0].any(1)), np.flatnonzero(gone[0].any(0))
        assert gone[0].sum() == len(rows) * len(columns)
        yield len(rows), len(columns)


@given(st.integers(1, 8), st.integers(12, 40), st.integers(12, 40), st.integers(0, 100))
def test_areas_and_ratios(n, height, width, seed):
    images = np.ones((n, 3, height, width), np.float32)
    erased = RandomErasing(1)(images, np.random.default_rng(seed))
    assert erased.dtype == np.float32
    assert (images == 1).all()
    for rows, columns in holes(erased):
        if rows:  # rounding moves each side by half a pixel
            assert (rows - 0.5) * (columns - 0.5) <= 0.33 * height * width
            assert (rows + 0.5) * (columns + 0.5) >= 0.02 * height * width
            assert (rows - 0.5) / (columns + 0.5) <= 3.3
            assert (rows + 0.5) / (columns - 0.5) >= 0.3


def test_areas_are_drawn_evenly_and_places_too():
    erased = RandomErasing(1, scale=(0.1, 0.3))(np.ones((3000, 1, 32, 32)), np.random.default_rng(0))
    shares = (erased == 0).mean((1, 2, 3))
    assert shares.mean() == pytest.approx(0.2, abs=0.005)
    middle = (erased[:, 0, 16, 16] == 0).mean()
    assert middle > (erased[:, 0, 0, 0] == 0).mean() > 0


def test_frequency_and_noise():
    images = np.full((2000, 1, 8, 8), 7.0)
    for p in (0, 0.3):
        touched = (RandomErasing(p, value=1)(images, np.random.default_rng(0)) == 1).any((1, 2, 3)).mean()
        assert abs(touched - p) <= 4 * np.sqrt(p * (1 - p) / 2000)
    noisy = RandomErasing(1, value="random")(images, np.random.default_rng(0))
    noise = noisy[noisy != 7]
    assert noise.mean() == pytest.approx(0, abs=0.05)
    assert noise.std() == pytest.approx(1, abs=0.05)


def test_the_same_draws_give_the_same_holes():
    images = np.ones((5, 1, 16, 16))
    first, again, other = (RandomErasing(1)(images, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p": 2}, "p is a probability, 0 to 1, got 2"),
        ({"scale": (0.5, 0.1)}, r"got scale=\(0.5, 0.1\)"),
        ({"scale": (0.5, 1.1)}, "shares of at most 1"),
        ({"ratio": (0, 1)}, r"ratio=\(0, 1\)"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        RandomErasing(**options)
    with pytest.raises(TypeError, match="RandomErasing: expected a NumPy random generator"):
        RandomErasing()(np.zeros((1, 1, 2, 2)))
