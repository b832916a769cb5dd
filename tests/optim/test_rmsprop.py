"""RMSprop against PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from tests.optim.cases import ours, rmsprop, runs, same_path
from tests.optim.torch_runs import theirs


@given(run=runs(rmsprop()))
def test_equals_pytorch(device, run):
    # Centred, v - g_bar^2 cancels up to alpha^t (1 - alpha) times its size, below 1e-3 here.
    same_path(ours(optim.RMSprop, run, device), theirs(optim.RMSprop, run), 1e-10)


@given(run=runs(st.fixed_dictionaries({"lr": st.just(1e-2)}), dtype=np.float32))
def test_float32_equals_pytorch(device, run):
    # The step is at most lr / sqrt(1 - alpha) = 10 lr, with at most 10 roundings; the weights are below 10.
    got, want = ours(optim.RMSprop, run, device), theirs(optim.RMSprop, run)
    for step, (mine, other) in enumerate(zip(got, want, strict=True), start=1):
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=step * 2.0**-24 * (2 * 10 + 10 * 10 * 1e-2))


def test_centred_survives_a_constant_gradient(device):
    """There v - g_bar^2 comes down to rounding errors, which may be negative."""
    w = mg.tensor(np.array([1.0, 2.0, 3.0]), device=device, requires_grad=True)
    rmsprop = optim.RMSprop([w], lr=1e-3, alpha=0.5, centered=True, eps=1.0)
    for _ in range(200):
        w.grad = mg.tensor(np.array([0.1, 0.3, 0.7]), device=device)
        rmsprop.step()
    assert np.isfinite(w.numpy()).all()


def test_wrong_alpha():
    with pytest.raises(ValueError, match=r"Invalid alpha value: -0.5"):
        optim.RMSprop([mg.tensor([1.0], requires_grad=True)], alpha=-0.5)
