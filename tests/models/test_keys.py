"""Weights under the names of other libraries."""

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import nn
from models.keys import from_pytorch

MAP = {"blocks.*.*.fc": "net.*.layers.*.dense", "scale": "gamma", "blocks.*.qk": ("net.*.q", "net.*.k")}


def test_names_and_numbers():
    theirs = {"net.3.layers.12.dense.weight": 1, "net.3.layers.12.dense.bias": 2, "gamma": 3}
    assert from_pytorch(theirs, MAP) == {"blocks.3.12.fc.weight": 1, "blocks.3.12.fc.bias": 2, "scale": 3}


@pytest.mark.parametrize("name", ["gammas", "net.x.layers.1.dense.bias", "a.gamma", "net.0.dense", "gamma."])
def test_names_that_are_not_in_the_map_stay(name):
    assert from_pytorch({name: 1}, MAP) == {name: 1}


@pytest.mark.parametrize("make", [np.asarray, torch.tensor, mg.tensor])
def test_weights_are_joined_in_the_order_of_the_map(make):
    q, k = np.arange(6.0).reshape(3, 2), np.arange(4.0).reshape(2, 2)
    theirs = {
        "net.1.k.weight": make(k),
        "net.0.q.bias": make(q),
        "net.1.q.weight": make(q),
        "net.0.k.bias": make(k),
    }
    joined = from_pytorch(theirs, MAP)
    assert list(joined) == ["blocks.1.qk.weight", "blocks.0.qk.bias"]
    for array in joined.values():
        np.testing.assert_array_equal(array, np.concatenate([q, k]))


def test_a_part_that_is_missing_is_refused():
    with pytest.raises(
        RuntimeError, match=r"blocks.1.qk.bias is joined of 2 weights, of which there is only net.1.q.bias"
    ):
        from_pytorch({"net.1.q.bias": np.ones(2)}, MAP)


def test_from_a_file_of_pytorch(tmp_path, device):
    from safetensors.torch import save_file

    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3))
    save_file({"dense." + name: tensor for name, tensor in theirs[0].state_dict().items()}, tmp_path / "file")
    ours = nn.Sequential(nn.Linear(2, 3)).to(device)
    state = from_pytorch(mg.load(tmp_path / "file"), {"0": "dense"})
    assert ours.load_state_dict(state) == ([], [])
    np.testing.assert_array_equal(ours[0].weight.numpy(), theirs[0].weight.detach().numpy())
    with pytest.raises(RuntimeError, match=r"Missing key.*0.weight, 0.bias\n.*Unexpected key.*dense.weight"):
        ours.load_state_dict(from_pytorch(mg.load(tmp_path / "file"), {"0": "linear"}))
