import numpy as np
import pytest

from minigrad.data import Shapes
from minigrad.data.shapes import FIGURES, _Painter


def linear_accuracy(train, test):
    """Of a least-squares fit to the classes (ridge regression), with the penalty best on the test images."""
    x, unseen = (
        shapes.images.reshape(len(shapes), -1) / np.float32(255) - np.float32(0.5) for shapes in (train, test)
    )
    target = np.eye(10, dtype=np.float32)[train.labels] - np.float32(0.1)
    gram, moment = x.T @ x, x.T @ target
    accuracies = []
    for penalty in (1000, 10_000):
        weight = np.linalg.solve(gram + penalty * np.eye(len(gram), dtype=np.float32), moment)
        accuracies.append(np.mean((unseen @ weight).argmax(1) == test.labels))
    return max(accuracies)


def test_is_what_it_says():
    for train in (True, False):
        shapes = Shapes(train, size=100)
        assert shapes.images.shape == (100, 3, 32, 32)
        assert shapes.images.dtype == np.uint8
        assert shapes.labels.dtype == np.int64
        assert np.bincount(shapes.labels).tolist() == [10] * 10
        assert len(shapes.classes) == 10
    assert np.ptp(np.bincount(Shapes(size=57).labels)) <= 1
    assert len(Shapes(size=0)) == 0


def test_default_sizes():
    assert len(Shapes(train=False)) == 2000
    assert Shapes(train=False).labels[:20].tolist() != sorted(Shapes(train=False).labels[:20])


def test_same_seed_same_pixels():
    one, same, other, test = Shapes(size=50), Shapes(size=50), Shapes(size=50, seed=1), Shapes(False, size=50)
    np.testing.assert_array_equal(one.images, same.images)
    np.testing.assert_array_equal(one.labels, same.labels)
    for different in (other, test):
        assert not np.array_equal(one.labels, different.labels)
        assert not (one.images[:, None] == different.images[None]).all((2, 3, 4)).any()


def test_no_two_images_are_alike():
    images = Shapes(size=1000).images.reshape(1000, -1)
    assert len(np.unique(images, axis=0)) == 1000


def test_mean_and_std_fit():
    images = Shapes(size=2000).images / 255
    # Of 2,000 images with a spread of brightness of about 0.25 each: standard error 0.006.
    np.testing.assert_allclose(images.mean((0, 2, 3)), Shapes.mean, atol=0.025)
    np.testing.assert_allclose(images.std((0, 2, 3)), Shapes.std, atol=0.02)


def test_figures_are_light_on_dark_as_often_as_dark_on_light():
    squares = Shapes(size=5000)
    squares = squares.images[squares.labels == squares.classes.index("square")].mean(1)
    inside, border = squares[:, 14:18, 14:18].mean((1, 2)), squares[:, :2].mean((1, 2))
    assert 0.4 < np.mean(inside > border) < 0.6


def test_figures_lie_anywhere_in_any_size_and_turn(rng):
    masks = _Painter(2000, rng).figure(FIGURES["bow tie"])[:, 0].astype(float)
    place = np.arange(32) + 0.5
    mass = masks.sum((1, 2))
    x, y = (masks.sum(1) @ place) / mass, (masks.sum(2) @ place) / mass
    dx, dy = place - x[:, None], place - y[:, None]
    xx, yy = (masks.sum(1) * dx**2).sum(1), (masks.sum(2) * dy**2).sum(1)
    turn = 0.5 * np.arctan2(2 * np.einsum("nyx,nx,ny->n", masks, dx, dy), xx - yy)  # of the long axis
    assert 2 < np.quantile(mass, 0.95) / np.quantile(mass, 0.05) < 4  # (13 / 8.5)² = 2.3 and the stretch
    for centre in (x, y):
        assert abs(centre.mean() - 16) < 4 * centre.std() / np.sqrt(2000)  # four standard errors
        assert np.quantile(centre, 0.05) < 11
        assert np.quantile(centre, 0.95) > 21
    assert abs(np.median(turn)) < 0.05
    assert np.quantile(abs(turn), 0.9) > 0.4


def test_each_figure_has_its_own_area():
    v, u = np.mgrid[-1.2:1.2:480j, -1.2:1.2:480j].astype(np.float32)
    area = {name: float((distance(u, v) < 0).mean()) * 2.4**2 for name, distance in FIGURES.items()}
    triangle = 3 * np.sqrt(3) / 4
    exact = {
        "circle": np.pi * 0.85**2,
        "ring": np.pi * (0.92**2 - 0.48**2),
        "heart": (1 + np.pi / 4) * 1.1**2,
        "triangle": triangle,
        "square": 1.44**2,
        "star": 5 * 0.42 * np.sin(np.pi / 5),
        "cross": 4 * 0.95 * 0.28 * 2 - 0.56**2,
        "arrow": 1 + 0.9 * 0.36,
        "bow tie": 2 * 0.85 * 0.9**2,
    }
    for name, expected in exact.items():
        assert area[name] == pytest.approx(expected, abs=0.03), name
    assert 0.6 < area["crescent"] < exact["circle"] - 0.3


def test_a_linear_model_stays_below_60_percent():
    assert 0.05 < linear_accuracy(Shapes(size=5000), Shapes(train=False)) < 0.6


def test_refuses_a_negative_size():
    with pytest.raises(ValueError, match="size must not be negative, got -1"):
        Shapes(size=-1)
