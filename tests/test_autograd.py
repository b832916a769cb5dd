"""Gradients on demand: backward, grad, hooks, freed graphs, in-place changes, depth."""

import gc
import weakref

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import autograd
from minigrad.nn import functional as F


def leaf(values, device, dtype="float64"):
    return mg.tensor(values, dtype=dtype, device=device, requires_grad=True)


def test_gradients_of_a_shared_value_add_up(device):
    x = leaf([1.0, 2.0], device)
    y = x * x
    z = y + y * x  # y is used twice, x three times
    z.sum().backward()
    assert x.grad.tolist() == [2 + 3, 4 + 12]


def test_backward_twice_accumulates(device):
    x = leaf([1.0, 2.0], device)
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_gradient_arrays_are_never_shared(device):
    x, y = leaf([1.0, 2.0], device), leaf([3.0, 4.0], device)
    weight = mg.tensor([1.0, 1.0], dtype="float64", device=device)
    (x + y).backward(weight)
    x.grad.data += 5
    assert y.grad.tolist() == [1.0, 1.0]
    assert weight.tolist() == [1.0, 1.0]


def test_the_callers_gradient_is_not_written_to_when_an_output_is_given_twice(device):
    x = leaf([1.0, 2.0], device)
    y = x * 2
    weights = [mg.ones(2, dtype="float64", device=device), mg.ones(2, dtype="float64", device=device)]
    autograd.backward([y, y], weights)
    assert x.grad.tolist() == [4.0, 4.0]
    assert [w.tolist() for w in weights] == [[1.0, 1.0], [1.0, 1.0]]


def test_weights_and_several_outputs(device):
    x = leaf([1.0, 2.0], device)
    autograd.backward([x * 2, x.sum()], [mg.tensor([1.0, 10.0], dtype="float64", device=device), None])
    assert x.grad.tolist() == [3.0, 21.0]


def test_inputs_restricts_what_collects(device):
    x, y = leaf([1.0], device), leaf([2.0], device)
    (x * y).backward(inputs=[x])
    assert x.grad.tolist() == [2.0]
    assert y.grad is None


def test_grad_leaves_grad_alone_and_finds_inner_values(device):
    x = leaf([1.0, 2.0], device)
    y = x * 3
    z = (y * y).sum()
    by_x, by_y = autograd.grad(z, [x, y])
    assert by_x.tolist() == [18.0, 36.0]
    assert by_y.tolist() == [6.0, 12.0]
    assert x.grad is None


def test_unused_inputs(device):
    x, y = leaf([1.0], device), leaf([2.0], device)
    with pytest.raises(RuntimeError, match=r"do not depend on input 1 \(shape \(1,\)\)"):
        autograd.grad(x * 2, [x, y], retain_graph=True)
    assert autograd.grad(x * 2, [x, y], allow_unused=True)[1] is None
    assert autograd.grad(x * 2, [x, y], materialize_grads=True)[1].tolist() == [0.0]


def test_third_derivative(device):
    x = leaf(2.0, device)
    y = x**4
    for want in (32.0, 48.0, 48.0):
        (y,) = autograd.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(want)


def test_hessian_vector_product_equals_pytorch(device, rng):
    a, v = rng.standard_normal((2, 5))
    x = leaf(a, device)
    (g,) = autograd.grad((x.exp() * x.sin()).sum(), x, create_graph=True)
    (hv,) = autograd.grad(g, x, mg.tensor(v, device=device))
    t = torch.tensor(a, requires_grad=True)
    (tg,) = torch.autograd.grad((t.exp() * t.sin()).sum(), t, create_graph=True)
    (want,) = torch.autograd.grad(tg, t, torch.tensor(v))
    np.testing.assert_allclose(hv.numpy(), want.numpy(), rtol=1e-12)


def test_backward_through_a_gradient(device):
    """A gradient penalty: the loss contains the gradient."""
    x = leaf([1.0, 2.0], device)
    (g,) = autograd.grad((x**3).sum(), x, create_graph=True)
    (g * g).sum().backward()
    assert x.grad.tolist() == [2 * 3 * 6.0, 2 * 12 * 12.0]


# ---------------------------------------------------------------------- what is refused, and why


def test_freed_graph_is_refused(device):
    x = leaf([1.0], device)
    y = x * 2
    y.backward()
    with pytest.raises(RuntimeError, match=r"result of mul, whose graph has been freed .* retain_graph=True"):
        y.backward()
    z = x * 2
    z.backward(retain_graph=True)
    z.backward()
    assert x.grad.tolist() == [6.0]


def test_nothing_to_differentiate(device):
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        mg.tensor([1.0], device=device).backward()
    with pytest.raises(RuntimeError, match="input 0 .* does not require a gradient"):
        autograd.grad(leaf([1.0], device) * 2, mg.tensor([1.0], device=device))


def test_gradient_must_fit(device):
    x = leaf([1.0, 2.0], device)
    with pytest.raises(RuntimeError, match="only for a one-element result"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match=r"shape \(2,\) must have that shape, got \(3,\)"):
        (x * 2).backward(mg.ones(3, dtype="float64", device=device))
    with pytest.raises(RuntimeError, match="got 1 outputs but 2 gradients"):
        autograd.backward(x * 2, [None, None])


def test_an_error_in_backward_leaves_no_half_sums(device):
    x = leaf([1.0], device)
    y = x * 2
    z = y * y

    def fail(gradient):
        raise ZeroDivisionError

    handle = y.register_hook(fail)
    with pytest.raises(ZeroDivisionError):
        z.backward(retain_graph=True)
    handle.remove()
    z.backward()
    assert x.grad.tolist() == [8.0]


def test_changed_array_is_refused(device):
    x = leaf([1.0, 2.0], device)
    y = x * 3
    z = y * y
    mg.engine.mutated(y.data)
    with pytest.raises(RuntimeError, match=r"mul: an array of shape \(2,\) .* changed in place"):
        z.sum().backward()


def test_change_of_a_view_is_noticed_and_of_a_neighbour_is_not(device):
    x = leaf([1.0, 2.0, 3.0, 4.0], device)
    w = mg.tensor([1.0, 2.0, 3.0, 4.0], dtype="float64", device=device)
    mine, other = w[:2], w[2:]
    y = (x[:2] * mine).sum()
    mg.engine.mutated(other.data)
    y.backward(retain_graph=True)
    mg.engine.mutated(w.data)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_change_of_what_a_fused_operation_keeps_is_noticed(device):
    x = mg.randn(2, 3, 4, device=device, requires_grad=True)
    y = F.scaled_dot_product_attention(x, x, x)
    mg.engine.mutated(y.data)  # attention keeps its result for the backward pass
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def test_changes_before_the_forward_pass_do_not_matter(device):
    w = mg.tensor([1.0, 2.0], dtype="float64", device=device)
    mg.engine.mutated(w.data)
    x = leaf([1.0, 2.0], device)
    (x * w).sum().backward()
    assert x.grad.tolist() == [1.0, 2.0]


# ---------------------------------------------------------------------- recording


def test_no_grad_and_enable_grad(device):
    x = leaf([1.0], device)
    with mg.no_grad():
        assert not (x * 2).requires_grad
        with mg.enable_grad():
            assert (x * 2).requires_grad
        assert not mg.is_grad_enabled()

    @mg.no_grad()
    def evaluate():
        return x * 2

    assert not evaluate().requires_grad
    mg.set_grad_enabled(False)
    assert not (x * 2).requires_grad
    mg.set_grad_enabled(True)
    with mg.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(TypeError, match="not a decorator"):
        mg.set_grad_enabled(True)(evaluate)


def test_recording_is_restored_after_an_error(device):
    with pytest.raises(ZeroDivisionError), mg.no_grad():
        raise ZeroDivisionError
    assert mg.is_grad_enabled()


def test_backward_records_nothing_unless_asked(device):
    x = leaf([2.0], device)
    (x * x).backward()
    assert not x.grad.requires_grad
    (x * x * x).backward(create_graph=True)
    assert x.grad.requires_grad


# ---------------------------------------------------------------------- hooks


def test_hooks_see_and_replace_the_complete_gradient(device):
    x = leaf([1.0], device)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.item()))
    y.register_hook(lambda g: g * 10)
    (y + y * 3).backward()
    assert seen == [4.0]
    assert x.grad.tolist() == [80.0]


def test_removed_hooks_are_silent(device):
    x = leaf([1.0], device)
    with x.register_hook(lambda g: g * 10):
        (x * 1).backward()
    (x * 1).backward()
    assert x.grad.tolist() == [11.0]


def test_hook_must_return_the_right_shape(device):
    x = leaf([1.0], device)
    x.register_hook(lambda g: mg.ones(3, device=device))
    with pytest.raises(RuntimeError, match=r"hook must return None or a tensor of shape \(1,\)"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match="none will ever arrive"):
        mg.tensor(1.0, device=device).register_hook(print)


def test_retain_grad_keeps_the_gradient_of_an_inner_value(device):
    x = leaf([1.0], device)
    y = x * 2
    y.retain_grad()
    (y * y).backward()
    assert y.grad.tolist() == [4.0]


# ---------------------------------------------------------------------- size


def test_graph_100_000_operations_deep(device):
    x = leaf([1.0], device)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert x.grad.tolist() == [1.0]


def test_deep_graph_dies_without_recursion(device):
    y = leaf([1.0], device)
    for _ in range(100_000):
        y = y + 1
    del y


def test_graph_is_freed_without_the_garbage_collector(device):
    gc.disable()
    try:
        x = leaf(np.ones(1000), device)
        y = x * 2
        node = weakref.ref(y._node)
        z = y.sum()
        del y
        z.backward()
        del z
        assert node() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("shape", [(3, 4), (70, 80), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("backwards", [False, True])
def test_gradients_that_are_views_are_summed_in_nobodys_memory(device, shape, backwards):
    """Gradients meet at `y` as broadcast, transposed, sliced and shared views, in either order."""

    def joined(lib, x, expand):
        y = x * 2
        parts = [
            lambda: y.sum(),
            lambda: y.mean(0).sum() + y.mean(1).sum(),
            lambda: (y.T.reshape(-1) * y.T.reshape(-1)).sum(),
            lambda: lib.cat([y[:1], y[:1]]).sum(),
            lambda: expand(y).sum(),
            lambda: (y + y).sum(),
        ]
        order = parts[::-1] if backwards else parts
        total = order[0]()
        for part in order[1:]:
            total = total + part()
        return total

    values = np.random.default_rng(0).standard_normal(shape)
    ours = mg.tensor(values, device=device, requires_grad=True)
    theirs = torch.tensor(values, requires_grad=True)
    joined(mg, ours, lambda y: y.expand(2, *shape)).backward()
    joined(torch, theirs, lambda y: y.expand(2, *shape)).backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 1, 2), (2, 3, 1, 0), (0, 2, 3, 1)])
def test_slices_are_written_into_one_gradient(device, order):
    """Overlapping slices, picked rows and whole uses of `y` meet in every order."""

    def total(x):
        y = x * 2
        parts = [y[:3, 1:].sum() * 3, (y[2] * y[2]).sum(), (y * y).sum(), (y[:, ::2] * y[:, :1]).sum()]
        result = parts[order[0]]
        for i in order[1:]:
            result = result + parts[i]
        return result

    values = np.random.default_rng(1).standard_normal((5, 4))
    ours = mg.tensor(values, device=device, requires_grad=True)
    theirs = torch.tensor(values, requires_grad=True)
    total(ours).backward()
    total(theirs).backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-12)
    autograd.gradgradcheck(total, [mg.tensor(values, device=device, requires_grad=True)])


def test_a_slice_does_not_write_into_a_gradient_that_another_tensor_shares(device):
    y, w = (mg.tensor([1.0, 2.0], device=device, requires_grad=True) * 1.0 for _ in range(2))
    w.retain_grad()
    y.retain_grad()
    part = y[:1].sum()  # older than the sum below, so its gradient comes second
    ((y + w) * 3.0).sum().backward(retain_graph=True)
    y.grad = w.grad = None
    (((y + w) * 3.0).sum() + part).backward()
    assert w.grad.tolist() == [3.0, 3.0]
    assert y.grad.tolist() == [4.0, 3.0]
