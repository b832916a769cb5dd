"""Sums over channels and numbers added to them, for any memory layout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backend import channels, to_numpy

LAYOUTS = {
    "channels first": lambda x: x,
    "channels last": lambda x: np.ascontiguousarray(np.moveaxis(x, 1, -1)),
    "strided": lambda x: np.repeat(x, 2, -1),
}


def laid_out(x, layout, device):
    """`x` on the device, in that memory layout."""
    array = mg.tensor(LAYOUTS[layout](x), device=device).data
    if layout == "channels last":
        return array.transpose(0, array.ndim - 1, *range(1, array.ndim - 1))
    return array[..., ::2] if layout == "strided" else array


@pytest.mark.parametrize("layout", LAYOUTS)
@given(data=st.data())
def test_sums_and_additions(device, layout, data):
    shape = [data.draw(st.integers(0 if axis == 0 else 1, 7)) for axis in range(data.draw(st.integers(2, 5)))]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, values = rng.standard_normal(shape), rng.standard_normal(shape[1])
    ones = [1] * (len(shape) - 2)
    axes = (0, *range(2, len(shape)))
    got = to_numpy(channels.channel_sums(laid_out(x, layout, device)))
    np.testing.assert_allclose(got, x.sum(axes), atol=1e-13)
    got = channels.add_to_channels(laid_out(x, layout, device), mg.tensor(values, device=device).data)
    np.testing.assert_array_equal(to_numpy(got), x + values.reshape(-1, *ones))


def test_many_blocks_in_half_and_single_precision(device):
    x = np.full((64, 3, 40, 40), 0.1)
    for dtype, tolerance in ((np.float16, 1e-3), (np.float32, 4e-6)):  # cuBLAS adds a whole block in float32
        sums = channels.channel_sums(mg.tensor(x.astype(dtype), device=device).data)
        assert sums.dtype == dtype
        np.testing.assert_allclose(to_numpy(sums), x.sum((0, 2, 3)), rtol=tolerance)


def test_channels_last_memory_is_used_again(device):
    x = laid_out(np.zeros((2, 3, 4, 5)), "channels last", device)
    channels.add_to_channels(x, mg.tensor(np.arange(3.0), device=device).data)
    assert to_numpy(x)[0, :, 0, 0].tolist() == [0.0, 1.0, 2.0]
