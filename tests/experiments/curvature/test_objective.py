"""The loss as a function of a vector: values of PyTorch, and no trace of having looked."""

import numpy as np
import pytest

import minigrad as mg
from experiments.curvature import Hessian, Objective
from minigrad import nn
from tests.experiments.curvature.nets import NETWORKS, pair


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_value_and_gradient_are_pytorchs(name, training, device):
    objective, loss, parameters = pair(name, training, device=device)
    for p in parameters:
        p.requires_grad_()
    value = loss(*parameters)
    value.backward()
    assert objective.value() == pytest.approx(value.item(), rel=1e-12)
    theirs = np.concatenate([p.grad.reshape(-1).numpy() for p in parameters])
    np.testing.assert_allclose(objective.gradient(), theirs, rtol=1e-9, atol=1e-12)


def test_modes_of_batch_norm_are_two_functions(device):
    values = [pair("convnet", training, device=device)[0].value() for training in (False, True)]
    assert abs(values[0] - values[1]) > 1e-3


@pytest.mark.parametrize("training", [False, True])
def test_looking_leaves_no_trace(training, device):
    objective = pair("convnet", device=device)[0]
    model = objective.model
    objective.training = training
    model.train()
    model[1].eval()  # a mixture of modes has to survive
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    random = mg.default_generator.get_state()
    objective.value()
    objective.gradient()
    Hessian(objective) @ np.ones(objective.size)
    assert [m.training for m in model[:3]] == [True, False, True]
    assert mg.default_generator.get_state() == random
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])
    assert all(p.grad is None for p in model.parameters())


def test_dropout_draws_the_same_mask_every_time(device):
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 50), nn.Dropout(0.5), nn.Linear(50, 3)).to(device)
    x, y = mg.rand(5, 4, device=device), mg.tensor([0, 1, 2, 0, 1], device=device)
    kept = Objective(model, x, y, training=False)
    dropped = Objective(model, x, y, training=True)
    value = dropped.value()
    mg.rand(10)  # whoever else draws meanwhile
    assert dropped.value() == value != kept.value()
    H = Hessian(dropped)
    h = 1e-2
    step = np.random.default_rng(0).standard_normal(dropped.size)
    w, g = dropped.get(), dropped.gradient()
    dropped.set(w + h * step)
    assert np.dot(dropped.gradient() - g, H.gradient) == pytest.approx(
        h * np.dot(Hessian(dropped) @ step, H.gradient), rel=0.1
    )


def test_vectors_and_parameters(device):
    objective = pair("mlp", device=device)[0]
    w = objective.get()
    assert w.shape == (objective.size,) == (12 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3,)
    objective.set(w + 1)
    np.testing.assert_array_equal(objective.get(), w + 1)
    np.testing.assert_array_equal(objective.joined(objective.split(w)), w)
    with pytest.raises(ValueError, match=r"expected a vector of shape \(104,\), got \(3,\)"):
        objective.set(np.zeros(3))


def test_frozen_parameters_are_no_variables(device):
    objective = pair("mlp", device=device)[0]
    model, whole = objective.model, objective.gradient()
    next(iter(model.parameters())).requires_grad_(False)
    rest = Objective(model, objective.inputs, objective.targets, training=False)
    assert rest.size == objective.size - 60
    np.testing.assert_allclose(rest.gradient(), whole[60:], rtol=1e-12)
    model.requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter of the model requires a gradient"):
        Objective(model, objective.inputs, objective.targets, training=False)
