"""Adam and AdamW against PyTorch, and AdamW(AGR) against plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from tests.optim.cases import adam, at_least_200, ours, runs, same_path
from tests.optim.reference import adamw_run
from tests.optim.torch_runs import theirs


@pytest.mark.parametrize("cls", [optim.Adam, optim.AdamW])
@given(run=runs(adam()))
def test_equals_pytorch(device, cls, run):
    same_path(ours(cls, run, device), theirs(cls, run), 1e-12)


@at_least_200
@given(run=runs(adam()), agr=st.booleans())
def test_adamw_equals_its_definition(device, run, agr):
    same_path(ours(optim.AdamW, run, device, agr=agr), adamw_run(run, agr), 1e-11)


@pytest.mark.parametrize("cls", [optim.Adam, optim.AdamW])
@given(run=runs(st.fixed_dictionaries({"lr": st.just(1e-2)}), dtype=np.float32))
def test_float32_equals_pytorch(device, cls, run):
    # The step is at most (1 - beta1) / sqrt(1 - beta2) = 3.2 lr, with at most 20 roundings; the weights are
    # below 10.
    got, want = ours(cls, run, device), theirs(cls, run)
    for step, (mine, other) in enumerate(zip(got, want, strict=True), start=1):
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=step * 2.0**-24 * (2 * 10 + 20 * 3.2e-2))


@pytest.mark.parametrize(("cls", "want"), [(optim.AdamW, 1.0), (optim.Adam, 1.5)])
def test_decay_is_decoupled_only_in_adamw(device, cls, want):
    w = mg.tensor(np.array([2.0]), device=device, requires_grad=True)
    w.grad = mg.tensor(np.array([0.0]), device=device)
    cls([w], lr=0.5, weight_decay=1.0).step()
    assert w.item() == pytest.approx(want, abs=1e-7)


def test_pieces_of_a_large_tensor_are_one_tensor(device, rng):
    """More elements than are updated at a time, and not a multiple of them."""
    import torch

    w, grads = rng.standard_normal((3, 17_001)), rng.standard_normal((4, 3, 17_001))
    mine = mg.tensor(w, device=device, requires_grad=True)
    other = torch.nn.Parameter(torch.tensor(w))
    optimizers = optim.AdamW([mine], lr=0.1, amsgrad=True), torch.optim.AdamW([other], lr=0.1, amsgrad=True)
    for g in grads:
        mine.grad, other.grad = mg.tensor(g, device=device), torch.tensor(g)
        for optimizer in optimizers:
            optimizer.step()
    np.testing.assert_allclose(mine.numpy(), other.detach().numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"betas": (1.0, 0.999)}, "Invalid beta parameter at index 0: 1.0"),
        ({"betas": (0.9, -0.1)}, "Invalid beta parameter at index 1: -0.1"),
        ({"betas": (0.9,)}, r"Adam: betas must be 2 numbers, got \(0.9,\)"),
        ({"eps": -1e-8}, "Invalid epsilon value: -1e-08"),
        ({"weight_decay": -1}, "Invalid weight_decay value: -1"),
    ],
)
def test_wrong_hyper_parameters(wrong, message):
    with pytest.raises(ValueError, match=message):
        optim.Adam([mg.tensor([1.0], requires_grad=True)], **wrong)
