"""Sequential, ModuleList and ModuleDict."""

import pytest
import torch

import minigrad as mg
from minigrad import nn


class Add(nn.Module):
    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, x):
        return x + self.number

    def extra_repr(self):
        return str(self.number)


def numbers(modules):
    return [module.number for module in modules]


def names(module):
    return [name for name, _ in module.named_children()]


def test_sequential_calls_one_after_the_other():
    model = nn.Sequential(Add(1), nn.Identity(), Add(2))
    assert model(mg.tensor(0.0)).item() == 3.0
    assert nn.Sequential()(5) == 5


def test_sequential_takes_a_dictionary_of_names():
    model = nn.Sequential({"first": Add(1), "second": Add(2)})
    assert names(model) == ["first", "second"]
    assert model.second.number == 2
    assert model[0].number == 1
    model[1] = Add(5)
    assert model.second.number == 5


@pytest.mark.parametrize("make", [lambda modules: nn.Sequential(*modules), nn.ModuleList])
def test_lists_are_indexed_like_lists(make):
    modules = [Add(i) for i in range(4)]
    made = make(modules)
    assert len(made) == 4
    assert list(made) == modules
    assert made[1] is modules[1]
    assert made[-1] is modules[3]
    assert modules[2] in made
    assert Add(0) not in made
    for part in (slice(1, 3), slice(None, None, 2), slice(-2, None)):
        assert type(made[part]) is type(made)
        assert list(made[part]) == modules[part]
    made[-1] = Add(9)
    assert numbers(made) == [0, 1, 2, 9]
    for index in (4, -5):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 4 modules"):
            made[index]
        with pytest.raises(IndexError, match="is out of range"):
            made[index] = Add(0)


@pytest.mark.parametrize("make", [lambda modules: nn.Sequential(*modules), nn.ModuleList])
def test_lists_grow(make):
    made = make([Add(0)])
    assert made.append(Add(1)) is made
    assert made.extend([Add(2), Add(3)]) is made
    assert numbers(made) == [0, 1, 2, 3]
    assert names(made) == ["0", "1", "2", "3"]


def test_slices_are_named_as_in_pytorch():
    def parts(nn):
        layers = [nn.ReLU() for _ in range(4)]
        return names(nn.Sequential(*layers)[2:]), names(nn.ModuleList(layers)[2:])

    assert parts(nn) == parts(torch.nn)


def test_append_to_a_slice_replaces_nothing():
    part = nn.Sequential(*[Add(i) for i in range(3)])[1:]
    assert numbers(part.append(Add(7))) == [1, 2, 7]


def test_list_shows_runs_of_equal_modules_once():
    layers = nn.ModuleList([Add(1), Add(2), Add(2), Add(2), Add(1)])
    assert repr(layers) == "ModuleList(\n  (0): Add(1)\n  (1-3): 3 x Add(2)\n  (4): Add(1)\n)"


def test_dictionary():
    modules = nn.ModuleDict({"a": Add(1)})
    modules["b"] = Add(2)
    assert len(modules) == 2
    assert list(modules) == list(modules.keys()) == ["a", "b"]
    assert numbers(modules.values()) == [1, 2]
    assert dict(modules.items())["b"] is modules["b"]
    assert "a" in modules
    assert "c" not in modules
    modules["a"] = Add(5)
    assert numbers(modules.values()) == [5, 2]
    del modules["a"]
    assert list(modules) == ["b"]
    with pytest.raises(KeyError, match="'training'"):
        modules["training"]
    with pytest.raises(KeyError, match="'training'"):
        del modules["training"]
    with pytest.raises(KeyError, match="has an attribute 'keys' already"):
        modules["keys"] = Add(1)


@pytest.mark.parametrize(
    "make",
    [
        nn.Sequential,
        lambda x: nn.ModuleList([x]),
        lambda x: nn.ModuleDict({"x": x}),
        lambda x: nn.ModuleList().extend([x]),
    ],
)
def test_only_modules_can_be_members(make):
    with pytest.raises(TypeError, match=r"cannot register a function as '[0x]': expected a Module or None"):
        make(nn.functional.relu)


def test_members_parameters_count():
    model = nn.ModuleDict({"list": nn.ModuleList([nn.Linear(1, 1)]), "net": nn.Sequential(nn.Linear(1, 1))})
    assert list(model.state_dict()) == ["list.0.weight", "list.0.bias", "net.0.weight", "net.0.bias"]
