import math

import numpy as np
import pytest

import minigrad as mg
import models
from models.resnet import BasicBlock


@pytest.mark.parametrize(
    ("make", "layers", "millions"),
    [
        (models.resnet8, 8, 0.08),
        (models.resnet20, 20, 0.27),
        (models.resnet32, 32, 0.46),
        (models.resnet56, 56, 0.85),
    ],
)
def test_depth_and_size(make, layers, millions):
    model = make()
    weights = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    assert len(weights) == layers
    assert round(sum(parameter.data.size for parameter in model.parameters()) / 1e6, 2) == millions
    assert make(num_classes=100).fc.weight.shape == (100, 64)


def test_shortcut_of_option_a(device):
    x = mg.tensor(np.arange(2 * 2 * 4 * 4, dtype=np.float32).reshape(2, 2, 4, 4) + 1, device=device)
    y = BasicBlock(2, 6, stride=2).shortcut(x).numpy()
    assert y.shape == (2, 6, 2, 2)
    np.testing.assert_array_equal(y[:, 2:4], x.numpy()[:, :, ::2, ::2])
    assert (y[:, [0, 1, 4, 5]] == 0).all()
    assert BasicBlock(2, 2).shortcut(x) is x


def test_block_of_zero_weights_is_its_shortcut(device):
    block = BasicBlock(2, 2).to(device)
    mg.nn.init.zeros_(block.bn2.weight)
    x = mg.tensor(np.random.default_rng(0).random((2, 2, 4, 4), np.float32), device=device)
    np.testing.assert_array_equal(block(x).numpy(), x.numpy())


def test_weights_start_with_he_normal_numbers():
    mg.manual_seed(0)
    model = models.resnet20()
    for name, weight in model.named_parameters():
        if weight.ndim == 4 and weight.data.size > 4000:
            fan_in = math.prod(weight.shape[1:])
            assert weight.numpy().std() == pytest.approx(math.sqrt(2 / fan_in), rel=0.05), name
    assert (model.fc.bias.numpy() == 0).all()
    assert (model.layer3[2].bn2.weight.numpy() == 1).all()
