"""What a module is made of: attributes, registration, walking through it."""

import pytest
import torch

import minigrad as mg
from minigrad import nn


def tree(nn, tensor):
    """A module with everything in it, from either library: what is shared, None, buffers, lists."""

    class Leaf(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("table", tensor([3.0]))
            self.weight = nn.Parameter(tensor([1.0, 2.0]))
            self.register_parameter("bias", None)
            self.register_buffer("scratch", tensor([0.0]), persistent=False)
            self.register_buffer("nothing", None)

    class Root(nn.Module):
        def __init__(self):
            super().__init__()
            self.second = Leaf()
            self.first = Leaf()
            self.again = self.first
            self.scale = nn.Parameter(tensor([4.0]))
            self.tied = self.second.weight
            self.nobody = None
            self.plain = tensor([5.0])
            self.many = nn.ModuleList([Leaf(), nn.Sequential(Leaf())])

    return Root()


@pytest.fixture
def ours():
    return tree(nn, mg.tensor)


@pytest.fixture
def theirs():
    return tree(torch.nn, torch.tensor)


@pytest.mark.parametrize("walk", ["named_parameters", "named_buffers"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prefix": "net"},
        {"recurse": False},
        {"remove_duplicate": False},
        {"remove_duplicate": False, "prefix": "a.b"},
    ],
)
def test_named_tensors_come_as_in_pytorch(ours, theirs, walk, options):
    mine = [(name, tensor.tolist()) for name, tensor in getattr(ours, walk)(**options)]
    other = [(name, tensor.tolist()) for name, tensor in getattr(theirs, walk)(**options)]
    assert mine == other


@pytest.mark.parametrize("options", [{}, {"prefix": "net"}, {"remove_duplicate": False}])
def test_named_modules_come_as_in_pytorch(ours, theirs, options):
    mine = [(name, type(module).__name__) for name, module in ours.named_modules(**options)]
    other = [(name, type(module).__name__) for name, module in theirs.named_modules(**options)]
    assert mine == other


def test_a_memo_leaves_modules_out(ours):
    memo = {ours.many}
    names = [name for name, _ in ours.named_modules(memo)]
    assert names == ["", "second", "first"]
    assert ours.second in memo


def test_children_and_modules(ours, theirs):
    assert [name for name, _ in ours.named_children()] == [name for name, _ in theirs.named_children()]
    assert len(list(ours.children())) == 3
    assert len(list(ours.modules())) == len(list(theirs.modules()))
    assert len(list(ours.parameters())) == len(list(theirs.parameters()))
    assert len(list(ours.parameters(recurse=False))) == 2
    assert len(list(ours.buffers())) == len(list(theirs.buffers()))


def test_replacing_a_parameter_keeps_its_place(ours):
    names = [name for name, _ in ours.first.named_parameters()]
    ours.first.weight = nn.Parameter([9.0])
    ours.first.bias = nn.Parameter([1.0])
    assert [name for name, _ in ours.first.named_parameters()] == [*names, "bias"]
    ours.first.weight = None
    assert [name for name, _ in ours.first.named_parameters()] == ["bias"]
    del ours.first.bias
    assert list(ours.first.parameters()) == []


def test_a_buffer_can_be_replaced_deleted_or_become_a_parameter(ours):
    leaf = ours.first
    leaf.table = mg.tensor([8.0])
    assert dict(leaf.named_buffers())["table"].tolist() == [8.0]
    leaf.table = nn.Parameter([7.0])
    assert "table" in dict(leaf.named_parameters())
    assert "table" not in dict(leaf.named_buffers())
    del leaf.scratch
    assert list(leaf.named_buffers()) == []


def test_get_submodule(ours):
    assert ours.get_submodule("") is ours
    assert ours.get_submodule("many.1.0") is ours.many[1][0]
    with pytest.raises(AttributeError, match=r"no module 'many.7.x': ModuleList has no '7', only 0, 1"):
        ours.get_submodule("many.7.x")
    with pytest.raises(AttributeError, match="Leaf has no 'weight', only nothing"):
        ours.get_submodule("first.weight")


def test_forgotten_super_init_is_explained():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(
        AttributeError,
        match=r"cannot assign 'layer' yet: begin Forgetful.__init__ with super\(\).__init__\(\)",
    ):
        Forgetful()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weight", mg.tensor([1.0]), "cannot assign a Tensor as parameter 'weight' of Leaf"),
        ("weight", 3, "cannot assign a int as parameter 'weight'"),
        ("table", [1.0], "cannot assign a list as buffer 'table' of Leaf"),
    ],
)
def test_registered_names_keep_their_kind(ours, name, value, message):
    with pytest.raises(TypeError, match=message):
        setattr(ours.first, name, value)
    with pytest.raises(TypeError, match="cannot assign a int as child module 'first' of Root"):
        ours.first = 1


@pytest.mark.parametrize("register", ["register_parameter", "register_buffer", "register_module"])
@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (1, TypeError, "must be a str, got int"),
        ("", KeyError, "must not be empty"),
        ("a.b", KeyError, "must not contain '.'"),
        ("forward", KeyError, "Root has an attribute 'forward' already"),
        ("plain", KeyError, "Root has an attribute 'plain' already"),
    ],
)
def test_bad_names_are_refused(ours, register, name, error, message):
    with pytest.raises(error, match=message):
        getattr(ours, register)(name, None)


def test_bad_values_are_refused(ours):
    with pytest.raises(TypeError, match="cannot register a Tensor as 'x': expected a Parameter or None"):
        ours.register_parameter("x", mg.tensor([1.0]))
    with pytest.raises(TypeError, match="cannot register a list as 'x': expected a Tensor or None"):
        ours.register_buffer("x", [1.0])
    with pytest.raises(TypeError, match="cannot register a function as 'x': expected a Module or None"):
        ours.register_module("x", nn.functional.relu)


def test_registering_again_replaces(ours):
    leaf = ours.first
    leaf.register_buffer("table", mg.tensor([9.0]), persistent=False)
    leaf.register_parameter("weight", nn.Parameter([8.0]))
    assert dict(leaf.named_buffers())["table"].tolist() == [9.0]
    assert list(leaf.state_dict()) == ["weight"]
    ours.register_module("first", nn.Identity())
    assert type(ours.first) is nn.Identity


def test_names_need_not_be_identifiers(ours):
    ours.register_module("a layer", nn.Identity())
    ours.register_parameter("0", nn.Parameter([1.0]))
    assert "a layer" in dict(ours.named_children())
    assert "0" in dict(ours.named_parameters())
