"""amax, amin, max, min, argmax, argmin against PyTorch, also at ties and with NaN."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies import broadcastable
from tests.strategies_dims import with_dim, with_dims


@st.composite
def with_ties(draw, strategy):
    x, dim = draw(strategy)
    return np.round(x) if draw(st.booleans()) else x, dim


@pytest.mark.parametrize("name", ["amax", "amin"])
@given(drawn=with_ties(with_dims()), keepdim=st.booleans())
def test_amax_and_amin_split_ties_evenly(name, device, drawn, keepdim):
    x, dim = drawn
    args = () if dim is None else (dim, keepdim)
    check(getattr(mg, name), getattr(torch, name), x, *args, device=device)


@pytest.mark.parametrize("name", ["max", "min"])
@given(drawn=with_ties(with_dim(min_dims=0)), keepdim=st.booleans())
def test_max_and_min_along_a_dimension_choose_one(name, device, drawn, keepdim):
    x, dim = drawn
    check(getattr(mg, name), getattr(torch, name), x, dim, keepdim, device=device)
    check(getattr(mg, name), getattr(torch, name), x, device=device)
    result = getattr(mg.tensor(x, device=device), name)(dim)
    assert result.values is result[0]
    assert result.indices is result[1]


@pytest.mark.parametrize("name", ["max", "min"])
@given(pair=broadcastable())
def test_max_and_min_of_two_tensors(name, device, pair):
    check(getattr(mg, name), getattr(torch, name), *map(np.round, pair), device=device)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@given(drawn=with_ties(with_dim(min_dims=0)), keepdim=st.booleans(), flat=st.booleans())
def test_positions_are_those_of_the_first(name, device, drawn, keepdim, flat):
    x, dim = drawn
    check(
        getattr(mg, name),
        getattr(np, name) and _first(name),
        x,
        None if flat else dim,
        keepdim,
        device=device,
    )


def _first(name):
    """PyTorch promises no particular one among equals; NumPy (and we) the first."""

    def position(x, dim, keepdim):
        if x.ndim == 0:
            return torch.tensor(0)
        return torch.tensor(getattr(np, name)(x.detach().numpy(), dim, keepdims=keepdim))

    return position


@pytest.mark.parametrize("name", ["amax", "amin", "argmax", "argmin"])
def test_nan_wins(device, name):
    check(
        getattr(mg, name),
        getattr(torch, name),
        np.array([[1.0, np.nan, 3.0], [1.0, 2.0, 3.0]]),
        1,
        device=device,
        second=False,
    )


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32])
@pytest.mark.parametrize("name", ["amax", "amin", "argmax", "argmin"])
def test_other_dtypes(device, dtype, name):
    check(
        getattr(mg, name),
        getattr(torch, name),
        np.array([[3, 1, 2], [5, 9, 7]], dtype),
        1,
        device=device,
        dtype=np.float32,
    )


@pytest.mark.parametrize("name", ["amax", "amin", "max", "min", "argmax", "argmin"])
def test_nothing_to_choose_from(device, name):
    x = mg.zeros(2, 0, device=device)
    with pytest.raises(IndexError, match=r"no element to choose from in a tensor of shape \(2, 0\)"):
        getattr(mg, name)(x)
    with pytest.raises(IndexError, match="no element"):
        getattr(mg, name)(x, 1)


@pytest.mark.parametrize("name", ["amax", "argmin"])
def test_an_empty_result_is_fine(device, name):
    check(getattr(mg, name), getattr(torch, name), np.zeros((0, 3)), 1, device=device)


def test_a_numpy_integer_is_a_dimension(device):
    x = mg.tensor([[1.0, 3.0], [5.0, 2.0]], device=device)
    assert mg.max(x, np.int64(1)).values.tolist() == [3.0, 5.0]
