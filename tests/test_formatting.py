"""How tensors print."""

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (mg.tensor([1.0, 2.5]), "tensor([1.0000, 2.5000])"),
        (mg.tensor([1.0, 2.0]), "tensor([1., 2.])"),
        (mg.tensor([1, 2]), "tensor([1, 2])"),
        (mg.tensor(True), "tensor(True)"),
        (mg.tensor(2.5, dtype="float64"), "tensor(2.5000, dtype=float64)"),
        (mg.tensor([1.0], requires_grad=True), "tensor([1.], requires_grad=True)"),
        (mg.tensor([1.0], requires_grad=True) * 2, "tensor([2.], grad_fn=<mul>)"),
        (mg.zeros(0, 3), "tensor([], shape=(0, 3))"),
        (mg.tensor([float("nan"), 1.5]), "tensor([   nan, 1.5000])"),
    ],
)
def test_repr(tensor, text):
    assert repr(tensor) == text


def test_large_tensors_are_abbreviated():
    assert "..." in repr(mg.zeros(100, 100))


def test_device_is_named_when_it_is_not_the_cpu(device):
    text = repr(mg.tensor([1.0], device=device))
    assert ("device='cuda:0'" in text) == (device == "cuda")


def test_html(device):
    small = mg.tensor([[1.0, 2.5]], device=device, requires_grad=True)
    assert "<td>2.5</td>" in small._repr_html_()
    assert "requires a gradient" in small._repr_html_()
    assert "from mul" in (small * 2)._repr_html_()
    assert "<pre>" in mg.zeros(2, 2, 2)._repr_html_()
    assert np.prod(mg.zeros(0).shape) == 0
    assert "<pre>" in mg.zeros(0)._repr_html_()
