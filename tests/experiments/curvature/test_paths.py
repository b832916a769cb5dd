"""Paths of optimizers in two dimensions: the stall of AGR at one-hot gradients, and where the others end."""

import numpy as np
import pytest
import torch

import optim
from experiments.curvature import SURFACES, Surface, all_paths, animate_paths, draw_paths, path
from experiments.curvature.paths import OPTIMIZERS

BOWL = Surface("|w|^2 / 2", lambda x, y: (x**2 + y**2) / 2, (2.0, 1.0), ((0, 0),), (-1, 3, -1, 2), 0.01, 0.01)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_at_a_one_hot_gradient_agr_stays_for_ever(name):
    stall = SURFACES["one-hot"]
    assert (path(stall, name, 500, agr=True) == [1, 0]).all()
    assert np.linalg.norm(path(stall, name, 1000)[-1]) < 1e-2  # without AGR all reach the minimum


def test_deterministic_adamw_with_agr_ends_beside_the_minimum():
    # Known values: (0.9995, 0) after 1000 and 3000 steps, where AdamW converges.
    found = path(BOWL, "AdamW", 3000, agr=True)
    np.testing.assert_allclose(found[1000], [0.9995, 0], atol=1e-4)
    np.testing.assert_allclose(found[3000], [0.9995, 0], atol=1e-4)
    np.testing.assert_allclose(path(BOWL, "AdamW", 3000)[-1], [0, 0], atol=1e-6)


def test_gradient_descent_with_agr_ends_at_the_difference_of_the_coordinates():
    # With two elements both get the same magnitude, so that x - y stays what it is.
    found = path(BOWL, "SGD", 2000, agr=True)
    np.testing.assert_allclose(found[:, 0] - found[:, 1], 1, rtol=1e-12)
    np.testing.assert_allclose(found[-1], [1, 0], atol=1e-6)
    np.testing.assert_allclose(path(BOWL, "SGD", 2000)[-1], [0, 0], atol=1e-6)


def test_nearly_one_hot():
    # A known value for 2000 steps: (0.626, 0).
    start = Surface("", SURFACES["one-hot"].function, (1.0, 1e-6), (), (0, 1, 0, 1), adaptive_lr=0.01)
    np.testing.assert_allclose(path(start, "AdamW", 2000, agr=True)[-1], [0.626, 0], atol=5e-4)


@pytest.mark.parametrize("key", SURFACES)
def test_minima_and_gradients_of_the_surfaces(key):
    surface = SURFACES[key]
    for minimum in surface.minima:
        point = torch.tensor(minimum, dtype=torch.float64, requires_grad=True)
        value = surface.function(point[0], point[1])
        value.backward()
        assert value.item() == pytest.approx(0, abs=1e-9)
        np.testing.assert_allclose(point.grad, 0, atol=1e-4)
    left, right, bottom, top = surface.view
    assert all(left < x < right and bottom < y < top for x, y in (*surface.minima, surface.start))


@pytest.mark.parametrize("key", SURFACES)
def test_adamw_walks_as_in_pytorch(key):
    surface = SURFACES[key]
    w = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([w], lr=surface.adaptive_lr, weight_decay=0)
    expected = [w.detach().numpy().copy()]
    for _ in range(50):
        optimizer.zero_grad()
        surface.function(w[0], w[1]).backward()
        optimizer.step()
        expected.append(w.detach().numpy().copy())
    np.testing.assert_allclose(path(surface, "AdamW", 50), expected, rtol=1e-9)


def test_both_elements_are_one_tensor():
    found = path(SURFACES["quadratic"], "SGD", 1, agr=True)
    step = 0.02 * optim.agr(np.array([-2.0, 9.0]))
    np.testing.assert_allclose(found, [[-2, 0.9], np.array([-2, 0.9]) - step], rtol=1e-12)


def test_all_paths_stay_finite():
    for surface in SURFACES.values():
        found = all_paths(surface, 100)
        assert list(found) == [(name, agr) for name in OPTIMIZERS for agr in (False, True)]
        assert all(np.isfinite(points).all() for points in found.values())
        first = surface.function(*surface.start)
        for points in found.values():
            assert surface.function(*points[-1]) <= first


def test_an_unknown_optimizer():
    with pytest.raises(KeyError, match="Lion"):
        path(BOWL, "Lion", 1)


def coloured(picture):
    """How many pixels are not grey."""
    pixels = np.asarray(picture.convert("RGB"), int)
    return int((np.ptp(pixels, axis=2) > 60).sum())


def test_the_picture_and_the_animation(tmp_path):
    from PIL import Image

    surface = SURFACES["quadratic"]
    found = {key: points for key, points in all_paths(surface, 12).items() if key[0] in ("SGD", "AdamW")}
    draw_paths(surface, found, tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.format == "PNG"
    for name in ("a.gif", "b.gif"):
        animate_paths(surface, found, tmp_path / name, frames=4)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as movie:
        assert (movie.format, movie.n_frames) == ("GIF", 4)
        first = coloured(movie)
        movie.seek(3)
        assert coloured(movie) > first + 100  # the paths have grown


def test_an_animation_has_no_more_frames_than_there_are_points(tmp_path):
    from PIL import Image

    surface = SURFACES["quadratic"]
    found = {("SGD", agr): path(surface, "SGD", 2, agr=agr) for agr in (False, True)}
    animate_paths(surface, found, tmp_path / "short.gif", frames=100)
    with Image.open(tmp_path / "short.gif") as movie:
        assert movie.n_frames == 3
