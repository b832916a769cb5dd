"""The default dtype, and what is refused."""

import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad.dtypes import as_dtype, result_type


def test_default_dtype():
    mg.set_default_dtype("float64")
    try:
        assert mg.tensor(1.5).dtype == np.float64
        assert mg.zeros(1).dtype == np.float64
        assert (mg.tensor([1]) * 0.5).dtype == np.float64
    finally:
        mg.set_default_dtype("float32")
    with pytest.raises(TypeError, match="expected a floating dtype, got int64"):
        mg.set_default_dtype("int64")


def test_unsupported():
    with pytest.raises(TypeError, match="complex128 is not supported"):
        as_dtype(complex)
    with pytest.raises(TypeError, match="expected a dtype, got None"):
        as_dtype(None)
    with pytest.raises(TypeError, match="expected a tensor or a real number, got str"):
        result_type(np.zeros(2), "a")


# ---------------------------------------------------------------------- bfloat16

NAMES = ["bool", "uint8", "int64", "float16", "bfloat16", "float32", "float64"]


def test_names():
    assert (mg.float16, mg.float32, mg.float64) == (np.float16, np.float32, np.float64)
    with pytest.raises(AttributeError, match="no attribute 'float8'"):
        mg.float8  # noqa: B018


@pytest.mark.parametrize("other", NAMES)
def test_bfloat16_meets_other_dtypes_as_in_pytorch(other, device):
    pytest.importorskip("ml_dtypes")
    for shapes in [((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())]:
        ours = [mg.ones(*s, dtype=d, device=device) for s, d in zip(shapes, ("bfloat16", other), strict=True)]
        theirs = [
            torch.ones(s, dtype=getattr(torch, d)) for s, d in zip(shapes, ("bfloat16", other), strict=True)
        ]
        for got, want in [(ours, theirs), (ours[::-1], theirs[::-1])]:
            assert (got[0] + got[1]).dtype.name == str((want[0] + want[1]).dtype).partition(".")[2]


@pytest.mark.parametrize("order", list(permutations(["float16", "bfloat16", "float32"])))
def test_three_dtypes_meet_in_any_order(order):
    pytest.importorskip("ml_dtypes")
    assert mg.cat([mg.ones(1, dtype=dtype) for dtype in order]).dtype == "float32"
    assert mg.cat([mg.ones(1, dtype=dtype) for dtype in order if dtype != "float32"]).dtype == "float32"


@pytest.mark.parametrize("number", [3, True, 0.1, -1001, 1e30])
def test_bfloat16_and_python_numbers(number, device):
    pytest.importorskip("ml_dtypes")
    values = np.linspace(-3, 3, 13)
    x, t = mg.tensor(values, dtype=mg.bfloat16, device=device), torch.tensor(values).bfloat16().float()
    for name in ("__add__", "__radd__", "__mul__", "__rmul__", "__sub__", "__rsub__", "__truediv__"):
        # PyTorch does so on a GPU; on a CPU, its sums round the number before.
        got, want = getattr(x, name)(number), getattr(t, name)(float(number)).bfloat16().float()
        assert got.dtype == mg.bfloat16, name
        np.testing.assert_array_equal(got.to("float32").cpu().numpy(), want.numpy(), err_msg=name)


def test_bfloat16_is_a_floating_dtype(device):
    pytest.importorskip("ml_dtypes")
    x = mg.tensor([1.5, 2.5], dtype="bfloat16", device=device, requires_grad=True)
    assert "dtype=bfloat16" in repr(x)
    assert mg.nn.Linear(2, 2).to(mg.bfloat16).weight.dtype == mg.bfloat16
    (x * x).sum().backward()
    assert x.grad.dtype == mg.bfloat16
    assert x.grad.tolist() == [3.0, 5.0]
    x.data[0] = 0
    mg.set_default_dtype("bfloat16")
    try:
        assert mg.tensor([0.5]).dtype == mg.bfloat16
    finally:
        mg.set_default_dtype("float32")


def test_other_dtypes_of_ml_dtypes_are_refused():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with pytest.raises(TypeError, match="float8_e5m2 is not supported"):
        as_dtype(ml_dtypes.float8_e5m2)


def test_ml_dtypes_is_not_imported_unasked():
    code = "import sys, minigrad; sys.exit('ml_dtypes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
