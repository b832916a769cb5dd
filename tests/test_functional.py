"""Products with Jacobians and Hessians against PyTorch."""

import numpy as np
import pytest
import torch
from torch.autograd import functional as theirs

import minigrad as mg
from minigrad.autograd import functional as ours


def vector(x):
    return (x.exp() * x.sum()).reshape(3, 2)[:2]


def scalar(x):
    return (x.exp() * x.sum()).sum() + (x**3).mean()


@pytest.mark.parametrize(
    ("name", "func", "shape"),
    [
        ("vjp", vector, (2, 2)),
        ("jvp", vector, (6,)),
        ("hvp", scalar, (6,)),
        ("jacobian", vector, None),
        ("hessian", scalar, None),
    ],
)
def test_equal_to_pytorch(device, rng, name, func, shape):
    x = rng.standard_normal(6)
    v = [rng.standard_normal(shape)] if shape else []
    got = getattr(ours, name)(func, mg.tensor(x, device=device), *[mg.tensor(a, device=device) for a in v])
    want = getattr(theirs, name)(func, torch.tensor(x), *[torch.tensor(a) for a in v])
    for mine, other in zip(got if v else [got], want if v else [want], strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-10)


def test_constant_and_linear_functions(device):
    x = mg.tensor([1.0, 2.0], device=device)
    assert ours.hvp(lambda x: x.sum(), x, x)[1].tolist() == [0.0, 0.0]
    assert ours.hessian(lambda x: x.sum(), x).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_the_callers_graph_is_left_alone(device):
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    ours.vjp(lambda x: x * 2, x, x)
    assert x.grad is None


def test_refusal(device):
    with pytest.raises(RuntimeError, match=r"hvp: func must return a one-element tensor, got \(2,\)"):
        ours.hvp(lambda x: x * 2, mg.tensor([1.0, 2.0], device=device), mg.tensor([1.0, 2.0], device=device))
