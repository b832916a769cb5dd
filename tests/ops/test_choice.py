"""Choosing, limiting and rounding against PyTorch, kinks and ties included."""

import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from hypothesis import given

import minigrad as mg
from minigrad.nn import functional as F
from tests.oracle import check
from tests.strategies import arrays, broadcastable


@given(trio=broadcastable(count=3))
def test_where(device, trio):
    mask = trio[0] > 0
    check(mg.where, torch.where, mask, *trio[1:], device=device)
    check(mg.where, torch.where, mask, trio[1], 2.0, device=device)
    check(mg.where, torch.where, mask, 0.5, trio[2], device=device)


def test_where_of_two_numbers(device):
    mask = np.array([True, False])
    method = lambda x, mask: x.where(mask, 2.0)  # noqa: E731
    check(method, method, np.array([1.0, 3.0]), mask, device=device)
    check(mg.where, torch.where, mask, 1.5, 0.0, device=device, tolerances=(0, 0, 0))
    check(mg.where, torch.where, mask, 1, 0, device=device)


@pytest.mark.parametrize("limits", [(-0.5, 0.5), (None, 0.5), (-0.5, None), (1.0, -1.0)])
@given(x=arrays())
def test_clamp(device, limits, x):
    check(mg.clamp, torch.clamp, x, *limits, device=device)


@given(trio=broadcastable(count=3))
def test_clamp_by_tensors(device, trio):
    low, high = np.minimum(*trio[1:]), np.maximum(*trio[1:])
    check(mg.clamp, torch.clamp, trio[0], low, high, device=device)


def test_kinks_and_ties_are_as_in_pytorch(device):
    x = np.array([-1.0, 0.0, 1.0, 2.0])
    for name in ("abs", "sign"):
        check(getattr(mg, name), getattr(torch, name), x, device=device)
    check(mg.maximum, torch.maximum, x, np.array([-1.0, 1.0, 1.0, 0.0]), device=device)
    check(mg.minimum, torch.minimum, x, np.array([-1.0, 1.0, 1.0, 0.0]), device=device)
    check(mg.clamp, torch.clamp, x, 0.0, 1.0, device=device)


@given(pair=broadcastable())
def test_clamp_by_one_tensor(device, pair):
    check(mg.clamp, torch.clamp, *pair, device=device)
    check(
        lambda x, high: mg.clamp(x, max=high), lambda x, high: torch.clamp(x, max=high), *pair, device=device
    )


# An infinite gradient arrives where the result is 0; what was not chosen gets exactly 0 of it, not NaN.
INFINITE = {
    "relu": lambda m, f, x: f.relu(x),
    "hardtanh": lambda m, f, x: f.hardtanh(x, 0.0, 3.0),
    "where": lambda m, f, x: m.where(x > 0, x, 0.0 * x.detach()),
    "masked_fill": lambda m, f, x: x.masked_fill(x <= 0, 0.0),
    "clamp": lambda m, f, x: m.clamp(x, 0.0, 3.0),
    "clamp_min": lambda m, f, x: m.clamp(x, min=0.0),
    "maximum": lambda m, f, x: m.maximum(x, 0.0 * x.detach()),
    "minimum": lambda m, f, x: 3 - m.minimum(3 - x, 3 + 0.0 * x.detach()),
    "max_pool1d": lambda m, f, x: f.max_pool1d(x, 3, 2),
}


@pytest.mark.parametrize("name", INFINITE)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_an_infinite_gradient_does_not_spread(device, name, dtype):
    x = np.array([[-2.0, -1.0, 0.0, 4.0, -1.0]], dtype)
    ours = mg.tensor(x, device=device, requires_grad=True)
    theirs = torch.tensor(x, requires_grad=True)
    mg.sqrt(INFINITE[name](mg, F, ours)).sum().backward()
    torch.sqrt(INFINITE[name](torch, TF, theirs)).sum().backward()
    np.testing.assert_array_equal(ours.grad.numpy(), theirs.grad.numpy())
