"""The checker of derivatives catches wrong ones."""

import pytest

import minigrad as mg
from minigrad import autograd
from minigrad.gradcheck import GradcheckError, gradcheck, gradgradcheck


class WrongFirst(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return -g * x.cos()


class WrongSecond(autograd.Function):
    """The first derivative is right, but computed from a detached value."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x.detach().cos()


def tensor(values, device):
    return mg.tensor(values, dtype="float64", device=device, requires_grad=True)


def test_wrong_derivatives_are_caught_by_name(device):
    x = tensor([0.3, 1.2], device)
    with pytest.raises(
        GradcheckError,
        match=r"apply: derivative for input 0 \(shape \(2,\)\) .* backward gives .* finite differences give",
    ):
        gradcheck(WrongFirst.apply, x)
    assert gradcheck(WrongSecond.apply, x)
    with pytest.raises(GradcheckError, match="gradient of apply"):
        gradgradcheck(WrongSecond.apply, x)
    assert gradcheck(WrongFirst.apply, x, raise_exception=False) is False


def test_the_right_input_is_named(device):
    x, y = tensor([0.3], device), tensor([0.4], device)
    with pytest.raises(GradcheckError, match="input 1"):
        gradcheck(lambda x, y: x * WrongFirst.apply(y), (x, y))


def test_integer_outputs_and_constant_inputs_are_left_out(device):
    x = tensor([0.3, 1.5], device)
    n = mg.tensor([2.0, 2.0], dtype="float64", device=device)
    assert gradcheck(lambda x, n: (x * n, (x > 1)), (x, n))
    assert gradcheck(lambda x: mg.tensor([1.0], dtype="float64", device=device), x)  # does not depend on x


def test_refusals(device):
    with pytest.raises(ValueError, match="none of the inputs requires a gradient"):
        gradcheck(mg.exp, mg.tensor([1.0], device=device))
    with pytest.raises(ValueError, match="input 0 is float32; finite differences need float64"):
        gradcheck(mg.exp, mg.tensor([1.0], device=device, requires_grad=True))
