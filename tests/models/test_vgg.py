"""VGG: equal to PyTorch's under torchvision's names, with and without batch norm."""

import pytest
import torch
from torch import nn

import minigrad as mg
import models
from models.vgg import VGG
from tests.models.equivalence import agree, shuffled
from tests.models.sizes import parameters_of


class Twin(nn.Module):
    def __init__(self, plan, batch_norm, num_classes, grid, hidden):
        super().__init__()
        layers, channels = [], 3
        for entry in plan:
            if entry == "M":
                layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
                continue
            layers.append(nn.Conv2d(channels, entry, kernel_size=3, padding=1))
            layers += [nn.BatchNorm2d(entry), nn.ReLU()] if batch_norm else [nn.ReLU()]
            channels = entry
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((grid, grid))
        self.classifier = nn.Sequential(
            nn.Linear(channels * grid * grid, hidden),
            nn.ReLU(),
            nn.Dropout(0.0),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(0.0),
            nn.Linear(hidden, num_classes),
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(("image_size", "size"), [(8, 8), (16, 16), (16, 24)])
def test_equal_to_pytorch(image_size, size, batch_norm, dtype, device):
    """The last size is not what the classifier was made for: it sees 3 x 3 pixels averaged to 2 x 2."""
    torch.manual_seed(0)
    plan = [4, "M", 6, 6, "M", 8, "M"]
    theirs = shuffled(Twin(plan, batch_norm, 5, image_size // 8, hidden=16))
    ours = VGG([[4], [6, 6], [8]], batch_norm, 5, image_size, hidden=16, dropout=0.0)
    agree(ours, theirs, dtype, device, size)


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (models.vgg11, 132_863_336),
        (models.vgg11_bn, 132_868_840),
        (models.vgg16, 138_357_544),
        (models.vgg16_bn, 138_365_992),
        # weiaicunzai's pytorch-cifar100, which the AGR paper's CIFAR-100 experiments use
        (lambda: models.vgg16_bn(100, image_size=32), 34_015_396),
    ],
)
def test_published_sizes(make, count):
    assert parameters_of(make) == count


def test_layers_have_torchvisions_numbers():
    model = VGG([[4], [6, 6]], True, 5, 8, hidden=3)
    kinds = [type(layer).__name__ for layer in model.features]
    group = ["Conv2d", "BatchNorm2d", "ReLU"]
    assert kinds == [*group, "MaxPool2d", *group, *group, "MaxPool2d"]
    assert [type(layer).__name__ for layer in model.classifier] == [
        *["Linear", "ReLU", "Dropout"] * 2,
        "Linear",
    ]
    assert model.classifier[2].p == model.classifier[5].p == 0.5


def test_refusals(device):
    with pytest.raises(ValueError, match="5 poolings need images of at least 32 pixels, got image_size=28"):
        models.vgg11(image_size=28)
    with pytest.raises(RuntimeError, match="3 channels"):
        VGG([[4]], False, 5, 8, hidden=3).to(device)(mg.zeros(1, 1, 8, 8, device=device))
