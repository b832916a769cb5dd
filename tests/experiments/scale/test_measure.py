"""Relative changes of gradients, against a plain computation."""

import numpy as np
import pytest

import minigrad as mg
from experiments.scale import measure as module
from experiments.scale.measure import FAMILIES, kinds, measure, relative_changes


def test_relative_changes_are_means_over_the_counted_steps(rng):
    model = mg.nn.Linear(3, 2)
    batches = [mg.tensor(rng.standard_normal((4, 3)).astype(np.float32)) for _ in range(5)]
    seen = []

    def loss(net, x):
        value = (net(x) ** 2).sum()
        return value

    twin = mg.nn.Linear(3, 2)
    twin.load_state_dict(model.state_dict())
    optimizer = module.optim.AdamW(twin.parameters(), lr=1e-3)
    for x in batches:
        optimizer.zero_grad()
        loss(twin, x).backward()
        g = twin.weight.grad.numpy().astype(np.float64)
        a = np.abs(g) / np.abs(g).sum()
        seen.append(np.sqrt(((a * g) ** 2).sum() / (g**2).sum()))
        optimizer.step()
    changes = relative_changes(model, batches, loss, skip=2)
    assert changes["weight"] == pytest.approx(np.mean(seen[2:]), rel=1e-6)
    assert set(changes) == {"weight", "bias"}


def test_gradients_of_zeros_are_not_counted():
    model = mg.nn.Linear(2, 2)
    assert relative_changes(model, [None] * 3, lambda net, _: 0 * net.weight.sum(), skip=0) == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_has_a_kind(family):
    model = FAMILIES[family](8)
    found = {name: kind for name, kind, _ in kinds(model)}
    assert list(found) == [name for name, _ in model.named_parameters()]
    expected = {
        "convnet": {"convolution", "norm", "linear", "bias"},
        "mlp": {"linear", "bias"},
        "transformer": {"convolution", "norm", "linear", "bias", "embedding"},
    }
    assert set(found.values()) == expected[family]


def test_a_measurement_repeats(monkeypatch):
    first, again = (measure("mlp", 8, steps=12, seed=3) for _ in range(2))
    assert first == again
    assert {s.name for s in first} == {f"{i}.{name}" for i in (1, 3, 5) for name in ("weight", "bias")}
    assert all(0 < s.change < 1 for s in first)
