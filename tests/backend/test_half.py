"""Halves are stored, float32 is computed with."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.backend import to_device, to_numpy
from minigrad.backend.half import in_float32, rounded, wide


def test_halves_become_wide_and_others_stay(device):
    half = to_device(np.ones(3, np.float16), device)
    assert wide(half).dtype == np.float32
    for dtype in (np.float32, np.float64, np.int16):
        x = to_device(np.ones(3, dtype), device)
        assert wide(x) is x
        assert rounded(x, x.dtype) is x


@in_float32
def mean_of_squares(x, factor, dim):
    """The mean."""
    assert x.dtype.itemsize >= 4
    return (x * x * factor).sum(dim) / x.shape[dim]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_results_are_rounded_once(dtype, device):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    x = mg.tensor(np.linspace(-60, 60, 12).reshape(3, 4), dtype=dtype, device=device).data
    got = to_numpy(mean_of_squares(x, x, 1))
    assert got.dtype == dtype
    exact = to_numpy(x).astype(np.float32) ** 3
    assert np.abs(exact).max() > 65504  # more than float16 holds
    exact = exact.sum(1) / 4
    np.testing.assert_array_equal(got, rounded(exact, got.dtype))


def test_other_arrays_are_left_alone(device):
    x = to_device(np.ones((2, 3)), device)
    assert mean_of_squares(x, 2.0, 1).dtype == np.float64
    assert mean_of_squares.__doc__ == "The mean."


def test_sums_of_float16_do_not_overflow(device):
    x = mg.full((300,), 300.0, dtype="float16", device=device)
    assert x.mean().item() == 300
    assert mg.norm(x).item() == pytest.approx(300 * 300**0.5, rel=1e-3)
    assert mg.nn.functional.mse_loss(x, x * 0.5).item() == 22496  # 150 squared, rounded
    assert (x.reshape(1, 300) @ (x / 300).reshape(300, 1)).isinf().item()
    assert (x.reshape(1, 300) @ (x / 3000).reshape(300, 1)).item() == pytest.approx(9000, rel=1e-3)


def test_long_sums_keep_their_digits(device):
    x = mg.ones(1, 5000, dtype="float16", device=device)  # in float16, 2048 + 1 is 2048
    assert (x @ x.T).item() == x.sum().item() == mg.cumsum(x, 1)[0, -1].item() == 5000
    assert mg.nn.functional.linear(x, x).item() == 5000
    assert mg.nn.functional.conv1d(x[None], x[None]).item() == 5000
    assert mg.softmax(x, 1).sum().item() == pytest.approx(1, rel=2e-2)
    index = mg.zeros(5000, dtype="int64", device=device)
    assert mg.zeros(2, dtype="float16", device=device).index_add(0, index, x[0])[0].item() == 5000


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_gradients_of_what_was_repeated_keep_their_digits(dtype, device):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    bias = mg.zeros(3, dtype=dtype, device=device, requires_grad=True)
    scale = mg.ones(4096, 1, dtype=dtype, device=device, requires_grad=True)
    (mg.ones(4096, 3, dtype=dtype, device=device) * scale + bias).sum().backward()
    assert bias.grad.tolist() == [4096.0] * 3
    assert scale.grad.tolist() == [[3.0]] * 4096
