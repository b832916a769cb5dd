"""Each operation against Pillow's, image by image."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from minigrad.data import RandAugment
from minigrad.data.randaugment import OPERATIONS

shapes = st.tuples(st.integers(1, 4), st.sampled_from([1, 3]), st.integers(1, 12), st.integers(1, 12))


def draw(shape, seed, low=0, high=256):
    """Smooth and extreme images alike: some with few values, some constant."""
    rng = np.random.default_rng(seed)
    images = rng.integers(low, high, shape, np.uint8)
    images[::3] = images[::3] // 64 * 64
    return images


def affine(picture, a, b, c, d, tx=0.0, ty=0.0):
    """Pillow's transform, with the matrix about the middle of the picture."""
    x, y = picture.width / 2, picture.height / 2
    data = (a, b, x - a * x - b * y + tx, c, d, y - c * x - d * y + ty)
    return picture.transform(
        picture.size,
        Image.Transform.AFFINE,
        data,
        Image.Resampling.NEAREST,
        fillcolor=(FILL,) * len(picture.getbands()),
    )


FILL = 128
PILLOW = {
    "autocontrast": lambda p, s, sign: ImageOps.autocontrast(p),
    "equalize": lambda p, s, sign: ImageOps.equalize(p),
    "invert": lambda p, s, sign: ImageOps.invert(p),
    "posterize": lambda p, s, sign: ImageOps.posterize(p, max(1, 4 - int(4 * s))),
    "solarize": lambda p, s, sign: ImageOps.solarize(p, 256 - int(256 * s)),
    "color": lambda p, s, sign: ImageEnhance.Color(p).enhance(1 + 0.9 * s * sign),
    "contrast": lambda p, s, sign: ImageEnhance.Contrast(p).enhance(1 + 0.9 * s * sign),
    "brightness": lambda p, s, sign: ImageEnhance.Brightness(p).enhance(1 + 0.9 * s * sign),
}
WARPS = {
    "rotate": lambda s, w, h: (
        math.cos(s * math.pi / 6),
        math.sin(s * math.pi / 6),
        -math.sin(s * math.pi / 6),
        math.cos(s * math.pi / 6),
    ),
    "shear_x": lambda s, w, h: (1, 0.3 * s, 0, 1),
    "shear_y": lambda s, w, h: (1, 0, 0.3 * s, 1),
    "translate_x": lambda s, w, h: (1, 0, 0, 1, 0.45 * s * w, 0),
    "translate_y": lambda s, w, h: (1, 0, 0, 1, 0, 0.45 * s * h),
}


def pictures(images):
    return [
        Image.fromarray(i[0] if len(i) == 1 else np.ascontiguousarray(i.transpose(1, 2, 0))) for i in images
    ]


def array(picture):
    pixels = np.asarray(picture)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


@pytest.mark.parametrize("name", PILLOW)
@given(shapes, st.integers(0, 1000), st.floats(0, 1))
def test_values(name, shape, seed, strength):
    images = draw(shape, seed)
    sign = np.random.default_rng(seed).choice([-1.0, 1.0], shape[0])
    result = OPERATIONS[name](images.copy(), strength, sign)
    assert result.dtype == np.uint8
    for i, picture in enumerate(pictures(images)):
        expected = array(PILLOW[name](picture, strength, sign[i])).astype(int)
        # Pillow blends in float32 and cuts off; a rounding at a whole number is worth one step
        off = 1 if name in ("color", "contrast", "brightness") else 0
        assert abs(result[i].astype(int) - expected).max() <= off
        assert (result[i] != expected).mean() <= 0.05 * off + 1 / result[i].size * off


@pytest.mark.parametrize("name", WARPS)
@given(st.integers(0, 1000), st.floats(-1, 1))
def test_warps(name, seed, strength):
    images = draw((2, 3, 15, 12), seed)
    sign = np.full(2, np.sign(strength) or 1.0)
    result = OPERATIONS[name](images, abs(strength), sign)
    for i, picture in enumerate(pictures(images)):
        matrix = WARPS[name](strength, picture.width, picture.height)
        expected = array(affine(picture, *matrix))
        # Pillow computes in 1 / 65536 of a pixel: a point on the border of two may fall to the other
        assert (result[i] != expected).any(0).mean() <= 0.03


def test_solarize_add():
    images = draw((4, 3, 9, 9), 0)
    result = OPERATIONS["solarize_add"](images, 0.9, np.ones(4))
    for before, after in zip(images.ravel().tolist(), result.ravel().tolist(), strict=True):
        assert after == (min(255, before + 99) if before < 128 else before)


@given(shapes, st.integers(0, 1000), st.floats(0, 10), st.integers(0, 3))
def test_a_batch_stays_a_batch(shape, seed, magnitude, count):
    images = draw(shape, seed)
    before = images.copy()
    augment = RandAugment(magnitude, count)
    result = augment(images, np.random.default_rng(seed))
    assert (result.shape, result.dtype) == (shape, np.uint8)
    np.testing.assert_array_equal(images, before)
    assert not np.shares_memory(result, images)
    np.testing.assert_array_equal(result, augment(images, np.random.default_rng(seed)))
    if count == 0:
        np.testing.assert_array_equal(result, images)


def test_each_image_gets_operations_of_its_own():
    images = np.repeat(draw((1, 3, 16, 16), 1), 400, axis=0)
    result = RandAugment(9)(images, np.random.default_rng(0)).reshape(400, -1)
    assert len(np.unique(result, axis=0)) > 50  # pairs of operations and signs, some of them rare
    untouched = (result == images.reshape(400, -1)).all(1).mean()
    assert untouched == pytest.approx(
        0.25, abs=0.12
    )  # both left out, or an operation that changes nothing here


@pytest.mark.parametrize(
    ("options", "message"),
    [({"magnitude": 11}, "magnitude=11"), ({"num_ops": -1}, "num_ops=-1"), ({"p": 1.5}, "p=1.5")],
)
def test_refused(options, message):
    with pytest.raises(ValueError, match=message):
        RandAugment(**options)


@pytest.mark.parametrize("images", [np.zeros((1, 3, 4, 4), np.float32), np.zeros((1, 2, 4, 4), np.uint8)])
def test_other_images_are_refused(images):
    with pytest.raises(TypeError, match="RandAugment: expected uint8 images of one channel or three, got"):
        RandAugment()(images, np.random.default_rng(0))
