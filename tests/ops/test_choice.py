"""Choosing, limiting and rounding against PyTorch, kinks and ties included."""

import numpy as np
import pytest
import torch
from hypothesis import given

import minigrad as mg
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
