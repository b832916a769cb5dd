"""Each transform against a plain loop over the images that makes the same draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.data.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToFloat, Transform


def batch(n=6, c=3, h=8, w=7, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 256, (n, c, h, w)).astype(dtype)


def rng():
    return np.random.default_rng(1)


sizes = st.tuples(st.integers(0, 6), st.integers(1, 3), st.integers(4, 9), st.integers(4, 9))


@given(
    sizes, st.integers(1, 4), st.integers(0, 3), st.sampled_from(["constant", "edge", "reflect", "symmetric"])
)
def test_random_crop(shape, size, padding, mode):
    images = batch(*shape)
    fill = 9 if mode == "constant" else 0
    result = RandomCrop(size, padding, fill, mode)(images, rng())

    draws = rng()
    top = draws.integers(0, shape[2] + 2 * padding - size, len(images), endpoint=True)
    left = draws.integers(0, shape[3] + 2 * padding - size, len(images), endpoint=True)
    options = {"constant_values": 9} if mode == "constant" else {}
    assert result.shape == (len(images), shape[1], size, size)
    assert result.dtype == np.uint8
    for i, image in enumerate(images):
        for channel in range(shape[1]):
            padded = np.pad(image[channel], padding, mode, **options)
            expected = padded[top[i] : top[i] + size, left[i] : left[i] + size]
            np.testing.assert_array_equal(result[i, channel], expected)


def test_random_crop_reaches_every_place():
    image = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    windows = RandomCrop(4, padding=1)(np.repeat(image, 500, axis=0), rng())
    assert len(np.unique(windows.reshape(500, 16), axis=0)) == 9


@given(sizes, st.floats(0, 1))
def test_random_horizontal_flip(shape, p):
    images = batch(*shape)
    result = RandomHorizontalFlip(p)(images, rng())
    draws = rng().random(len(images))
    for i, image in enumerate(images):
        np.testing.assert_array_equal(result[i], image[:, :, ::-1] if draws[i] < p else image)


def test_flip_frequency():
    images = np.broadcast_to(np.arange(2, dtype=np.uint8), (4000, 1, 1, 2))
    for p in (0, 0.3, 1):
        flipped = RandomHorizontalFlip(p)(images, rng())[:, 0, 0, 0].mean()
        assert abs(flipped - p) <= 4 * np.sqrt(p * (1 - p) / 4000)  # four standard errors


def test_to_float():
    result = ToFloat()(batch())
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, (batch() / 255).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normalize(dtype):
    images = batch(dtype=dtype) / 255
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.25, 2.0)
    result = Normalize(mean, std)(images)
    assert result.dtype == dtype
    for channel in range(3):
        expected = (images[:, channel].astype(float) - mean[channel]) / std[channel]
        # A subtraction and a division, of rounded numbers below 1.
        np.testing.assert_allclose(result[:, channel], expected, atol=16 * np.finfo(dtype).eps)


def test_compose_hands_the_generator_on():
    steps = [RandomCrop(7, padding=1), RandomHorizontalFlip(), ToFloat()]
    draws = rng()
    expected = batch()
    for step in steps:
        expected = step(expected, draws)
    np.testing.assert_array_equal(Compose(steps)(batch(), rng()), expected)


def test_compose_takes_plain_functions():
    assert Compose([lambda images, rng: images + 1])(np.zeros((1, 1, 1, 1))).item() == 1


@pytest.mark.parametrize(
    "transform",
    [RandomCrop(7, padding=2), RandomHorizontalFlip(1), ToFloat(), Normalize((0.5,) * 3, (2.0,) * 3)],
)
def test_the_given_batch_stays_as_it_is(transform):
    images = batch(dtype=np.float32 if isinstance(transform, Normalize) else np.uint8)
    before = images.copy()
    result = transform(images, rng())
    np.testing.assert_array_equal(images, before)
    assert not np.shares_memory(result, images)


def test_repr_says_how_it_is_made():
    crop = RandomCrop(32, padding=4)
    assert repr(crop) == "RandomCrop(size=32, padding=4, fill=0, padding_mode='constant')"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: RandomCrop(8)(batch()[0], rng()),
            TypeError,
            r"RandomCrop: expected .* got ndarray of shape \(3, 8, 7\)",
        ),
        (
            lambda: ToFloat()([1, 2]),
            TypeError,
            r"ToFloat: expected images as a NumPy array of shape .* got list$",
        ),
        (lambda: ToFloat()(mg.tensor(batch())), TypeError, r"ToFloat: expected .* got Tensor of shape"),
        (
            lambda: RandomHorizontalFlip()(batch()),
            TypeError,
            r"RandomHorizontalFlip: expected a NumPy random generator",
        ),
        (
            lambda: RandomCrop(10)(batch(), rng()),
            ValueError,
            "a window of 10x10 does not fit into images that are 8x7",
        ),
        (
            lambda: RandomCrop(4, padding_mode="wrap"),
            ValueError,
            "padding_mode must be one of .*, got 'wrap'",
        ),
        (lambda: RandomHorizontalFlip(1.5), ValueError, "p is a probability, 0 to 1, got 1.5"),
        (lambda: ToFloat()(batch(dtype=np.float32)), TypeError, "expected uint8 images, got float32"),
        (lambda: Normalize((0.5,), (0.1, 0.1)), ValueError, "a mean and a positive std for each channel"),
        (lambda: Normalize((0.5,), (0.0,)), ValueError, r"got mean=\(0.5,\), std=\(0.0,\)"),
        (lambda: Normalize((0.5,), (1.0,))(batch()), TypeError, r"got uint8; put ToFloat\(\) before it"),
        (
            lambda: Normalize((0.5,), (1.0,))(batch() / 255),
            ValueError,
            "got 1 means for images of 3 channels",
        ),
        (lambda: Transform()(batch()), NotImplementedError, "Transform must define _apply"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
