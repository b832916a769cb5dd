"""Conversions between dtypes and devices, and copies."""

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad.gradcheck import gradcheck
from tests.oracle import check


@pytest.mark.parametrize("name", ["float", "double", "half", "long", "int", "bool"])
def test_named_conversions(name, device):
    x = np.array([0.0, 1.7, -2.5])
    check(
        getattr(mg.Tensor, name),
        getattr(torch.Tensor, name),
        x,
        device=device,
        second=False,
        tolerances=(1e-3, 1e-3, 0),
    )


def test_to_dtype_device_and_tensor(device):
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    assert x.to("float64").dtype == np.float64
    assert x.to(np.float16).dtype == np.float16
    assert x.to(dtype="float64").dtype == np.float64
    assert x.to(device) is x
    assert x.to(mg.tensor(0.0, dtype="float64", device=device)).dtype == np.float64
    assert x.type_as(mg.tensor(1, device=device)).dtype == np.int64
    assert x.to("float32", copy=True) is not x
    assert x.cpu().device == "cpu"


def test_gradients_travel_back_between_devices(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    (x.to(device) * mg.tensor([3.0, 4.0], device=device)).sum().cpu().backward()
    assert x.grad.device == "cpu"
    assert x.grad.tolist() == [3.0, 4.0]


def test_clone_copies_and_is_differentiable(device):
    x = mg.tensor([1.0, 2.0], dtype="float64", device=device, requires_grad=True)
    y = x.clone()
    y.data += 1
    assert x.tolist() == [1.0, 2.0]
    assert gradcheck(lambda x: x.clone() * x, x)


def test_refuses_what_is_no_target(device):
    with pytest.raises(TypeError, match="expected a dtype, a device or a tensor, got 'gpu'"):
        mg.tensor([1.0], device=device).to("gpu")
