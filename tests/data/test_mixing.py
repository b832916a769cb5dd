"""Mixes against plain loops over the images, with the same draws; and the shares of labels they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backend import to_device, to_numpy
from minigrad.data import CutMix, DataLoader, MixUp, RandomChoice, TensorDataset
from minigrad.nn import functional as F

CLASSES = 5
sizes = st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))


def batch(shape):
    draws = np.random.default_rng(0)
    return draws.random(shape), draws.integers(0, CLASSES, shape[0])


@given(sizes, st.floats(0.1, 5), st.integers(0, 100))
def test_mixup(shape, alpha, seed):
    images, labels = batch(shape)
    mixed, shares = MixUp(CLASSES, alpha)(images, labels, np.random.default_rng(seed))
    w = np.random.default_rng(seed).beta(alpha, alpha)
    for i in range(len(images)):
        np.testing.assert_allclose(mixed[i], w * images[i] + (1 - w) * images[i - 1], atol=1e-15)
        expected = np.zeros(CLASSES)
        expected[labels[i]] += w
        expected[labels[i - 1]] += 1 - w
        np.testing.assert_allclose(shares[i], expected, atol=1e-15)


@given(sizes, st.floats(0.1, 5), st.integers(0, 100))
def test_cutmix_shares_are_the_areas(shape, alpha, seed):
    """Every image has one value of its own, so that each pixel tells from which image it came."""
    n, *_ = shape
    images = np.broadcast_to(np.arange(n, dtype=float)[:, None, None, None], shape)
    labels = np.arange(n) % CLASSES
    mixed, shares = CutMix(CLASSES, alpha)(images, labels, np.random.default_rng(seed))
    for i in range(n):
        other = mixed[i] != i
        assert (mixed[i][other] == (i - 1) % n).all()
        assert (other == other[0]).all()  # the same rectangle in every channel
        if n > 1:
            rows, columns = np.flatnonzero(other[0].any(1)), np.flatnonzero(other[0].any(0))
            assert other[0].sum() == len(rows) * len(columns)
            expected = np.bincount(labels[mixed[i, 0].astype(int)].ravel(), minlength=CLASSES)
            np.testing.assert_allclose(shares[i], expected / other[0].size, atol=1e-12)
        assert shares[i].sum() == pytest.approx(1, rel=1e-12)


def test_cutmix_rectangles_have_the_drawn_area_where_they_fit():
    """The mean over many of the share that was pasted is near that of a rectangle that may reach out."""
    images, labels = np.stack([np.zeros((1, 32, 32)), np.ones((1, 32, 32))]), np.array([0, 1])
    rng = np.random.default_rng(0)
    pasted = [CutMix(2)(images, labels, rng)[1][0, 1] for _ in range(2000)]
    side = np.linspace(0, 1, 1001)  # of the rectangle; its density is 2 side, for a uniform weight
    inside = (side - side**2 / 4) ** 2
    assert np.mean(pasted) == pytest.approx((inside * 2 * side).mean(), abs=0.03)


@pytest.mark.parametrize("kind", [MixUp, CutMix])
def test_a_mix_follows_its_images_to_the_device(kind, device):
    images, labels = batch((4, 3, 6, 6))
    mixed, shares = kind(CLASSES)(images, labels, np.random.default_rng(2))
    there = [to_device(a, device) for a in (images.astype(np.float32), labels)]
    given_images = to_numpy(there[0]).copy()
    on_device = kind(CLASSES)(*there, np.random.default_rng(2))
    assert all(a.dtype == np.float32 for a in on_device)
    np.testing.assert_allclose(to_numpy(on_device[0]), mixed, atol=1e-6)
    np.testing.assert_allclose(to_numpy(on_device[1]), shares, atol=1e-6)
    np.testing.assert_array_equal(to_numpy(there[0]), given_images)


def test_one_of_several():
    calls = []
    mixes = [lambda x, y, rng, name=name: calls.append(name) or (x, y) for name in "ab"]
    rng = np.random.default_rng(0)
    for _ in range(100):
        RandomChoice(mixes)(np.zeros(1), np.zeros(1), rng)
    assert 30 < calls.count("a") < 70


def test_in_a_loader_and_a_loss():
    """The same seed gives the same mixed batches, and the loss is the weighted mean of the labels' losses."""
    images, labels = batch((6, 1, 4, 4))
    data = TensorDataset(images.astype(np.float32), labels)

    def load():
        generator = mg.Generator(3)
        loader = DataLoader(data, 3, shuffle=True, generator=generator, mix=MixUp(CLASSES), prefetch=1)
        return [(x.numpy(), y.numpy()) for x, y in loader]

    for (x, y), (x2, y2) in zip(load(), load(), strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)
        logits = mg.tensor(np.random.default_rng(0).standard_normal((3, CLASSES)).astype(np.float32))
        each = [
            F.cross_entropy(logits, mg.full((3,), k, dtype="int64"), reduction="none").numpy()
            for k in range(5)
        ]
        expected = sum(y[:, k] * each[k] for k in range(5)).mean()
        assert F.cross_entropy(logits, mg.tensor(y)).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MixUp(3, alpha=0), ValueError, "MixUp: expected a positive alpha .* got alpha=0"),
        (lambda: CutMix(0), ValueError, "CutMix: .* num_classes=0"),
        (
            lambda: MixUp(3)(np.zeros((2, 1, 1, 1), np.uint8), np.zeros(2, int), None),
            TypeError,
            r"got uint8; put ToFl",
        ),
        (
            lambda: CutMix(3)(np.zeros((2, 1, 1, 1)), np.zeros(3, int), None),
            ValueError,
            r"indices of shape \(2,\)",
        ),
        (lambda: CutMix(3)(np.zeros((2, 1, 1, 1)), np.zeros(2), None), ValueError, "got float64"),
        (lambda: MixUp(3)(np.zeros((2, 1, 1, 1)), np.array([0, 3]), None), ValueError, "outside of 0 to 2"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
