"""Weights travel both ways between our networks and the same ones in PyTorch, and train alike."""

import numpy as np
import pytest
import torch

import minigrad as mg
import models
from tests.models import twins
from tests.nn.twins import close, same_buffers, same_state

NETWORKS = {
    "resnet20": (models.resnet20, lambda: twins.ResNet(3)),
    "convnet": (models.convnet, twins.convnet),
    "mlp": (models.mlp, twins.mlp),
}


@pytest.fixture(params=NETWORKS)
def pair(request, device):
    ours, theirs = (make() for make in NETWORKS[request.param])
    torch.manual_seed(0)
    for module in theirs.modules():  # what every layer starts with would not show if it were mixed up
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 1.5)
    return ours.to(device), theirs


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-5)])
def test_one_step_of_training_is_the_same(pair, device, rng, dtype, tolerance):
    ours, theirs = pair
    theirs.to(getattr(torch, dtype))
    ours.to(dtype)
    same_state(ours, theirs)
    assert ours.load_state_dict(theirs.state_dict()) == ([], [])
    images = rng.standard_normal((4, 3, 32, 32)).astype(dtype)
    labels = np.array([3, 1, 4, 1])

    close(
        ours.eval()(mg.tensor(images, device=device)),
        theirs.eval()(torch.tensor(images)),
        tolerance,
        "evaluation",
    )

    logits = ours.train()(mg.tensor(images, device=device))
    their_logits = theirs.train()(torch.tensor(images))
    close(logits, their_logits, tolerance, "logits")
    mg.nn.functional.cross_entropy(logits, mg.tensor(labels, device=device)).backward()
    torch.nn.functional.cross_entropy(their_logits, torch.tensor(labels)).backward()
    # Rounding adds up over twenty layers: the gradients of the first ones have lost another digit in float32.
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        close(mine.grad, other.grad, tolerance * (30 if dtype == "float32" else 1), f"gradient of {name}")
    same_buffers(ours, theirs, tolerance)


def test_weights_go_back(pair, device, rng):
    ours, theirs = pair
    state = {name: torch.tensor(tensor.numpy()) for name, tensor in ours.state_dict().items()}
    theirs.load_state_dict(state)
    images = rng.standard_normal((2, 3, 32, 32)).astype(np.float32)
    close(ours.eval()(mg.tensor(images, device=device)), theirs.eval()(torch.tensor(images)), 1e-5, "logits")
