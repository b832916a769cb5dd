"""The default dtype, and what is refused."""

import numpy as np
import pytest

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
