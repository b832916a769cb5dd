"""sort, argsort and topk against PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies_dims import with_dim


@given(drawn=with_dim(min_dims=0, min_side=0, max_side=8), descending=st.booleans(), ties=st.booleans())
def test_sort(device, drawn, descending, ties):
    x, dim = drawn
    x = np.round(x) if ties else x
    arguments = {"dim": dim, "descending": descending, "stable": True}
    check(mg.sort, lambda x, **k: torch.sort(x, **k), x, device=device, **arguments)
    check(mg.argsort, lambda x, **k: torch.argsort(x, **k), x, device=device, **arguments)


@given(drawn=with_dim(max_side=6), largest=st.booleans(), data=st.data())
def test_topk(device, drawn, largest, data):
    x, dim = drawn
    check(mg.topk, torch.topk, x, data.draw(st.integers(0, x.shape[dim])), dim, largest, device=device)


@pytest.mark.parametrize("descending", [False, True])
def test_nan_counts_as_the_largest(device, descending):
    x = np.array([3.0, np.nan, 1.0, np.inf])
    check(mg.sort, torch.sort, x, descending=descending, device=device, second=False)


def test_integers(device):
    x = np.array([[3, 1, 2], [0, 5, 4]], np.uint8)
    check(mg.sort, torch.sort, x, descending=True, device=device)


def test_named_results(device):
    result = mg.topk(mg.tensor([1.0, 3.0, 2.0], device=device), 2)
    assert result.values.tolist() == [3.0, 2.0]
    assert result.indices.tolist() == [1, 2]


def test_too_many(device):
    with pytest.raises(RuntimeError, match="topk: k must be between 0 and 3, the size of dimension 0; got 4"):
        mg.topk(mg.zeros(3, device=device), 4)
