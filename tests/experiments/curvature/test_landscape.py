"""Slices of the loss: normalized directions, values where they should be, networks left as they were."""

import numpy as np
import pytest

import minigrad as mg
import models
import optim
from experiments.curvature import (
    Hessian,
    compare_landscapes,
    draw_landscapes,
    filter_normalized,
    slice_loss,
)
from experiments.training import train_epoch
from minigrad.data import DataLoader, TensorDataset
from tests.experiments.curvature.nets import NETWORKS, pair


@pytest.mark.parametrize("name", NETWORKS)
def test_filters_are_as_long_as_those_of_the_network(name, device):
    objective = pair(name, device=device)[0]
    direction = objective.split(filter_normalized(objective, seed=3))
    for d, p in zip(direction, objective.parameters, strict=True):
        d, p = d.numpy(), p.numpy()
        if p.ndim < 2:
            assert not d.any()
            continue
        norms = [np.linalg.norm(a.reshape(len(a), -1), axis=1) for a in (d, p)]
        np.testing.assert_allclose(*norms, rtol=1e-12)
        assert (
            abs(np.corrcoef(d.reshape(-1), p.reshape(-1))[0, 1]) < 0.9
        )  # random, not the filters themselves


def test_the_seed_and_the_scale_of_filters(device):
    objective = pair("convnet", device=device)[0]
    d = filter_normalized(objective, seed=0)
    np.testing.assert_array_equal(d, filter_normalized(objective, seed=0))
    assert not np.array_equal(d, filter_normalized(objective, seed=1))
    objective.set(7 * objective.get())
    np.testing.assert_allclose(filter_normalized(objective, seed=0), 7 * d, rtol=1e-12)


def test_a_slice_does_not_see_the_scale_of_filters_before_a_batch_norm(device):
    objective = pair("convnet", training=True, device=device)[0]
    positions = np.array([-0.5, 0.0, 0.5])
    before = slice_loss(objective, [filter_normalized(objective, seed=0)], positions)
    for p in objective.parameters:
        if p.ndim == 4:  # batch norm takes a factor of the convolution before it away again, but for its eps
            p.data *= 1000
    after = slice_loss(objective, [filter_normalized(objective, seed=0)], positions)
    np.testing.assert_allclose(after, before, rtol=1e-3)
    plain = slice_loss(objective, [np.random.default_rng(0).standard_normal(objective.size)], positions)
    assert not np.allclose(plain, before, rtol=1e-2)


def test_values_of_a_slice(rng, device):
    objective = pair("mlp", device=device)[0]
    w, directions = objective.get(), rng.standard_normal((2, objective.size))
    positions = np.array([-0.1, 0.0, 0.2])
    line = slice_loss(objective, directions[:1], positions)
    plane = slice_loss(objective, directions, positions)
    np.testing.assert_array_equal(objective.get(), w)
    np.testing.assert_array_equal(plane[:, 1], line)
    objective.set(w - 0.1 * directions[0] + 0.2 * directions[1])
    assert plane[0, 2] == pytest.approx(objective.value(), rel=1e-12)


def test_a_slice_is_curved_like_the_hessian(device):
    objective = pair("mlp", device=device)[0]
    d, h = filter_normalized(objective, seed=0), 1e-4
    below, here, above = slice_loss(objective, [d], np.array([-h, 0.0, h]))
    assert (below - 2 * here + above) / h**2 == pytest.approx(d @ (Hessian(objective) @ d), rel=1e-4)


def test_networks_with_and_without_agr(rng, device, tmp_path):
    x, y = mg.tensor(rng.standard_normal((32, 12)), "float32"), mg.tensor(rng.integers(0, 3, 32))
    x, y = x.to(device), y.to(device)
    batches = DataLoader(TensorDataset(x, y), 8, shuffle=True)
    optimizers = {
        "AdamW": lambda params: optim.AdamW(params, lr=0.01),
        "AdamW(AGR)": lambda params: optim.AdamW(params, lr=0.01, agr=True),
    }

    def run():
        return compare_landscapes(
            lambda: models.mlp(12, (5,), 3).to(device),
            optimizers,
            batches,
            (x, y),
            training=False,
            epochs=2,
            seed=4,
            points=5,
            side=3,
        )

    found, again = run(), run()
    for label, landscape in found.items():
        assert landscape.line.shape == (5,)
        assert landscape.plane.shape == (3, 3)
        assert landscape.line[2] == landscape.plane[1, 1]  # the network itself
        np.testing.assert_array_equal(landscape.plane, again[label].plane)
    assert not np.array_equal(found["AdamW"].line, found["AdamW(AGR)"].line)

    mg.manual_seed(4)
    model = models.mlp(12, (5,), 3).to(device)
    optimizer = optim.AdamW(model.parameters(), lr=0.01, agr=True)
    for _ in range(2):
        train_epoch(model, optimizer, batches)
    with mg.no_grad():
        loss = mg.nn.functional.cross_entropy(model(x), y).item()
    assert found["AdamW(AGR)"].line[2] == pytest.approx(loss, rel=1e-6)

    draw_landscapes(found, tmp_path / "l.png")
    assert (tmp_path / "l.png").read_bytes()[1:4] == b"PNG"
