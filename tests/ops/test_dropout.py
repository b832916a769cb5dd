"""Dropout: which elements survive, how they are scaled, and what it is drawn from."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.autograd import grad
from minigrad.gradcheck import gradcheck, gradgradcheck
from minigrad.ops.dropout import dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zeros_at_the_given_rate_and_keeps_the_mean(device, p, dtype):
    x = mg.tensor(np.full(100_000, 3.0), dtype=dtype, device=device)
    y = dropout(x, p, generator=mg.Generator(1)).numpy()
    assert y.dtype == dtype
    assert set(np.unique(y)) == {0, np.dtype(dtype).type(3 * np.dtype(dtype).type(1 / (1 - p)))}
    assert abs((y == 0).mean() - p) < 4 * np.sqrt(p * (1 - p) / y.size)
    assert abs(y.mean() - 3) < 4 * 3 * np.sqrt(p / (1 - p) / y.size)


def test_gradient_passes_where_the_value_did(device):
    x = mg.tensor(np.linspace(1, 2, 50), device=device, requires_grad=True)
    y = dropout(x, 0.5, generator=mg.Generator(0))
    (g,) = grad(y.sum(), x)
    np.testing.assert_array_equal(g.numpy(), 2.0 * (y.numpy() != 0))


def test_derivatives(device):
    x = mg.tensor(np.linspace(1, 2, 6).reshape(2, 3), device=device, requires_grad=True)
    function = lambda x: dropout(x * x, 0.4, generator=mg.Generator(3))  # noqa: E731
    assert gradcheck(function, [x])
    assert gradgradcheck(function, [x])


@pytest.mark.parametrize("arguments", [{"p": 0.0}, {"training": False}, {"p": 1.0, "training": False}])
def test_nothing_to_drop(device, arguments):
    x = mg.ones(10, device=device)
    assert dropout(x, **arguments) is x


def test_p_1_drops_everything(device):
    x = mg.ones(10, device=device, requires_grad=True)
    y = dropout(x, 1.0)
    assert not y.numpy().any()
    (g,) = grad(y.sum(), x)
    assert not g.numpy().any()


def test_same_seed_same_zeros_whatever_the_dtype(device):
    x = mg.ones(1000, device=device)
    first = dropout(x, 0.3, generator=mg.Generator(5)).numpy()
    np.testing.assert_array_equal(first, dropout(x, 0.3, generator=mg.Generator(5)).numpy())
    np.testing.assert_array_equal(
        first != 0, dropout(x.to("float64"), 0.3, generator=mg.Generator(5)).numpy() != 0
    )
    mg.manual_seed(5)
    np.testing.assert_array_equal(first, dropout(x, 0.3).numpy())
    assert (first != dropout(x, 0.3).numpy()).any()


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_a_probability_is_wanted(device, p):
    with pytest.raises(ValueError, match="dropout: the probability must be between 0 and 1, got"):
        dropout(mg.ones(2, device=device), p)


def test_integers_are_refused(device):
    with pytest.raises(RuntimeError, match="dropout: expected a floating tensor, got int64"):
        dropout(mg.tensor([1, 2], device=device))
