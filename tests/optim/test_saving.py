"""Saving and loading the state of optimizers: bit for bit among ours, and to and from PyTorch."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from tests.optim.cases import (
    HYPER,
    IN_TORCH,
    OPTIMIZERS,
    gradient_step,
    optimizer_of,
    parameter,
    play,
    runs,
    same_path,
)
from tests.optim.torch_runs import torch_optimizer_of


def through_json(state_dict):
    """What a checkpoint makes of it: keys become strings, tuples lists, Tensors arrays."""
    arrays = {
        index: {name: value if name == "step" else value.numpy() for name, value in state.items()}
        for index, state in state_dict["state"].items()
    }
    return {
        "state": {str(k): v for k, v in arrays.items()},
        **json.loads(json.dumps({"param_groups": state_dict["param_groups"]})),
    }


@pytest.mark.parametrize("cls", OPTIMIZERS)
@given(data=st.data(), stop=st.integers(0, 5))
def test_a_loaded_optimizer_continues_bit_for_bit(device, cls, data, stop):
    run = data.draw(runs(HYPER[cls], steps=6))
    agr = data.draw(st.sampled_from([False, True, optim.AGR("global", until_step=4)]))
    make = lambda g, p: mg.tensor(g, device=device)  # noqa: E731
    params, optimizer = optimizer_of(cls, run, device, agr=agr)
    play(params, optimizer, run.grads[:stop], make)
    saved = optimizer.state_dict()
    weights = [p.numpy().copy() for p in params]
    want = play(params, optimizer, run.grads[stop:], make)  # must not change what was saved

    copies, other = optimizer_of(cls, run, device)
    for p, w in zip(copies, weights, strict=True):
        p.data[...] = mg.tensor(w, device=device).data
    other.load_state_dict(data.draw(st.sampled_from([lambda d: d, through_json]))(saved))
    same_path(play(copies, other, run.grads[stop:], make), want, 0.0)
    assert repr(other) == repr(optimizer)


@pytest.mark.parametrize("cls", IN_TORCH)
@given(data=st.data())
def test_continues_a_run_of_pytorch(device, cls, data):
    run = data.draw(runs(HYPER[cls], steps=8))
    make = lambda g, p: mg.tensor(g, device=device)  # noqa: E731
    torch_params, torch_optimizer = torch_optimizer_of(cls, run)
    play(torch_params, torch_optimizer, run.grads[:4], lambda g, p: torch.tensor(g))
    params, optimizer = optimizer_of(cls, run, device)
    for p, q in zip(params, torch_params, strict=True):
        p.data[...] = mg.tensor(q.detach().numpy(), device=device).data
    optimizer.load_state_dict(torch_optimizer.state_dict())
    want = play(torch_params, torch_optimizer, run.grads[4:], lambda g, p: torch.tensor(g))
    same_path(play(params, optimizer, run.grads[4:], make), want, 1e-10)


@pytest.mark.parametrize("cls", IN_TORCH)
@given(data=st.data())
def test_pytorch_continues_a_run_of_ours(device, cls, data):
    run = data.draw(runs(HYPER[cls], steps=8))
    make = lambda g, p: mg.tensor(g, device=device)  # noqa: E731
    params, optimizer = optimizer_of(cls, run, device)
    play(params, optimizer, run.grads[:4], make)
    torch_params, torch_optimizer = torch_optimizer_of(cls, run)
    for p, q in zip(params, torch_params, strict=True):
        q.data = torch.tensor(p.numpy())
    saved = optimizer.state_dict()
    for state in saved["state"].values():
        for name, value in state.items():
            state[name] = torch.tensor(value if name == "step" else value.numpy(), dtype=torch.float64)
    for group, other in zip(saved["param_groups"], torch_optimizer.param_groups, strict=True):
        group.update({key: value for key, value in other.items() if key not in group})
    torch_optimizer.load_state_dict(saved)
    want = play(torch_params, torch_optimizer, run.grads[4:], lambda g, p: torch.tensor(g))
    same_path(play(params, optimizer, run.grads[4:], make), want, 1e-10)


def test_the_layout_is_pytorchs(device):
    p = parameter(device=device)
    optimizer = optim.AdamW([p], lr=0.5)
    gradient_step(optimizer, [1.0, 1.0])
    q = torch.nn.Parameter(torch.ones(2))
    q.grad = torch.ones(2)
    torch_optimizer = torch.optim.AdamW([q], lr=0.5)
    torch_optimizer.step()
    ours_, torchs = optimizer.state_dict(), torch_optimizer.state_dict()
    assert ours_["state"].keys() == torchs["state"].keys()
    assert ours_["state"][0].keys() == torchs["state"][0].keys()
    common = {"lr", "betas", "eps", "weight_decay", "amsgrad", "maximize", "params"}
    for key in common:
        assert ours_["param_groups"][0][key] == torchs["param_groups"][0][key]


def saved_with(**changes):
    """The state of Adam for two named parameters, with one thing changed."""
    optimizer = optim.Adam([{"params": [("a", parameter()), ("b", parameter([1.0, 2.0, 3.0]))]}])
    gradient_step(optimizer, [1.0, 1.0], [1.0, 1.0, 1.0])
    saved = optimizer.state_dict()
    group, state = saved["param_groups"][0], saved["state"]
    if "groups" in changes:
        saved["param_groups"] *= 2
    if "params" in changes:
        group["params"] = [0]
    if "names" in changes:
        group["param_names"] = ["a", "c"]
    if "missing" in changes:
        del state[1]["exp_avg_sq"]
    if "shape" in changes:
        state[1]["exp_avg"] = state[0]["exp_avg"]
    if "hyper" in changes:
        del group["amsgrad"]
    if "lr" in changes:
        group["lr"] = -1.0
    return saved


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("groups", "a different number of parameter groups: 2, this optimizer has 1"),
        ("params", "the size of optimizer's group: group 0 has 1 parameters, here it has 2"),
        ("names", "other parameter names in group 0: 'c' instead of 'b'"),
        ("missing", r"parameter 1 \(b\): exp_avg_sq is missing"),
        ("shape", r"parameter 1 \(b\): exp_avg has shape \(2,\), the parameter has \(3,\)"),
        ("hyper", "Adam: group 0 of the loaded state dict has no amsgrad; was it saved by another optimizer"),
        ("lr", "Invalid learning rate: -1.0"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(change, message):
    optimizer = optim.Adam([("a", parameter()), ("b", parameter([1.0, 2.0, 3.0]))], lr=0.125)
    gradient_step(optimizer, [1.0, 1.0], [1.0, 1.0, 1.0])
    before = repr(optimizer), optimizer.state_dict()["state"][0]["exp_avg"].tolist()
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(saved_with(**{change: True}))
    assert (repr(optimizer), optimizer.state_dict()["state"][0]["exp_avg"].tolist()) == before


def test_all_differences_are_named_at_once():
    optimizer = optim.Adam([parameter([1.0]), parameter([1.0])])
    saved = saved_with()
    del saved["param_groups"][0]["param_names"]
    with pytest.raises(ValueError, match="parameter 0") as error:
        optimizer.load_state_dict(saved)
    assert str(error.value).count("has shape") == 4


def test_the_state_of_another_optimizer_is_refused():
    with pytest.raises(
        ValueError, match="SGD: group 0 of the loaded state dict has no dampening, momentum, nesterov"
    ):
        optim.SGD([parameter(), parameter([1.0, 2.0, 3.0])]).load_state_dict(saved_with())


def test_state_of_a_frozen_run_needs_no_arrays():
    optimizer, other = optim.Adam([parameter()]), optim.Adam([parameter()])
    other.load_state_dict(optimizer.state_dict())
    assert other.state == {}
