"""The kernels of batch norm and layer norm: memory layouts, several blocks, and float32 far from zero."""

import numpy as np
import pytest
import torch
import torch.nn.functional as T

import minigrad as mg
from minigrad.autograd import grad
from minigrad.backend import norm as kernels
from minigrad.backend import to_numpy
from minigrad.ops import norm
from tests.fused import strided


def tensors(device, *values, requires_grad=False):
    return [mg.tensor(v, device=device, requires_grad=requires_grad) for v in values]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("layout", ["contiguous", "channels last", "strided", "reversed"])
@pytest.mark.parametrize("shape", [(37, 3, 29, 31), (6, 5, 7, 3), (131, 2), (3, 1030, 2)])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_batch_norm_of_any_memory(device, rng, training, layout, shape, offset):
    """Sizes that divide no block; the first has several blocks."""
    values = rng.standard_normal(shape) + offset + np.arange(shape[1]).reshape(-1, *[1] * (len(shape) - 2))
    weight, bias, running = (rng.uniform(0.5, 2, shape[1]) for _ in range(3))
    x = mg.tensor(values, device=device)
    if layout == "channels last":
        back = (0, len(shape) - 1, *range(1, len(shape) - 1))
        x = mg.Tensor(mg.tensor(np.moveaxis(values, 1, -1).copy(), device=device).data.transpose(back))
    elif layout == "strided":
        x = strided(values, device)
    elif layout == "reversed":
        x = mg.Tensor(mg.tensor(values[::-1].copy(), device=device).data[::-1])
    x.requires_grad_()
    w, b, m, v = tensors(device, weight, bias, running + offset, running)
    got = norm.batch_norm(x, m, v, w.requires_grad_(), b.requires_grad_(), training)
    g = rng.standard_normal(shape)
    grads = grad(got, [x, w, b], mg.tensor(g, device=device))

    other = [torch.tensor(a, requires_grad=True) for a in (values, weight, bias)]
    stats = torch.tensor(running + offset), torch.tensor(running)
    want = T.batch_norm(other[0], *stats, *other[1:], training)
    np.testing.assert_allclose(got.numpy(), want.detach().numpy(), rtol=1e-9, atol=1e-10)
    for mine, theirs in zip(grads, torch.autograd.grad(want, other, torch.tensor(g)), strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-7, atol=1e-8)
    for mine, theirs in zip((m, v), stats, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-10)


def test_batch_norm_keeps_channels_last_memory(device, rng):
    x = mg.tensor(rng.standard_normal((4, 5, 6, 3)), device=device).data.transpose(0, 3, 1, 2)
    x = mg.Tensor(x, requires_grad=True)
    y = norm.batch_norm(x, None, None, training=True)
    assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous
    assert kernels.channel_rows(x.data).shape == (4 * 5 * 6 * 3 // 360, 360)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(7, 3, 5, 9), (128, 16, 32, 32)])
def test_batch_norm_in_float32_with_a_mean_far_larger_than_the_spread(device, rng, training, shape):
    """Mean 1e4, spread 1: squares of the values would leave no digit of the variance in float32."""
    x = (1e4 + rng.standard_normal(shape)).astype(np.float32)
    x[0, 0] = 0.25 * x[0, 0]  # and a shift taken from these values alone would not help
    g = rng.standard_normal(shape).astype(np.float32)
    weight, bias = (rng.uniform(0.5, 2, shape[1]).astype(np.float32) for _ in range(2))
    axes, wide = (0, 2, 3), x.astype(np.float64)
    mean, var = wide.mean(axes).astype(np.float32), wide.var(axes).astype(np.float32)

    inputs = [torch.tensor(a.astype(np.float64), requires_grad=True) for a in (x, weight, bias)]
    stats = [torch.tensor(a.astype(np.float64)) for a in (mean, var)]
    want = T.batch_norm(inputs[0], *stats, *inputs[1:], training)
    want = [want, *torch.autograd.grad(want, inputs, torch.tensor(g.astype(np.float64)))]

    leaves = tensors(device, x, weight, bias, requires_grad=True)
    y = norm.batch_norm(leaves[0], *tensors(device, mean, var), *leaves[1:], training)
    got = [y, *grad(y, leaves, mg.tensor(g, device=device))]
    for mine, theirs, what in zip(got, want, ("y", "dx", "dweight", "dbias"), strict=True):
        theirs = theirs.detach().numpy()
        assert mine.dtype == np.float32
        error = np.abs(mine.numpy() - theirs).max() / np.abs(theirs).max()
        assert error < 2e-6, f"{what}: relative error {error}"


def test_channel_statistics_of_a_constant_are_exact(device):
    """The variance must not come out negative, nor as the rounding error of large squares."""
    x = mg.tensor(np.full((300, 2, 300), 1234.567, np.float32), device=device)
    statistics = kernels.channel_statistics(x.data)
    np.testing.assert_allclose(to_numpy(statistics.mean), np.float32(1234.567), rtol=1e-7)
    assert (to_numpy(statistics.variance) >= 0).all()
    assert (to_numpy(statistics.variance) < 1e-6).all()
