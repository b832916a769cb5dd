"""The shapes of well-known networks have as many parameters as is published of them."""

import pytest

from experiments.scale.shapes import NETWORKS, Parameter

PUBLISHED = {
    "ResNet-50": 25_557_032,  # torchvision's model page
    "ViT-B/16": 86_567_656,  # torchvision's model page
    "GPT-2": 124_439_808,  # the released weights of the small model
    "Llama 3 8B": 8_030_261_248,  # the released weights
}


@pytest.mark.parametrize("name", NETWORKS)
def test_number_of_parameters(name):
    assert sum(p.size for p in NETWORKS[name]()) == PUBLISHED[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_kinds(name):
    kinds = {p.kind for p in NETWORKS[name]()}
    assert kinds <= {"convolution", "linear", "norm", "bias", "embedding"}
    assert all(len(p.shape) == 1 for p in NETWORKS[name]() if p.kind in ("norm", "bias"))


def test_size():
    assert Parameter("linear", (3, 4, 5)).size == 60
