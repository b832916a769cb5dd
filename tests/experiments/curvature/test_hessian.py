"""Products with the Hessian against PyTorch, finite differences and the dense matrix."""

import numpy as np
import pytest
import torch

import minigrad as mg
from experiments.curvature import Hessian, Objective
from minigrad import nn
from tests.experiments.curvature.nets import NETWORKS, pair, quadratic

CASES = [(name, training) for name in NETWORKS for training in (False, True)]


@pytest.mark.parametrize(("name", "training"), CASES)
def test_products_are_pytorchs(name, training, rng, device):
    objective, loss, parameters = pair(name, training, device=device)
    H = Hessian(objective)
    for _ in range(2):
        v = rng.standard_normal(objective.size)
        pieces = np.split(v, np.cumsum([p.numel() for p in parameters])[:-1])
        directions = tuple(torch.tensor(d).reshape(p.shape) for d, p in zip(pieces, parameters, strict=True))
        _, theirs = torch.autograd.functional.hvp(loss, parameters, directions)
        expected = np.concatenate([t.reshape(-1).numpy() for t in theirs])
        scale = abs(expected).max()
        np.testing.assert_allclose(H @ v, expected, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["mlp", "convnet"])
def test_products_are_differences_of_gradients(name, training, rng, device):
    objective = pair(name, training, device=device)[0]
    v, w, h = rng.standard_normal(objective.size), objective.get(), 1e-6
    product = Hessian(objective) @ v
    objective.set(w + h * v)
    above = objective.gradient()
    objective.set(w - h * v)
    np.testing.assert_allclose(
        product, (above - objective.gradient()) / (2 * h), atol=1e-6 * abs(product).max()
    )


def test_the_dense_matrix(rng, device):
    objective = pair("mlp", device=device)[0]
    H = Hessian(objective)
    dense, v = H.dense(), rng.standard_normal(objective.size)
    np.testing.assert_array_equal(dense, dense.T)
    np.testing.assert_allclose(dense @ v, H @ v, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(H.gradient, objective.gradient(), rtol=1e-12)
    A = rng.standard_normal((6, 6))
    np.testing.assert_allclose(Hessian(quadratic(A + A.T, device)).dense(), A + A.T, rtol=1e-12)


def test_a_linear_loss_has_no_curvature(device):
    model = nn.Linear(3, 2).to(device)
    x = mg.ones(4, 3, device=device)
    H = Hessian(Objective(model, x, x, lambda y, _: y.sum(), training=False))
    assert not (H @ np.ones(H.size, np.float32)).any()


def test_it_belongs_to_one_point(device):
    objective = pair("mlp", device=device)[0]
    H = Hessian(objective)
    objective.set(objective.get() + 1)
    with pytest.raises(RuntimeError, match="changed in place"):
        H @ np.ones(H.size)
