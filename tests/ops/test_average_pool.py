"""Pooling by averages against PyTorch: values, first and second derivatives, refusals."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops import average_pool
from tests.ops.pools import REFUSED, dimensions, images, windows
from tests.oracle import check

AVERAGE = {
    1: (average_pool.avg_pool1d, F.avg_pool1d),
    2: (average_pool.avg_pool2d, F.avg_pool2d),
}
ADAPTIVE = {
    1: (average_pool.adaptive_avg_pool1d, F.adaptive_avg_pool1d),
    2: (average_pool.adaptive_avg_pool2d, F.adaptive_avg_pool2d),
}


@given(data=st.data(), dims=dimensions, count_include_pad=st.booleans())
def test_avg_pool(device, data, dims, count_include_pad):
    size, options = data.draw(windows(dims, dilated=False))
    if options["stride"] is None:
        options["stride"] = options["kernel_size"]
    x = data.draw(images(size))
    options["count_include_pad"] = count_include_pad
    if dims == 2:
        options["divisor_override"] = data.draw(st.sampled_from([None, 3, -2]))
    ours, theirs = AVERAGE[dims]
    check(ours, theirs, x, device=device, **options)
    check(ours, theirs, x.astype(np.float32), device=device, dtype=np.float32, second=False, **options)


def test_the_stride_is_the_kernel_size_by_default(device, rng):
    x = rng.standard_normal((1, 2, 7, 7))
    check(average_pool.avg_pool2d, F.avg_pool2d, x, (2, 3), device=device)
    check(average_pool.avg_pool2d, F.avg_pool2d, x, (2, 3), (), device=device)


@given(data=st.data(), dims=dimensions)
def test_adaptive_avg_pool(device, data, dims):
    x = data.draw(images([data.draw(st.integers(1, 7)) for _ in range(dims)]))
    output_size = tuple(data.draw(st.integers(1, 9)) for _ in range(dims))
    ours, theirs = ADAPTIVE[dims]
    check(lambda x: ours(x, output_size), lambda x: theirs(x, output_size), x, device=device)


@pytest.mark.parametrize("output_size", [3, (3, None), (None, 2), None])
def test_output_sizes(device, rng, output_size):
    x = rng.standard_normal((2, 3, 5, 4))
    wanted = (None, None) if output_size is None else output_size
    check(
        lambda x: average_pool.adaptive_avg_pool2d(x, output_size),
        lambda x: F.adaptive_avg_pool2d(x, wanted),
        x,
        device=device,
    )


def test_no_rectangles_at_all(device):
    x = mg.ones(2, 3, 5, 4, device=device, requires_grad=True)
    y = average_pool.adaptive_avg_pool2d(x, (0, 2))
    assert y.shape == (2, 3, 0, 2)
    y.sum().backward()
    assert (x.grad.numpy() == 0).all()


def test_an_infinite_pixel_stays_in_its_windows(device):
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 0, 0] = np.inf
    got = average_pool.adaptive_avg_pool2d(mg.tensor(x, device=device), 2)
    assert got.tolist() == [[[[np.inf, 0.0], [0.0, 0.0]]]]


def test_float16_is_summed_in_float32(device):
    x = mg.tensor(np.full((1, 1, 64, 64), 30.0, np.float16), device=device)
    assert average_pool.adaptive_avg_pool2d(x, 1).item() == 30.0
    assert average_pool.avg_pool2d(x, 64).dtype == np.float16


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(("shape", "options", "message"), REFUSED)
def test_refusals(device, shape, options, message):
    with pytest.raises(RuntimeError, match=f"^avg_pool2d: .*{message}"):
        average_pool.avg_pool2d(mg.zeros(*shape, device=device), **options)
    with pytest.raises((RuntimeError, IndexError)):
        F.avg_pool2d(torch.zeros(*shape), **options)


def test_other_refusals(device):
    x = mg.zeros(1, 2, 4, 4, device=device)
    with pytest.raises(RuntimeError, match="divisor_override must not be zero"):
        average_pool.avg_pool2d(x, 2, divisor_override=0)
    with pytest.raises(RuntimeError, match="^avg_pool2d: expected a floating tensor, got int64"):
        average_pool.avg_pool2d(x.to(np.int64), 2)
    with pytest.raises(RuntimeError, match="output_size must be at least 0, got"):
        average_pool.adaptive_avg_pool2d(x, -1)
    with pytest.raises(RuntimeError, match=r"output_size must be one integer or 2, got \(1, 2, 3\)"):
        average_pool.adaptive_avg_pool2d(x, (1, 2, 3))
    with pytest.raises(RuntimeError, match=r"with pixels and channels, got shape \(1, 2, 0, 4\)"):
        average_pool.adaptive_avg_pool2d(x[:, :, :0], 2)
