"""The same runs in PyTorch."""

import torch

from tests.optim.cases import play


def torch_class(cls):
    return getattr(torch.optim, cls.__name__)


def torch_optimizer_of(cls, run):
    groups = [
        {"params": [torch.nn.Parameter(torch.tensor(w)) for w in weights], **hyper}
        for weights, hyper in zip(run.weights, run.hypers, strict=True)
    ]
    return [p for group in groups for p in group["params"]], torch_class(cls)(groups, lr=1e-3)


def theirs(cls, run):
    params, optimizer = torch_optimizer_of(cls, run)
    return play(params, optimizer, run.grads, lambda g, p: torch.tensor(g))
