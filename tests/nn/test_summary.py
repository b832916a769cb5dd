import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def test_table():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Sequential(nn.ReLU(), nn.Flatten()))
    assert repr(nn.summary(model, mg.zeros(2, 3, 5, 5))) == (
        "layer             output shape  parameters  memory\n"
        "--------------------------------------------------\n"
        "Sequential        (2, 72)              240   576 B\n"
        "  0: Conv2d       (2, 8, 3, 3)         224   576 B\n"
        "  1: BatchNorm2d  (2, 8, 3, 3)          16   576 B\n"
        "  2: Sequential   (2, 72)                0   576 B\n"
        "    0: ReLU       (2, 8, 3, 3)           0   576 B\n"
        "    1: Flatten    (2, 72)                0   576 B\n"
        "--------------------------------------------------\n"
        "240 parameters; 1.0 KB of parameters and buffers, 2.2 KB of outputs"
    )


class Twice(nn.Module):
    """Uses a layer twice, has one it never uses, takes two inputs and returns several outputs."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.unused = nn.Linear(5, 5)

    def forward(self, x, y):
        return {"x": self.layer(x), "others": (self.layer(y), None)}


def test_every_call_is_a_row():
    result = nn.summary(Twice(), mg.zeros(3, 2), mg.zeros(4, 2))
    assert [(row.name, row.shape, row.parameters, row.memory) for row in result.rows] == [
        ("Twice", "(3, 2), (4, 2)", 36, 56),
        ("  layer: Linear", "(3, 2)", 6, 24),
        ("  layer: Linear", "(4, 2)", 6, 32),
    ]
    assert (result.parameters, result.memory, result.activations) == (36, 4 * 36, 56)


def test_the_model_is_left_as_it_was(device):
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout()).to(device)
    model[1].eval()
    before = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    result = nn.summary(model, mg.tensor(np.ones((4, 2), np.float32), device=device))
    assert len(result.rows) == 3
    assert [module.training for module in model.modules()] == [True, True, False]
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in model.modules())
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(before[name], tensor.numpy())


def test_it_is_left_as_it_was_after_an_error_too():
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(RuntimeError):
        nn.summary(model, mg.zeros(1, 3))
    assert model.training
    assert not model[0]._forward_hooks


def test_sizes_are_for_the_eye():
    from minigrad.nn.summary import size_text

    sizes = [0, 1023, 1024, 1536, 1024**2, 5 * 1024**3, 2 * 1024**4, 3000 * 1024**4]
    assert [size_text(size) for size in sizes] == [
        "0 B", "1023 B", "1.0 KB", "1.5 KB", "1.0 MB", "5.0 GB", "2.0 TB", "3000.0 TB",
    ]  # fmt: skip
