"""The user's own operations."""

import gc
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import autograd
from minigrad.gradcheck import gradcheck, gradgradcheck


class Cube(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g


class Exp(autograd.Function):
    """Saves its own output."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return y * g


class SumAndProduct(autograd.Function):
    @staticmethod
    def forward(ctx, x, y, factor):
        ctx.save_for_backward(x, y, None)
        ctx.factor = factor
        return x + y, x * y * factor

    @staticmethod
    def backward(ctx, by_sum, by_product):
        x, y, nothing = ctx.saved_tensors
        assert nothing is None
        return by_sum + by_product * y * ctx.factor, by_sum + by_product * x * ctx.factor, None


def tensor(values, device):
    return mg.tensor(values, dtype="float64", device=device, requires_grad=True)


@pytest.mark.parametrize("function", [Cube, Exp])
def test_first_and_second_derivatives(function, device):
    x = tensor([0.5, -1.0, 2.0], device)
    assert gradcheck(function.apply, x)
    assert gradgradcheck(function.apply, x)


def test_several_inputs_and_outputs(device):
    x, y = tensor([1.0, 2.0], device), tensor([3.0, 5.0], device)
    f = lambda x, y: SumAndProduct.apply(x, y, 2.0)  # noqa: E731
    assert gradcheck(f, (x, y))
    assert gradgradcheck(f, (x, y))
    f(x, y)[1].sum().backward()  # the first output is not used
    assert x.grad.tolist() == [6.0, 10.0]


def test_needs_input_grad_and_constants(device):
    seen = []

    class Probe(autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.needs_input_grad)
            return g, g

    Probe.apply(tensor([1.0], device), mg.tensor([2.0], device=device)).sum().backward()
    assert seen == [(True, False)]
    assert not Probe.apply(mg.tensor([1.0], device=device), mg.tensor([2.0], device=device)).requires_grad
    with mg.no_grad():
        assert not Cube.apply(tensor([1.0], device)).requires_grad


def test_non_differentiable_output(device):
    class Rounded(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.round()
            ctx.mark_non_differentiable(y)
            return x * 1, y

        @staticmethod
        def backward(ctx, g, none):
            return g

    y, rounded = Rounded.apply(tensor([1.3], device))
    assert y.requires_grad
    assert not rounded.requires_grad


def test_a_saved_array_that_is_returned_is_not_written_to(device):
    class Constant(autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(w)
            return x * w

        @staticmethod
        def backward(ctx, g):
            (w,) = ctx.saved_tensors
            return w, None

    x, w = tensor([1.0], device), mg.tensor([2.0], dtype="float64", device=device)
    (Constant.apply(x, w) + Constant.apply(x, w) + x).sum().backward()
    assert x.grad.tolist() == [5.0]
    assert w.tolist() == [2.0]


def test_freed_and_changed(device):
    x = tensor([1.0], device)
    y = Cube.apply(x)
    y.backward()
    with pytest.raises(RuntimeError, match="Cube, whose graph has been freed"):
        y.backward()
    y = Cube.apply(x)
    mg.engine.mutated(x.data)
    with pytest.raises(RuntimeError, match="Cube: .* changed in place"):
        y.backward()


def test_memory_is_freed_without_the_garbage_collector(device):
    gc.disable()
    try:
        y = Exp.apply(tensor(np.ones(10), device))
        node = weakref.ref(y._node)
        del y
        assert node() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        ((None, None), RuntimeError, "for each of 1 arguments, got 2"),
        (3.0, TypeError, "must return Tensors or None, got float"),
    ],
)
def test_wrong_returns_of_backward(device, result, error, words):
    class Wrong(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return result

    x = tensor([1.0], device)
    with pytest.raises(error, match=words):
        Wrong.apply(x).backward()


def test_wrong_shape_and_missing_methods(device):
    class Wide(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return mg.ones(3, 5, device=device)

    x = tensor([1.0, 2.0], device)
    with pytest.raises(RuntimeError, match=r"gradient of shape \(3, 5\) for an input of shape \(2,\)"):
        Wide.apply(x).sum().backward()

    class NoTensor(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 3

    with pytest.raises(TypeError, match="must return a Tensor"):
        NoTensor.apply(tensor([1.0], device))
    with pytest.raises(NotImplementedError, match="must define forward"):
        autograd.Function.apply(tensor([1.0], device))
    with pytest.raises(NotImplementedError, match="must define backward"):
        autograd.Function.backward(None)


def test_an_array_that_backward_returns_is_not_added_to(device):
    class Dot(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x, c):
            ctx.save_for_backward(c)
            return (x * c).sum()

        @staticmethod
        def backward(ctx, g):
            return ctx.saved_tensors[0], None

    c = mg.tensor([2.0, 3.0], device=device)
    x = mg.tensor([5.0, 7.0], device=device, requires_grad=True)
    y = x * 1.0
    for loss in (Dot.apply(y, c) + (y * y).sum(), (y * y).sum() + Dot.apply(y, c)):
        x.grad = None
        loss.backward(retain_graph=True)
        assert x.grad.tolist() == [12.0, 17.0]
        assert c.tolist() == [2.0, 3.0]
