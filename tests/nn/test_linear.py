import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from tests.nn.twins import agree, twins


@given(
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    bias=st.booleans(),
    batch=st.lists(st.integers(0, 3), max_size=3),
)
def test_linear(device, sizes, bias, batch):
    ours, theirs = twins("Linear", *sizes, bias=bias, device=device)
    x = np.random.default_rng(0).standard_normal((*batch, sizes[0]))
    agree(ours, theirs, x, device=device)


def test_linear_in_float32(device, rng):
    ours, theirs = twins("Linear", 50, 20, device=device, dtype="float32")
    agree(ours, theirs, rng.standard_normal((8, 50)).astype(np.float32), device=device, tolerance=1e-5)


def test_linear_takes_a_device_and_a_dtype(device):
    layer = nn.Linear(2, 3, device=device, dtype="float64")
    assert layer.weight.dtype == layer.bias.dtype == np.float64
    assert layer.weight.device == layer.bias.device == mg.tensor(0.0, device=device).device
    assert nn.Linear(2, 3, dtype=np.float16).weight.dtype == np.float16


def test_linear_refuses_wrong_sizes():
    with pytest.raises(RuntimeError, match="linear"):
        nn.Linear(3, 4)(mg.zeros(2, 5))


def test_linear_draws_anew():
    layer = nn.Linear(3, 4)
    weight, bias = layer.weight.numpy().copy(), layer.bias.numpy().copy()
    layer.reset_parameters()
    assert (layer.weight.numpy() != weight).all()
    assert (layer.bias.numpy() != bias).all()


@pytest.mark.parametrize("dims", [(), (0,), (0, 1), (1, 2), (-2, -1)])
def test_flatten(device, rng, dims):
    ours, theirs = twins("Flatten", *dims, device=device)
    agree(ours, theirs, rng.standard_normal((2, 3, 4, 5)), device=device)


def test_identity(device):
    x = mg.tensor([1.0], device=device)
    assert nn.Identity()(x) is x
