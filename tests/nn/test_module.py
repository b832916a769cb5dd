"""Calling, hooks, modes, moving, copying and showing a module."""

import copy
import pickle

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import nn


class Double(nn.Module):
    def forward(self, x, factor=2):
        return x * factor


def net(library=nn):
    return library.Sequential(
        library.Linear(3, 4), library.BatchNorm1d(4), library.ReLU(), library.Linear(4, 2)
    )


# ---------------------------------------------------------------------- calling


def test_a_call_is_a_forward():
    x = mg.tensor([1.0])
    assert Double()(x).tolist() == [2.0]
    assert Double()(x, factor=3).tolist() == [3.0]


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(
        NotImplementedError, match=r"Empty has no forward: define forward\(self, ...\) in the class"
    ):
        Empty()(1)


def test_forward_hooks_see_and_may_replace():
    module = Double()
    seen = []
    first = module.register_forward_hook(
        lambda m, args, output: seen.append((m, args[0].tolist(), output.tolist()))
    )
    module.register_forward_hook(lambda m, args, output: output + 1)
    module.register_forward_hook(lambda m, args, output: output * 10)
    x = mg.tensor([1.0])
    assert module(x).tolist() == [30.0]
    assert seen == [(module, [1.0], [2.0])]
    first.remove()
    first.remove()
    assert module(x).tolist() == [30.0]
    assert len(seen) == 1


def test_forward_pre_hooks_see_and_may_replace():
    module = Double()
    x = mg.tensor([1.0])
    with module.register_forward_pre_hook(lambda m, args: args[0] + 1):
        assert module(x).tolist() == [4.0]
    with module.register_forward_pre_hook(lambda m, args: (args[0], 5)):
        assert module(x).tolist() == [5.0]
    module.register_forward_pre_hook(lambda m, args: None)
    assert module(x).tolist() == [2.0]


# ---------------------------------------------------------------------- modes


def test_train_and_eval_reach_every_module():
    model = nn.Sequential(net(), nn.ModuleList([nn.Dropout()]))
    assert all(module.training for module in model.modules())
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    model[0].train()
    assert model[0][1].training
    assert not model[1][0].training
    with pytest.raises(ValueError, match="mode must be True or False, got 'yes'"):
        model.train("yes")


def test_apply_goes_from_the_inside_out(device):
    order, their_order = [], []
    model = net()
    assert model.apply(lambda module: order.append(type(module).__name__)) is model
    net(torch.nn).apply(lambda module: their_order.append(type(module).__name__))
    assert order == their_order


def test_freezing():
    model = net().requires_grad_(False)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    model[3].requires_grad_()
    assert [name for name, parameter in model.named_parameters() if parameter.requires_grad] == [
        "3.weight",
        "3.bias",
    ]


def test_zero_grad(device):
    model = nn.Linear(2, 1).to(device)
    model(mg.tensor([[1.0, 2.0]], device=device)).sum().backward()
    model.zero_grad(set_to_none=False)
    assert model.weight.grad.tolist() == [[0.0, 0.0]]
    assert model.weight.grad.device == model.weight.device
    model.zero_grad()
    assert model.weight.grad is None
    model.zero_grad(set_to_none=False)
    assert model.weight.grad is None


# ---------------------------------------------------------------------- places and types


@pytest.mark.parametrize(
    ("method", "dtype"), [("half", np.float16), ("float", np.float32), ("double", np.float64)]
)
def test_casting_changes_floating_tensors_in_place(method, dtype):
    model = net()
    parameters = list(model.parameters())
    model(mg.tensor(np.ones((2, 3), np.float32))).sum().backward()
    assert getattr(model, method)() is model
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    assert all(parameter.dtype == parameter.grad.dtype == dtype for parameter in parameters)
    assert model[1].running_mean.dtype == dtype
    assert model[1].num_batches_tracked.dtype == np.int64
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in parameters)


def test_to_understands_devices_dtypes_and_tensors(device):
    here = mg.tensor(0.0, device=device).device
    model = net().to(device)
    assert {tensor.device for tensor in (*model.parameters(), *model.buffers())} == {here}
    assert model.to("float64")[0].weight.dtype == np.float64
    assert model.to(np.float32)[0].weight.dtype == np.float32
    assert model.to(device, np.float64)[0].weight.dtype == np.float64
    assert model.to(dtype="float32", device="cpu")[0].weight.device == "cpu"
    moved = model.to(mg.tensor(np.zeros(1), device=device))[0].weight
    assert (moved.dtype, moved.device) == (np.float64, here)
    assert model.cpu()[1].running_var.device == "cpu"


def test_cuda_moves_or_says_what_is_missing(device):
    if device == "cpu":
        with pytest.raises(RuntimeError, match=r"CuPy|GPU|device"):
            net().cuda()
    else:
        assert net().cuda()[0].weight.device == "cuda:0"


@pytest.mark.parametrize("target", ["gpu", 3.5, np.int64, "int32", "complex64"])
def test_to_refuses_everything_else_and_changes_nothing(target):
    model = net()
    message = (
        r"to: expected a dtype, a device or a tensor, got|to: the dtype of a module must be a floating one"
    )
    with pytest.raises(TypeError, match=message):
        model.to(target)
    assert {parameter.dtype for parameter in model.parameters()} == {np.dtype(np.float32)}


def test_counters_are_moved_but_not_cast(device):
    model = nn.BatchNorm1d(3)
    nn.init.constant_(model.num_batches_tracked, 100_001)
    assert model.half().to(device, "float64").num_batches_tracked.item() == 100_001  # float16 ends at 65504
    assert model.num_batches_tracked.device == model.weight.device


def test_training_goes_on_after_a_cast(device):
    model = nn.Linear(2, 1).to(device)
    x = np.ones((3, 2))
    model.double()(mg.tensor(x, device=device)).sum().backward()
    assert model.weight.grad.dtype == np.float64
    assert model.weight.grad.tolist() == [[3.0, 3.0]]


# ---------------------------------------------------------------------- copies


def shared():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))
    model[2].weight = model[0].weight
    return model.eval()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
def test_copies_are_independent_and_keep_what_is_shared(device, duplicate):
    model = shared().to(device)
    other = duplicate(model)
    assert other[2].weight is other[0].weight
    assert other[2].weight is not model[0].weight
    assert len(list(other.parameters())) == len(list(model.parameters()))
    assert list(other.state_dict()) == list(model.state_dict())
    assert not other[1].training
    x = mg.tensor(np.ones((2, 2), np.float32), device=device)
    np.testing.assert_array_equal(model(x).numpy(), other(x).numpy())
    other[0].weight.data[...] = 0
    other[1].running_mean.data[...] = 9
    assert (model[0].weight.numpy() != 0).all()
    assert (model[1].running_mean.numpy() == 0).all()


# ---------------------------------------------------------------------- showing itself


LAYERS = [
    ("Linear", (3, 4), {}),
    ("Linear", (3, 4), {"bias": False}),
    ("Identity", (), {}),
    ("Flatten", (0, 2), {}),
    ("Conv1d", (4, 8, 3), {}),
    ("Conv2d", (4, 8, 3), {"stride": 2, "padding": (1, 2), "dilation": 2, "groups": 2, "bias": False}),
    ("Conv2d", (4, 8, (3, 5)), {"padding": "same"}),
    ("ConvTranspose2d", (4, 8, 3, 2), {"output_padding": 1, "padding": 1}),
    ("BatchNorm1d", (4,), {"momentum": None}),
    ("BatchNorm2d", (4,), {"affine": False, "track_running_stats": False}),
    ("BatchNorm2d", (4,), {"bias": False}),
    ("LayerNorm", ((3, 4),), {}),
    ("LayerNorm", (4,), {"elementwise_affine": False}),
    ("LayerNorm", ([4],), {"bias": False}),
    ("RMSNorm", (4,), {}),
    ("RMSNorm", ((2, 4), 1e-3), {"elementwise_affine": False}),
    ("GroupNorm", (2, 4), {}),
    ("GroupNorm", (2, 4), {"affine": False}),
    ("Embedding", (10, 3), {}),
    ("Embedding", (10, 3), {"padding_idx": -1}),
    ("MaxPool2d", (2,), {}),
    ("MaxPool2d", ((3, 2), 1, 1, 2), {"ceil_mode": True}),
    ("AvgPool2d", (3, 2, 1), {}),
    ("AdaptiveAvgPool2d", ((None, 4),), {}),
    ("ReLU", (), {}),
    ("LeakyReLU", (0.2,), {}),
    ("ELU", (2.0,), {}),
    ("GELU", ("tanh",), {}),
    ("SiLU", (), {}),
    ("Softplus", (2.0, 10.0), {}),
    ("LogSigmoid", (), {}),
    ("Hardswish", (), {}),
    ("Mish", (), {}),
    ("Tanh", (), {}),
    ("Sigmoid", (), {}),
    ("GLU", (1,), {}),
    ("Softmax", (1,), {}),
    ("LogSoftmax", (-1,), {}),
    ("PixelShuffle", (2,), {}),
    ("Unfold", ((2, 3),), {"padding": 1}),
    ("Upsample", (), {"scale_factor": 2.0}),
    ("Upsample", ((4, 5),), {"mode": "bilinear"}),
    ("CrossEntropyLoss", (), {}),
    ("NLLLoss", (), {}),
    ("MSELoss", (), {"reduction": "sum"}),
    ("L1Loss", (), {}),
    ("SmoothL1Loss", (), {"beta": 2.0}),
    ("HuberLoss", (), {"delta": 2.0}),
    ("BCELoss", (), {}),
    ("BCEWithLogitsLoss", (), {}),
    ("KLDivLoss", (), {"reduction": "batchmean"}),
    ("CosineSimilarity", (), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), LAYERS)
def test_every_layer_shows_itself_as_in_pytorch_and_has_its_state(name, args, kwargs):
    from tests.nn.twins import same_state

    ours, theirs = getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)
    assert repr(ours) == repr(theirs)
    same_state(ours, theirs)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]


def test_dropout_shows_its_probability():
    assert (
        repr(nn.Dropout(0.2)) == "Dropout(p=0.2)"
    )  # PyTorch's also says inplace=False, which does not exist here


def test_nested_modules_show_themselves_as_in_pytorch():
    def model(nn):
        return nn.Sequential(
            nn.Linear(3, 4),
            nn.ModuleDict(
                {"a": nn.ReLU(), "b": nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.ReLU()])}
            ),
            nn.ModuleList(),
        )

    assert repr(model(nn)) == repr(model(torch.nn))


def test_own_modules_may_say_more_about_themselves():
    class Verbose(nn.Module):
        def __init__(self, *lines):
            super().__init__()
            self.lines = lines
            if len(lines) > 2:
                self.inner = nn.ReLU()

        def extra_repr(self):
            return "\n".join(self.lines)

    assert repr(Verbose()) == "Verbose()"
    assert repr(Verbose("a=1")) == "Verbose(a=1)"
    assert repr(Verbose("a=1", "b=2")) == "Verbose(\n  a=1\n  b=2\n)"
    assert repr(Verbose("a=1", "b=2", "c=3")) == "Verbose(\n  a=1\n  b=2\n  c=3\n  (inner): ReLU()\n)"


def test_every_public_layer_is_tested_here():
    elsewhere = {"Dropout", "Module", "ModuleDict", "ModuleList", "MultiheadAttention", "Parameter"}
    elsewhere |= {"Sequential", "TransformerEncoder", "TransformerEncoderLayer"}
    public = {name for name, value in vars(nn).items() if isinstance(value, type)}
    assert public == {name for name, _, _ in LAYERS} | elsewhere
