"""cumsum and cumprod against PyTorch."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies_dims import with_dim


@given(drawn=with_dim(min_dims=0, min_side=0))
def test_cumsum(device, drawn):
    x, dim = drawn
    check(mg.cumsum, torch.cumsum, x, dim, device=device)
    check(mg.cumsum, torch.cumsum, x.astype(np.int32), dim, device=device)


@given(drawn=with_dim(min_dims=0, min_side=0, max_side=6), zeros=st.integers(0, 3))
def test_cumprod_with_zeros(device, drawn, zeros):
    x, dim = drawn
    x.reshape(-1)[: 2 * zeros : 2] = 0.0
    check(mg.cumprod, torch.cumprod, x, dim, device=device)


def test_dtype(device):
    x = mg.tensor([1, 2, 3], device=device)
    assert mg.cumsum(x, 0, dtype="float64").tolist() == [1.0, 3.0, 6.0]
    assert mg.cumprod(x, 0, dtype="float32").dtype == np.float32
