"""Batch norm and layer norm by CUDA kernels against the same functions on NumPy arrays."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.backend import norm, to_numpy
from minigrad.backend.cuda import norm as kernels
from tests import cuda_on_cpu

TOLERANCE = {np.float64: 1e-11, np.float32: 2e-5}


@pytest.fixture(autouse=True)
def _on_a_gpu(device):
    if device == "cpu":
        pytest.skip("kernels run on a GPU, or with --device fake")


def there(device, *arrays):
    return [None if array is None else mg.tensor(array, device=device).data for array in arrays]


def close(got, want, dtype):
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        assert (a is None) == (b is None)
        if a is not None:
            scale = max(1.0, float(np.abs(b).max()))
            np.testing.assert_allclose(
                to_numpy(a), b, TOLERANCE[dtype], TOLERANCE[dtype] * scale, err_msg=f"result {i}"
            )


def batch_norms(x, g, weight, bias, residual, training, relu):
    """What batch norm makes forwards and backwards of these arrays."""
    if training:
        statistics = norm.channel_statistics(x)
    else:
        statistics = norm.ChannelStatistics.known(x[0].reshape(x.shape[1], -1)[:, 0], x[0, :, 0, 0] ** 2 + 1)
    y, kept = norm.batch_norm(x, weight, bias, residual, statistics, training, 1e-5, relu)
    needs = tuple(array is not None for array in (x, weight, bias, residual))
    arguments = (x, weight, bias, residual, statistics, training, 1e-5, relu)
    gradients = norm.batch_norm_backward(g, needs, kept, *arguments)
    return [statistics.mean, statistics.variance, y, *gradients]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("parameters", ["none", "weight and bias", "all"])
@pytest.mark.parametrize("shape", [(1, 1, 1, 2), (5, 3, 7, 9), (9, 50, 31, 31), (3, 1100, 2, 1)])
def test_batch_norm(device, rng, shape, parameters, relu, training, dtype):
    x, g, residual = (rng.standard_normal(shape).astype(dtype) for _ in range(3))
    x += np.arange(shape[1]).reshape(-1, 1, 1)
    weight, bias = (rng.uniform(0.5, 2, shape[1]).astype(dtype) for _ in range(2))
    if parameters == "none":
        weight = bias = None
    if parameters != "all":
        residual = None
    arrays = x, g, weight, bias, residual
    # Whether a result of nearly 0 counts as positive is a matter of rounding.
    g[np.abs(batch_norms(*arrays, training, relu=False)[2]) < 1e-5] = 0
    want = batch_norms(*arrays, training, relu)
    close(batch_norms(*there(device, *arrays), training, relu), want, dtype)


def layer_norms(x, g, weight, bias):
    y, kept = norm.layer_norm(x, weight, bias, 1e-5)
    needs = tuple(array is not None for array in (x, weight, bias))
    return [y, *kept, *norm.layer_norm_backward(g, needs, kept, x, weight, bias, 1e-5)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("parameters", [True, False])
@pytest.mark.parametrize("shape", [(1, 2), (3, 3), (300, 5), (7, 31), (33, 128), (2, 768), (5, 3001)])
def test_layer_norm(device, rng, shape, parameters, dtype):
    x, g = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    weight, bias = (rng.standard_normal(shape[1]).astype(dtype) if parameters else None for _ in range(2))
    arrays = x + 3, g, weight, bias
    close(layer_norms(*there(device, *arrays)), layer_norms(*arrays), dtype)


def test_nan_is_not_hidden_by_relu(device, rng):
    x = rng.standard_normal((2, 3, 4, 4))
    x[0, 1, 0, 0] = np.nan
    (x,) = there(device, x)
    y, _ = norm.batch_norm(x, None, None, None, norm.channel_statistics(x), True, 1e-5, relu=True)
    assert np.isnan(to_numpy(y)).all((0, 2, 3)).tolist() == [False, True, False]


def test_float32_far_from_zero(device):
    """A first value that is no guide to the mean; sums of squares in float32 would leave no digit."""
    x = (1e4 + np.random.default_rng(0).standard_normal((4, 2, 30, 30))).astype(np.float32)
    x[0, :, 0, 0] = -1e3
    (rows,) = there(device, np.ascontiguousarray(x.transpose(0, 2, 3, 1)).reshape(-1, 2))
    shift, rest, variance = to_numpy(kernels.channel_statistics(rows, 2))
    wide = x.astype(np.float64)
    np.testing.assert_allclose(shift + rest, wide.mean((0, 2, 3)), rtol=1e-14)
    np.testing.assert_allclose(variance, wide.var((0, 2, 3)), rtol=1e-11)
    assert (np.abs(rest) < 1e-3).all()


def test_bits_do_not_depend_on_the_order_of_threads(device, monkeypatch, rng):
    images = [a.astype(np.float32) for a in rng.standard_normal((2, 3, 5, 20, 30))]
    rows = [a.astype(np.float32) for a in rng.standard_normal((2, 300, 40))]
    runs = []
    for order in (False, True):
        monkeypatch.setattr(cuda_on_cpu, "backwards", order)
        runs.append(batch_norms(*there(device, *images), None, None, None, True, False)[:4])
        runs[-1] += layer_norms(*there(device, *rows), None, None)[:4]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(to_numpy(a), to_numpy(b))
