"""Each loss module against PyTorch's: every reduction, every option."""

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import nn
from tests.nn.twins import agree

REDUCTIONS = ["mean", "sum", "none"]


def pair(name, device, weights=None, **settings):
    """Both losses; arrays in `weights` become tensors of either library."""
    ours = {key: mg.tensor(value, device=device) for key, value in (weights or {}).items()}
    theirs = {key: torch.tensor(value) for key, value in (weights or {}).items()}
    return getattr(nn, name)(**ours, **settings), getattr(torch.nn, name)(**theirs, **settings)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(4, 5), (2, 5, 3), (2, 5, 3, 2)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy(device, rng, reduction, shape, weighted, smoothing):
    weights = {"weight": rng.random(5)} if weighted else {}
    settings = {"reduction": reduction, "ignore_index": 1, "label_smoothing": smoothing}
    ours, theirs = pair("CrossEntropyLoss", device, weights, **settings)
    target = rng.integers(0, 5, (shape[0], *shape[2:]))
    target.flat[0] = 3  # at least one that counts
    agree(ours, theirs, rng.standard_normal(shape), target, device=device)


def test_cross_entropy_of_probabilities(device, rng):
    ours, theirs = pair("CrossEntropyLoss", device)
    target = rng.random((4, 5))
    x = mg.tensor(rng.standard_normal((4, 5)), device=device, requires_grad=True)
    z = torch.tensor(x.numpy(), requires_grad=True)
    loss = ours(x, mg.tensor(target, device=device))
    want = theirs(z, torch.tensor(target))
    loss.backward()
    want.backward()
    assert loss.item() == pytest.approx(want.item(), rel=1e-12)
    np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), rtol=1e-10)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_nll(device, rng, reduction, weighted):
    weights = {"weight": rng.random(5)} if weighted else {}
    ours, theirs = pair("NLLLoss", device, weights, reduction=reduction, ignore_index=2)
    agree(ours, theirs, np.log(rng.random((6, 5))), np.array([0, 1, 2, 3, 4, 2]), device=device)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("MSELoss", {}),
        ("L1Loss", {}),
        ("SmoothL1Loss", {}),
        ("SmoothL1Loss", {"beta": 0.5}),
        ("HuberLoss", {}),
        ("HuberLoss", {"delta": 0.5}),
    ],
)
def test_regression(device, rng, reduction, name, settings):
    ours, theirs = pair(name, device, reduction=reduction, **settings)
    agree(ours, theirs, rng.standard_normal((4, 3)), rng.standard_normal((4, 3)), device=device)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_cross_entropy(device, rng, reduction, weighted):
    weights = {"weight": rng.random((4, 3))} if weighted else {}
    p, target = rng.random((4, 3)), rng.integers(0, 2, (4, 3)).astype(float)
    ours, theirs = pair("BCELoss", device, weights, reduction=reduction)
    only_input(ours, theirs, p, target, device)
    if weighted:
        weights["pos_weight"] = rng.random(3)
    ours, theirs = pair("BCEWithLogitsLoss", device, weights, reduction=reduction)
    only_input(ours, theirs, rng.standard_normal((4, 3)) * 5, target, device)


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
def test_kl_div(device, rng, reduction, log_target):
    ours, theirs = pair("KLDivLoss", device, reduction=reduction, log_target=log_target)
    target = rng.random((4, 3))
    only_input(ours, theirs, np.log(rng.random((4, 3))), np.log(target) if log_target else target, device)


def test_cosine_similarity(device, rng):
    for settings in ({}, {"dim": 0}, {"dim": -1, "eps": 1e-3}):
        ours, theirs = pair("CosineSimilarity", device, **settings)
        agree(ours, theirs, rng.standard_normal((4, 3)), rng.standard_normal((4, 3)), device=device)


def only_input(ours, theirs, x, target, device):
    """Compare with a target that is part of the loss: gradients flow to the first argument alone."""
    mine, other = mg.tensor(target, device=device), torch.tensor(target)
    wrapped = nn.Sequential()
    wrapped.forward = lambda x: ours(x, mine)
    their_wrapped = torch.nn.Sequential()
    their_wrapped.forward = lambda x: theirs(x, other)
    agree(wrapped, their_wrapped, x, device=device)


def test_weights_are_buffers(device):
    weight = np.array([1.0, 2.0], np.float32)
    ours, theirs = pair("CrossEntropyLoss", "cpu", {"weight": weight})
    assert list(ours.state_dict()) == list(theirs.state_dict()) == ["weight"]
    assert ours.to(device, "float64").weight.dtype == np.float64
    assert ours.weight.device == mg.tensor(0.0, device=device).device
    assert list(ours.parameters()) == []


@pytest.mark.parametrize("name", [name for name in dir(nn) if name.endswith("Loss")])
def test_errors(name):
    with pytest.raises(ValueError, match=f"{name}: reduction must be 'mean', 'sum' or 'none', got 'average'"):
        getattr(nn, name)(reduction="average")
    with pytest.raises(TypeError, match="size_average"):
        getattr(nn, name)(size_average=True)
