"""Saving and loading: state_dict and load_state_dict."""

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import nn
from tests.nn.test_tree import tree
from tests.nn.twins import same_state


def net(library=nn):
    return library.Sequential(library.Linear(3, 4), library.BatchNorm1d(4), library.Linear(4, 2, bias=False))


def values(module):
    return {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}


def test_keys_shapes_and_order_are_pytorchs():
    same_state(net(), net(torch.nn))
    same_state(tree(nn, mg.tensor), tree(torch.nn, torch.tensor))


def test_values_are_detached_but_share_memory(device):
    model = net().to(device)
    state = model.state_dict()
    assert not state["0.weight"].requires_grad
    state["0.weight"].data[...] = 5
    assert (model[0].weight.numpy() == 5).all()


@pytest.mark.parametrize("kind", ["torch", "torch with gradients", "numpy", "ours"])
def test_loads_from_pytorch_and_back(device, kind):
    ours, theirs = net().to(device), net(torch.nn)
    with torch.no_grad():
        theirs(torch.randn(5, 3))
    state = theirs.state_dict(keep_vars=kind == "torch with gradients")
    if kind == "numpy":
        state = {name: tensor.numpy() for name, tensor in state.items()}
    if kind == "ours":
        state = {name: mg.tensor(tensor.numpy()) for name, tensor in state.items()}
    assert ours.load_state_dict(state) == ([], [])
    for name, tensor in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].numpy(), tensor.numpy())

    other = net(torch.nn)
    other.load_state_dict({name: torch.tensor(array) for name, array in values(ours).items()})
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name])


def test_plain_numbers_will_do():
    model = nn.Linear(2, 1)
    model.load_state_dict({"weight": [[1, 2]], "bias": (0.5,)})
    assert model(mg.tensor([[10.0, 100.0]])).tolist() == [[210.5]]


def test_dtype_device_and_identity_stay(device):
    model = net().to(device).half()
    weight, array = model[0].weight, model[0].weight.data
    model.load_state_dict(net().double().state_dict())
    assert model[0].weight is weight
    assert weight.data is array
    assert weight.dtype == np.float16
    assert weight.device == mg.tensor(0.0, device=device).device
    assert model[1].num_batches_tracked.dtype == np.int64


def test_loading_is_noticed_by_backward():
    model = nn.Linear(2, 1)
    x = mg.tensor([[1.0, 2.0]], requires_grad=True)
    y = model(x).sum()
    model.load_state_dict(nn.Linear(2, 1).state_dict())
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_everything_that_does_not_fit_is_in_one_message_and_nothing_changes():
    model = net()
    before = values(model)
    state = values(net())
    state["0.weight"] = np.ones((4, 4))
    state["1.running_var"] = np.array(["a", "b", "c", "d"])
    del state["2.weight"], state["1.bias"]
    state["head.weight"] = state["head.bias"] = np.ones(2)
    with pytest.raises(RuntimeError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict: this state does not fit Sequential:\n"
        "    Missing key(s) in state_dict: 1.bias, 2.weight\n"
        "    Unexpected key(s) in state_dict: head.weight, head.bias\n"
        "    size mismatch for 0.weight: (4, 4) in the state_dict, (4, 3) in the module\n"
        "    no numbers for 1.running_var: its dtype is <U1"
    )
    after = values(model)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


def test_without_strict_only_keys_may_differ():
    model = net()
    state = {"0.bias": np.full(4, 7.0), "head": np.ones(2)}
    keys = model.load_state_dict(state, strict=False)
    assert keys.unexpected_keys == ["head"]
    assert "0.weight" in keys.missing_keys
    assert "0.bias" not in keys.missing_keys
    assert (model[0].bias.numpy() == 7).all()
    with pytest.raises(
        RuntimeError, match=r"size mismatch for 0.bias: \(3,\) in the state_dict, \(4,\) in the module"
    ):
        model.load_state_dict({"0.bias": np.ones(3)}, strict=False)


def test_what_is_no_mapping_is_refused():
    with pytest.raises(TypeError, match="expected a mapping of names to arrays, got list"):
        net().load_state_dict([1, 2])


def test_shared_parameters_are_saved_under_each_name():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert len(list(model.parameters())) == 3
