"""norm against PyTorch, for every kind of p, and at zero."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies_dims import with_dims

P = [1, 2, 3, 4, 0.5, 1.5, 2.5, 0, -1, -2, -0.5, math.inf, -math.inf, "fro"]


@pytest.mark.parametrize("p", P)
@given(drawn=with_dims(gap=0.3), keepdim=st.booleans())
def test_norm(p, device, drawn, keepdim):
    x, dim = drawn
    if p == "fro" and dim is not None and np.size(dim) > 2:
        dim = None  # more than PyTorch takes
    count = math.prod(x.shape if dim is None else [x.shape[d] for d in np.atleast_1d(dim)]) if x.ndim else 1
    # the norm of one element is its absolute value: the second derivative is nothing but rounding
    check(mg.norm, torch.norm, x, p, dim, keepdim, device=device, second=count > 1)


@pytest.mark.parametrize("p", [1, 2, 3, 1.5, 0.5, 0, math.inf, "fro"])
@pytest.mark.parametrize("x", [[0.0, 0.0, 0.0], [0.0, -2.0, 0.0]])
def test_subgradient_at_zero(device, p, x):
    check(mg.norm, torch.norm, np.array(x), p, 0, device=device, second=False)


def test_second_derivative_at_zero_is_finite(device):
    x = mg.zeros(3, device=device, requires_grad=True)
    (g,) = mg.autograd.grad([mg.norm(x)], [x], create_graph=True)
    (h,) = mg.autograd.grad([g.sum()], [x])
    assert h.tolist() == [0.0, 0.0, 0.0]


def test_default_is_the_euclidean_norm_of_all(device, rng):
    check(mg.norm, torch.norm, rng.standard_normal((2, 3, 4)), device=device)
    check(lambda x: x.norm(), lambda x: x.norm(), rng.standard_normal((2, 3)), device=device)


def test_dtype(device):
    x = mg.tensor(np.array([3, 4]), device=device)
    assert mg.norm(x, dtype="float64").item() == 5.0


def test_refusals(device):
    x = mg.zeros(2, 2, device=device)
    with pytest.raises(NotImplementedError, match="nuclear norm"):
        mg.norm(x, "nuc")
    with pytest.raises(TypeError, match="p must be a number or 'fro', got 'max'"):
        mg.norm(x, "max")
    with pytest.raises(RuntimeError, match="norm: expected a floating tensor, got int64"):
        mg.norm(mg.tensor([1, 2], device=device))
