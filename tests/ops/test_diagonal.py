"""Triangles and diagonals against PyTorch."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies import arrays, shapes

matrices = arrays(shape=shapes(min_dims=2, max_dims=4, min_side=0))


@pytest.mark.parametrize("name", ["tril", "triu"])
@given(x=matrices, diagonal=st.integers(-4, 4))
def test_triangles(name, device, x, diagonal):
    check(getattr(mg, name), getattr(torch, name), x, diagonal, device=device)


@given(x=matrices, data=st.data())
def test_diagonal(device, x, data):
    dim1, dim2 = data.draw(st.permutations(range(-x.ndim, 0)))[:2]
    offset = data.draw(st.integers(-x.shape[dim1], x.shape[dim2]))
    check(mg.diagonal, torch.diagonal, x, offset, dim1, dim2, device=device)
    check(mg.diagonal, torch.diagonal, x, device=device)


@given(x=arrays(shape=shapes(min_dims=1, max_dims=3, min_side=0)), offset=st.integers(-2, 2), data=st.data())
def test_diag_embed(device, x, offset, data):
    dim1, dim2 = data.draw(st.permutations(range(-x.ndim - 1, x.ndim + 1)))[:2]
    if dim1 % (x.ndim + 1) != dim2 % (x.ndim + 1):
        check(mg.diag_embed, torch.diag_embed, x, offset, dim1, dim2, device=device)
    check(mg.diag_embed, torch.diag_embed, x, device=device)


@given(x=arrays(shape=shapes(min_dims=1, max_dims=2)), diagonal=st.integers(-1, 1))
def test_diag(device, x, diagonal):
    check(mg.diag, torch.diag, x, diagonal, device=device)


def test_errors(device):
    vector = mg.zeros(3, device=device)
    for message, call in [
        ("tril: expected at least 2 dimensions", lambda: mg.tril(vector)),
        ("diag: expected 1 or 2 dimensions", lambda: mg.diag(mg.zeros(1, 1, 1, device=device))),
        (
            "diagonal: dim1 and dim2 must be different",
            lambda: mg.diagonal(mg.zeros(2, 2, device=device), 0, 1, -1),
        ),
    ]:
        with pytest.raises(RuntimeError, match=message):
            call()
