"""Softmax, its logarithm and softmin against PyTorch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as T
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd import grad
from minigrad.ops import softmax as module
from tests.oracle import check
from tests.strategies import arrays, shapes

NAMES = ["softmax", "log_softmax", "softmin"]


def functions(name):
    return getattr(module, name), getattr(T, name)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_along_any_dimension(name, device, data):
    x = data.draw(arrays(shapes(), low=-6, high=6))
    dim = data.draw(st.integers(-max(x.ndim, 1), max(x.ndim, 1) - 1))
    check(*functions(name), x, device=device, dim=dim)
    check(*functions(name), x.astype(np.float32), device=device, second=False, dtype=np.float32, dim=dim)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("shape", "dim"), [((3, 0), 1), ((3, 0), 0), ((0, 3), 1)])
def test_of_nothing(name, device, shape, dim):
    check(*functions(name), np.zeros(shape), device=device, dim=dim)


@pytest.mark.parametrize("name", NAMES)
def test_of_large_and_of_masked_scores(name, device):
    sign = -1 if name == "softmin" else 1
    x = sign * np.array([[1e4, 0, -1e4], [1e30, 1e30, -np.inf], [-np.inf, 5, -np.inf]])
    check(*functions(name), x, device=device, dim=1, second=False)


@pytest.mark.parametrize("name", NAMES)
def test_dtype_converts_first(name, device):
    ours, theirs = functions(name)
    got = ours(mg.tensor([1, 2, 4], device=device), 0, dtype="float64")
    np.testing.assert_allclose(
        got.numpy(), theirs(torch.tensor([1, 2, 4]), 0, dtype=torch.float64).numpy(), rtol=1e-12
    )
    x = mg.tensor(np.array([1, 2], np.float32), device=device, requires_grad=True)
    (g,) = grad(ours(x, 0, "float64")[0], x)
    assert g.dtype == np.float32


@pytest.mark.parametrize("name", NAMES)
def test_refusals(name, device):
    ours, _ = functions(name)
    with pytest.raises(RuntimeError, match=f"{name}: expected a floating tensor, got int64"):
        ours(mg.tensor([1, 2], device=device), 0)
    with pytest.raises(RuntimeError, match=f"{name}: expected a floating tensor, got int64"):
        ours(mg.ones(2, device=device), 0, dtype="int64")
    with pytest.raises(IndexError, match=f"{name}: dimension 2 is out of range"):
        ours(mg.ones((2, 2), device=device), 2)
