"""ResNet-18, -34 and -50: equal to PyTorch's under torchvision's names, in each of the three stems."""

import pytest
import torch
from torch import nn

import minigrad as mg
import models
from models.resnet_imagenet import STEMS, BasicBlock, Bottleneck, ImageNetResNet
from tests.models.equivalence import agree, shuffled
from tests.models.sizes import parameters_of


class Block(nn.Module):
    """Both kinds of block."""

    def __init__(self, inputs, width, stride, bottleneck):
        super().__init__()
        outputs = width * 4 if bottleneck else width
        if bottleneck:
            self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(outputs)
        else:
            self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        self.bottleneck = bottleneck

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(torch.relu(y)))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Twin(nn.Module):
    def __init__(self, bottleneck, layers, num_classes, stem, width):
        super().__init__()
        size, stride, padding = {"imagenet": (7, 2, 3), "tiny": (3, 2, 1), "cifar": (3, 1, 1)}[stem]
        self.conv1 = nn.Conv2d(3, width, size, stride, padding, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = stem == "imagenet"
        inputs = width
        for i, blocks in enumerate(layers):
            stage = []
            for j in range(blocks):
                stage.append(Block(inputs, width << i, 2 if i > 0 and j == 0 else 1, bottleneck))
                inputs = (width << i) * (4 if bottleneck else 1)
            setattr(self, f"layer{i + 1}", nn.Sequential(*stage))
        self.fc = nn.Linear(inputs, num_classes)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        if self.pool:
            x = nn.functional.max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("bottleneck", [False, True])
@pytest.mark.parametrize(("stem", "size"), [("cifar", 16), ("tiny", 32), ("imagenet", 64)])
def test_equal_to_pytorch(stem, size, bottleneck, dtype, device):
    torch.manual_seed(0)
    theirs = shuffled(Twin(bottleneck, (1, 2, 1, 1), 5, stem, width=4))
    ours = ImageNetResNet(Bottleneck if bottleneck else BasicBlock, (1, 2, 1, 1), 5, stem, width=4)
    agree(ours, theirs, dtype, device, size)


@pytest.mark.parametrize(
    ("make", "count"),
    [(models.resnet18, 11_689_512), (models.resnet34, 21_797_672), (models.resnet50, 25_557_032)],
)
def test_published_sizes(make, count):
    assert parameters_of(make) == count


def test_names_are_torchvisions():
    names = set(models.resnet18(10, "cifar").state_dict())
    assert {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "fc.bias"} <= names
    assert {"layer2.0.downsample.0.weight", "layer2.0.downsample.1.num_batches_tracked"} <= names
    assert "layer1.0.downsample.0.weight" not in names


def test_first_stage_sees_what_the_table_says(device):
    seen = {}
    for stem, size in [("imagenet", 224), ("tiny", 64), ("cifar", 32)]:
        model = ImageNetResNet(BasicBlock, (1, 1, 1, 1), 2, stem, width=1).to(device)
        model.layer1.register_forward_pre_hook(lambda _, args, stem=stem: seen.update({stem: args[0].shape}))
        assert model(mg.zeros(1, 3, size, size, device=device)).shape == (1, 2)
    assert {stem: shape[2:] for stem, shape in seen.items()} == {
        "imagenet": (56, 56),
        "tiny": (32, 32),
        "cifar": (32, 32),
    }
    assert seen.keys() == STEMS.keys()


def test_refusals(device):
    with pytest.raises(ValueError, match="stem must be one of imagenet, tiny, cifar; got 'mnist'"):
        models.resnet18(stem="mnist")
    model = ImageNetResNet(BasicBlock, (1, 1, 1, 1), 2, "cifar", width=1).to(device)
    with pytest.raises(RuntimeError, match="3 channels"):
        model(mg.zeros(1, 1, 8, 8, device=device))
