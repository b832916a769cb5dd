"""Small networks and data, and their twins in PyTorch."""

import numpy as np
import torch

import minigrad as mg
import models
from experiments.curvature import Objective
from minigrad import nn
from tests.models import twins

NETWORKS = {
    "mlp": lambda lib: lib.mlp(12, (5, 4), 3),
    "convnet": lambda lib: lib.convnet(3, 1, (3, 4)),  # with batch norm
    "resnet": lambda lib: lib.ResNet(1, 3),
}
SHAPES = {"mlp": (8, 12), "convnet": (8, 1, 6, 6), "resnet": (8, 3, 8, 8)}


def pair(name, training=False, seed=0, device="cpu"):
    """The objective, and a function from PyTorch's parameters to the same loss, with those parameters."""
    rng = np.random.default_rng(seed)
    mg.manual_seed(seed)
    model = NETWORKS[name](models).double()
    for buffer_name, buffer in model.named_buffers():
        if "running" in buffer_name:
            buffer.data[...] = rng.uniform(0.5, 1.5, buffer.shape)
    twin = NETWORKS[name](twins).double()
    twin.load_state_dict({key: torch.tensor(value.numpy()) for key, value in model.state_dict().items()})
    twin.train(training)
    x, y = rng.standard_normal(SHAPES[name]), rng.integers(0, 3, 8)
    model.to(device)
    objective = Objective(model, mg.tensor(x, device=device), mg.tensor(y, device=device), training=training)
    names = [name for name, _ in twin.named_parameters()]
    buffers = {name: buffer.clone() for name, buffer in twin.named_buffers()}

    def loss(*parameters):
        state = dict(zip(names, parameters, strict=True)) | {k: v.clone() for k, v in buffers.items()}
        logits = torch.func.functional_call(twin, state, (torch.tensor(x),))
        return torch.nn.functional.cross_entropy(logits, torch.tensor(y))

    return objective, loss, tuple(p.detach() for p in twin.parameters())


def quadratic(A, device="cpu"):
    """w' A w / 2 of the weights of a linear layer, as an objective, for a symmetric A."""
    n = len(A)
    model = nn.Linear(n, 1, bias=False, device=device, dtype="float64")
    unused = mg.zeros(1, n, dtype="float64", device=device)
    matrix = mg.tensor(A, device=device)

    def loss(output, _):
        w = model.weight.reshape(n)
        return (w @ (matrix @ w)) / 2 + output.sum() * 0

    return Objective(model, unused, unused, loss, training=False)
