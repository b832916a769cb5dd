"""Gradient clipping against PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim

NORMS = [2.0, 1.0, 3, 0.5, float("inf"), -float("inf"), 0.0]


@st.composite
def gradients(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = draw(st.lists(st.sampled_from([(), (1,), (4,), (2, 3)]), min_size=1, max_size=4))
    scale = draw(st.sampled_from([1e-3, 1.0, 1e3]))
    return [
        None if rng.random() < 0.2 else scale * np.asarray(rng.standard_normal(shape)) for shape in shapes
    ]


def both(grads, device, dtype):
    """Parameters of ours and of PyTorch with these gradients."""
    mine, theirs = [], []
    for g in grads:
        shape = () if g is None else g.shape
        mine.append(mg.tensor(np.zeros(shape, dtype), device=device, requires_grad=True))
        theirs.append(torch.zeros(shape, dtype=getattr(torch, np.dtype(dtype).name), requires_grad=True))
        if g is not None:
            mine[-1].grad = mg.tensor(g.astype(dtype), device=device)
            theirs[-1].grad = torch.tensor(g.astype(dtype))
    return mine, theirs


def same_gradients(mine, theirs, tolerance):
    for p, q in zip(mine, theirs, strict=True):
        if q.grad is None:
            assert p.grad is None
        else:
            assert p.grad.dtype == q.grad.numpy().dtype
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=tolerance)


# PyTorch sums float32 in float32, ours in float64: 24 squares, a root and a division.
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 16 * 2.0**-23)])
@given(grads=gradients(), limit=st.sampled_from([0.1, 1.0, 1e4]), norm_type=st.sampled_from(NORMS))
def test_norm_equals_pytorch(device, dtype, tolerance, grads, limit, norm_type):
    mine, theirs = both(grads, device, dtype)
    got = optim.clip_grad_norm_(iter(mine), limit, norm_type)
    want = torch.nn.utils.clip_grad_norm_(theirs, limit, norm_type)
    assert isinstance(got, mg.Tensor)
    assert got.shape == ()
    assert got.dtype == want.numpy().dtype
    assert got.device == mine[0].device or all(g is None for g in grads)
    np.testing.assert_allclose(got.item(), want.item(), rtol=tolerance)
    same_gradients(mine, theirs, 2 * tolerance)


def test_one_tensor_or_none(device):
    (p,), (q,) = both([np.array([3.0, 4.0])], device, np.float64)
    assert optim.clip_grad_norm_(p, 1.0).item() == 5.0
    torch.nn.utils.clip_grad_norm_(q, 1.0)
    same_gradients([p], [q], 1e-15)
    assert optim.clip_grad_norm_([], 1.0).item() == 0.0


def test_float16_norm_does_not_overflow(device):
    (p,), _ = both([np.full(1000, 60_000.0)], device, np.float16)
    norm = optim.clip_grad_norm_(p, 1.0)
    np.testing.assert_allclose(norm.item(), 60_000 * 1000**0.5, rtol=1e-3)
    np.testing.assert_allclose(p.grad.numpy(), 1000**-0.5, rtol=2e-3)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_non_finite_norms(device, bad):
    (p,), (q,) = both([np.array([1.0, bad])], device, np.float64)
    with pytest.raises(
        RuntimeError, match=rf"the norm of order 2.0 of the gradients is non-finite \({bad}\)"
    ):
        optim.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(p.grad.numpy(), [1.0, bad])
    with np.errstate(invalid="ignore"):
        optim.clip_grad_norm_([p], 1.0)
    torch.nn.utils.clip_grad_norm_([q], 1.0)
    same_gradients([p], [q], 0)


@given(grads=gradients(), limit=st.sampled_from([0.0, 0.5, 10.0]))
def test_value_equals_pytorch(device, grads, limit):
    mine, theirs = both(grads, device, np.float64)
    optim.clip_grad_value_(iter(mine), limit)
    if any(g is not None for g in grads):  # PyTorch 2.13 fails if there is no gradient at all
        torch.nn.utils.clip_grad_value_(theirs, limit)
    same_gradients(mine, theirs, 0)


@pytest.mark.parametrize("clip", [optim.clip_grad_norm_, optim.clip_grad_value_])
def test_backward_notices_the_changed_gradient(device, clip):
    (p,), _ = both([np.array([3.0, 4.0])], device, np.float64)
    x = mg.tensor(np.ones(2), device=device, requires_grad=True)
    y = p.grad * x
    clip(p, 1.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward(mg.tensor(np.ones(2), device=device))
