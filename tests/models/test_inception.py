"""Inception-v3: equal to PyTorch's, built there from a table of its branches."""

import numpy as np
import pytest
import torch
from torch import nn

import minigrad as mg
import models
from tests.models.equivalence import GRADIENTS, OUTPUTS, agree, shuffled
from tests.models.sizes import parameters_of
from tests.nn.twins import close

WIDE, TALL = (1, 7), (7, 1)


def block17(inner):
    return {
        "branch1x1": [("", 192, 1, 1)],
        "branch7x7": [("_1", inner, 1, 1), ("_2", inner, WIDE, 1), ("_3", 192, TALL, 1)],
        "branch7x7dbl": [
            ("_1", inner, 1, 1), ("_2", inner, TALL, 1), ("_3", inner, WIDE, 1), ("_4", inner, TALL, 1),
            ("_5", 192, WIDE, 1),
        ],
        "branch_pool": [("", 192, 1, 1)],
    }  # fmt: skip


def block35(pooled):
    return {
        "branch1x1": [("", 64, 1, 1)],
        "branch5x5": [("_1", 48, 1, 1), ("_2", 64, 5, 1)],
        "branch3x3dbl": [("_1", 64, 1, 1), ("_2", 96, 3, 1), ("_3", 96, 3, 1)],
        "branch_pool": [("", pooled, 1, 1)],
    }


BLOCK8 = {
    "branch1x1": [("", 320, 1, 1)],
    "branch3x3": [("_1", 384, 1, 1), [("_2a", 384, (1, 3), 1), ("_2b", 384, (3, 1), 1)]],
    "branch3x3dbl": [
        ("_1", 448, 1, 1), ("_2", 384, 3, 1), [("_3a", 384, (1, 3), 1), ("_3b", 384, (3, 1), 1)],
    ],
    "branch_pool": [("", 192, 1, 1)],
}  # fmt: skip

LAYERS = {
    "Conv2d_1a_3x3": (3, 32, 3, 2, 0),
    "Conv2d_2a_3x3": (32, 32, 3, 1, 0),
    "Conv2d_2b_3x3": (32, 64, 3, 1, 1),
    "halved once": None,
    "Conv2d_3b_1x1": (64, 80, 1, 1, 0),
    "Conv2d_4a_3x3": (80, 192, 3, 1, 0),
    "halved again": None,
    "Mixed_5b": (192, block35(32), "mean"),
    "Mixed_5c": (256, block35(64), "mean"),
    "Mixed_5d": (288, block35(64), "mean"),
    "Mixed_6a": (
        288,
        {
            "branch3x3": [("", 384, 3, 2)],
            "branch3x3dbl": [("_1", 64, 1, 1), ("_2", 96, 3, 1), ("_3", 96, 3, 2)],
        },
        "halve",
    ),
    "Mixed_6b": (768, block17(128), "mean"),
    "Mixed_6c": (768, block17(160), "mean"),
    "Mixed_6d": (768, block17(160), "mean"),
    "Mixed_6e": (768, block17(192), "mean"),
    "Mixed_7a": (
        768,
        {
            "branch3x3": [("_1", 192, 1, 1), ("_2", 320, 3, 2)],
            "branch7x7x3": [("_1", 192, 1, 1), ("_2", 192, WIDE, 1), ("_3", 192, TALL, 1), ("_4", 192, 3, 2)],
        },
        "halve",
    ),
    "Mixed_7b": (1280, BLOCK8, "mean"),
    "Mixed_7c": (2048, BLOCK8, "largest"),
}
POOLS = {
    "mean": nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
    "largest": nn.MaxPool2d(3, stride=1, padding=1),
    "halve": nn.MaxPool2d(3, stride=2),
}


class Unit(nn.Module):
    def __init__(self, channels, out, kernel, stride, padding):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class Branches(nn.Module):
    """Paths beside each other; where a step is a list, the path forks there for good."""

    def __init__(self, channels, paths, pool):
        super().__init__()
        self.paths, self.pool = paths, POOLS[pool]
        for branch, path in paths.items():
            inside = channels
            for step in path:
                for suffix, out, kernel, stride in step if isinstance(step, list) else [step]:
                    sides = kernel if isinstance(kernel, tuple) else (kernel, kernel)
                    padding = tuple(side // 2 if stride == 1 else 0 for side in sides)
                    self.add_module(branch + suffix, Unit(inside, out, sides, stride, padding))
                inside = out

    def forward(self, x):
        joined = []
        for branch, path in self.paths.items():
            ends = [self.pool(x) if branch == "branch_pool" else x]
            for step in path:
                forks = step if isinstance(step, list) else [step]
                ends = [getattr(self, branch + suffix)(ends[0]) for suffix, *_ in forks]
            joined += ends
        return torch.cat(joined if "branch_pool" in self.paths else [*joined, self.pool(x)], 1)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        for name, made in LAYERS.items():
            if made is not None:
                self.add_module(name, (Unit if len(made) == 5 else Branches)(*made))
        self.fc = nn.Linear(2048, 1008)

    def features(self, x):
        for name, made in LAYERS.items():
            x = POOLS["halve"](x) if made is None else getattr(self, name)(x)
        return x.mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


def test_equal_to_pytorch(device):
    """At the end 2 x 2 pixels are left: every mean and every largest one has a border."""
    torch.manual_seed(0)
    agree(models.InceptionV3(), shuffled(Twin()), "float64", device, size=107)


def test_equal_to_pytorch_in_float32(device):
    """In evaluation: 94 norms in a row, each over 4 x 2 x 2 values, make 1e-4 of PyTorch's own rounding."""
    torch.manual_seed(0)
    ours, theirs = models.InceptionV3().to(device), shuffled(Twin()).eval()
    assert ours.eval().load_state_dict(theirs.state_dict()) == ([], [])
    images = np.random.default_rng(0).standard_normal((2, 3, 107, 107)).astype("float32")
    logits, their_logits = ours(mg.tensor(images, device=device)), theirs(torch.tensor(images))
    close(logits, their_logits, OUTPUTS["float32"], "logits")
    logits.square().sum().backward()
    their_logits.square().sum().backward()
    wanted = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        close(parameter.grad, wanted[name].grad, GRADIENTS["float32"], f"gradient of {name}")


def test_size():
    assert parameters_of(models.InceptionV3) == 21_785_568 + 2049 * 1008


def test_what_are_no_images_is_refused(device):
    model = models.InceptionV3().to(device)
    for shape in ((1, 3, 74, 80), (1, 1, 80, 80), (3, 80, 80)):
        with pytest.raises(
            ValueError, match=r"expected images \(N, 3, H, W\) of at least 75 x 75 pixels, got \("
        ):
            model(mg.zeros(*shape, device=device))
