"""Devices: names, moves, and the three ways in which a GPU can be missing."""

import builtins
import types

import numpy as np
import pytest

import minigrad as mg
from minigrad.backend import array_module, device, is_array, to_device, to_numpy


def test_array_decides_the_module(device):
    x = mg.ones(2, device=device).data
    assert array_module(x).__name__ == ("numpy" if device == "cpu" else "cupy")
    assert array_module(3.0, x) is array_module(x)
    assert is_array(x)
    assert not is_array(3.0)
    assert isinstance(to_numpy(x), np.ndarray)


def test_moves(device):
    x = mg.ones(2)
    there = x.to(device)
    assert there.device.startswith(device)
    assert to_device(there.data, device) is there.data
    assert there.to("cpu").tolist() == [1.0, 1.0]


def test_mixing_devices_names_both(device):
    if device == "cpu":
        return  # there is only one
    with pytest.raises(RuntimeError, match="mul: expected all tensors on one device, got cpu and cuda:0"):
        mg.ones(2) * mg.ones(2, device=device)
    with pytest.raises(RuntimeError, match="got cpu and cuda:0"):
        mg.ones(2, 2) @ mg.ones(2, 2, device=device)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU"])
def test_unknown_names(name):
    with pytest.raises(ValueError, match="is unknown: expected 'cpu', 'cuda' or 'cuda:N'"):
        mg.ones(1, device=name)


def _without_cupy(monkeypatch):
    real = builtins.__import__

    def fail(name, *args, **kwargs):
        if name == "cupy":
            raise ImportError("No module named 'cupy'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(device, "_cupy", None)
    monkeypatch.setattr(builtins, "__import__", fail)


def test_cupy_absent(monkeypatch):
    _without_cupy(monkeypatch)
    with pytest.raises(
        RuntimeError, match=r"needs CuPy, which is not installed: pip install 'minigrad\[cuda12\]'"
    ):
        mg.ones(1).to("cuda")


def test_no_driver_and_no_such_device(monkeypatch):
    cuda = types.SimpleNamespace(
        is_available=lambda: False, runtime=types.SimpleNamespace(getDeviceCount=lambda: 1)
    )
    monkeypatch.setattr(device, "_cupy", types.SimpleNamespace(cuda=cuda, ndarray=type("ndarray", (), {})))
    with pytest.raises(RuntimeError, match="CuPy is installed but finds no usable GPU"):
        mg.ones(1).to("cuda")
    cuda.is_available = lambda: True
    with pytest.raises(RuntimeError, match="there is no device 'cuda:3': this machine has 1"):
        mg.ones(1).to("cuda:3")
