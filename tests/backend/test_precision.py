"""The switch for TF32: what it accepts, and what it tells CuPy."""

import sys
import types

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad.backend import precision
from tests.fake_cupy import FakeCupy


@pytest.fixture(autouse=True)
def _as_before():
    yield
    mg.set_float32_matmul_precision("highest")


def test_names_are_pytorchs():
    assert mg.get_float32_matmul_precision() == torch.get_float32_matmul_precision() == "highest"
    mg.set_float32_matmul_precision("high")
    assert mg.get_float32_matmul_precision() == "high"


@pytest.mark.parametrize("wrong", ["medium", "low", "", None, 3])
def test_others_are_refused(wrong):
    with pytest.raises(ValueError, match=r"expected one of highest, high, got .*"):
        mg.set_float32_matmul_precision(wrong)
    assert mg.get_float32_matmul_precision() == "highest"


def test_the_cpu_does_not_care(rng):
    a, b = (mg.tensor(rng.standard_normal((9, 9), np.float32)) for _ in range(2))
    exact = (a @ b).numpy()
    mg.set_float32_matmul_precision("high")
    np.testing.assert_array_equal((a @ b).numpy(), exact)


def told(cupy):
    return cupy._core.compute_type["float32"], cupy.cuda.cublas.math_mode


def test_cupy_is_told(monkeypatch):
    cupy = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    mg.set_float32_matmul_precision("high")
    assert told(cupy) == (7, 3)
    mg.set_float32_matmul_precision("highest")
    assert told(cupy) == (1, 0)


def test_cupy_is_told_when_it_is_loaded(monkeypatch):
    from minigrad.backend import device

    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    mg.set_float32_matmul_precision("high")
    cupy = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(device, "_cupy", None)
    mg.ones(1, device="cuda")
    assert told(cupy) == (7, 3)


def test_without_a_driver_there_is_nobody_to_tell():
    precision.apply(types.SimpleNamespace(cuda=types.SimpleNamespace(is_available=lambda: False)))


def test_products_on_a_gpu(device, request):
    """TF32 keeps 10 bits of a factor: 1 + 2**-12 becomes 1."""
    if request.config.getoption("--device") != "cuda":
        return
    almost = np.full((64, 64), 1 + 2.0**-12, np.float32)
    x = mg.tensor(almost, device=device)
    batch = mg.tensor(np.stack([almost] * 4), device=device)
    for a in (x, batch):
        exact = almost.astype(np.float64) @ almost
        assert np.abs((a @ a).numpy() - exact).max() < 1e-4
        mg.set_float32_matmul_precision("high")
        assert np.abs((a @ a).numpy() - exact).max() > 1e-3
        mg.set_float32_matmul_precision("highest")
