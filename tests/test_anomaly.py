"""Anomaly mode names the operation and the line where the first NaN arises."""

import pytest

import minigrad as mg
from minigrad import autograd


def tensor(values, device):
    return mg.tensor(values, device=device, requires_grad=True)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_first_nan_of_the_forward_pass(device):
    x = tensor([-1.0, 1.0], device)
    with autograd.detect_anomaly():
        y = x * 2
        with pytest.raises(
            RuntimeError,
            match=r"log made the first NaN, in the forward pass, at .*test_anomaly.py:\d+: z = y.log\(\)",
        ):
            z = y.log()
    z = (x * 2).log()  # outside nothing is refused
    assert z.isnan().tolist() == [True, False]


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_first_nan_of_the_backward_pass(device):
    x = tensor([0.0, 1.0], device)
    with autograd.detect_anomaly():
        y = x.sqrt()
        z = (y * 0).sum()
        with pytest.raises(
            RuntimeError,
            match=r"derivative of sqrt made the first NaN, in the backward pass; .*: y = x.sqrt\(\)",
        ):
            z.backward()


def test_nan_that_was_there_before_is_not_blamed_on_others(device):
    x = mg.tensor([float("nan")], device=device)
    with autograd.detect_anomaly():
        assert (x * 2).isnan().tolist() == [True]


def test_raw_writes_into_saved_arrays_are_noticed(device):
    x = tensor([1.0, 2.0], device)
    with autograd.detect_anomaly():
        y = x * 3
        z = (y * y).sum()
        y.data[0] = 7.0
        with pytest.raises(RuntimeError, match=r"mul: .* overwritten after the forward pass"):
            z.backward()


def test_a_healthy_step_and_functions_pass(device):
    class Double(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = tensor([1.0, 2.0], device)
    with autograd.detect_anomaly():
        Double.apply(x * x).sum().backward()
    assert x.grad.tolist() == [4.0, 8.0]
