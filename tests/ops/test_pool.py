"""Pooling against PyTorch: values, first and second derivatives, ties, NaN, refusals."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops import pool
from tests.oracle import check

MAX = {1: (pool.max_pool1d, F.max_pool1d), 2: (pool.max_pool2d, F.max_pool2d)}
AVERAGE = {1: (pool.avg_pool1d, F.avg_pool1d), 2: (pool.avg_pool2d, F.avg_pool2d)}
ADAPTIVE = {
    1: (pool.adaptive_avg_pool1d, F.adaptive_avg_pool1d),
    2: (pool.adaptive_avg_pool2d, F.adaptive_avg_pool2d),
}
dimensions = st.sampled_from([1, 2])


@st.composite
def windows(draw, dims, dilated=True):
    """The size of an image, and the arguments of a pooling operation that fit it."""
    several = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, dilation = several(1, 4), several(1, 2) if dilated else (1,) * dims
    covered = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    options = {
        "kernel_size": kernel,
        "stride": draw(st.sampled_from([None, several(1, 4)])),
        "padding": tuple(draw(st.integers(0, k // 2)) for k in kernel),
        "ceil_mode": draw(st.booleans()),
    } | ({"dilation": dilation} if dilated else {})
    # A size below the dilation allows windows without a pixel, whose gradient PyTorch adds to other channels.
    limits = zip(covered, options["padding"], dilation, strict=True)
    least = [max(1, c - 2 * p, d) for c, p, d in limits]
    return tuple(n + draw(st.integers(0, 5)) for n in least), options


@st.composite
def images(draw, size, ties=False):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch = draw(st.sampled_from([(), (0,), (2,)]))
    shape = (*batch, 3, *size)
    return rng.integers(-1, 2, shape).astype(np.float64) if ties else rng.standard_normal(shape)


# ---------------------------------------------------------------------- maxima


@given(data=st.data(), dims=dimensions)
def test_max_pool(device, data, dims):
    size, options = data.draw(windows(dims))
    x = data.draw(images(size))
    ours, theirs = MAX[dims]
    check(ours, theirs, x, device=device, **options)
    check(ours, theirs, x, device=device, return_indices=True, **options)
    check(ours, theirs, x.astype(np.float32), device=device, dtype=np.float32, **options)


@given(data=st.data(), dims=dimensions)
def test_the_first_of_equal_maxima_wins(device, data, dims):
    size, options = data.draw(windows(dims))
    x = data.draw(images(size, ties=True))
    ours, theirs = MAX[dims]
    check(ours, theirs, x, device=device, return_indices=True, **options)


@given(data=st.data())
def test_nan_wins_and_minus_infinity_does_not_lose_to_padding(device, data):
    size, options = data.draw(windows(2))
    x = data.draw(images(size))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x[rng.random(x.shape) < 0.3] = -np.inf
    x[rng.random(x.shape) < data.draw(st.sampled_from([0.0, 0.1]))] = np.nan
    check(pool.max_pool2d, F.max_pool2d, x, device=device, second=False, return_indices=True, **options)


@given(data=st.data())
def test_max_pool_of_integers(device, data):
    size, options = data.draw(windows(2))
    x = data.draw(images(size, ties=True)).astype(np.int64)
    x[x < 0] = np.iinfo(np.int64).min
    check(pool.max_pool2d, F.max_pool2d, x, device=device, return_indices=True, **options)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
@pytest.mark.parametrize(("size", "padding"), [((1, 1), (1, 0)), ((1, 3), (1, 0)), ((2, 1), (0, 1))])
def test_a_window_without_a_pixel(device, size, padding, dtype):
    x = np.ones((2, 3, *size), dtype)
    options = {
        "kernel_size": [p + 1 for p in padding],
        "padding": padding,
        "dilation": [p + 1 for p in padding],
    }
    got = pool.max_pool2d(mg.tensor(x, device=device), return_indices=True, **options)
    want = F.max_pool2d(torch.tensor(x), return_indices=True, **options)
    for mine, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())


def test_a_window_of_more_than_256_pixels(device, rng):
    x = rng.standard_normal((1, 2, 18, 18))
    check(pool.max_pool2d, F.max_pool2d, x, device=device, kernel_size=17, stride=1, return_indices=True)


# ---------------------------------------------------------------------- averages


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
    check(pool.avg_pool2d, F.avg_pool2d, x, (2, 3), device=device)
    check(pool.avg_pool2d, F.avg_pool2d, x, (2, 3), (), device=device)
    check(pool.max_pool2d, F.max_pool2d, x, (2, 3), (), device=device)


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
        lambda x: pool.adaptive_avg_pool2d(x, output_size),
        lambda x: F.adaptive_avg_pool2d(x, wanted),
        x,
        device=device,
    )


def test_no_rectangles_at_all(device):
    x = mg.ones(2, 3, 5, 4, device=device, requires_grad=True)
    y = pool.adaptive_avg_pool2d(x, (0, 2))
    assert y.shape == (2, 3, 0, 2)
    y.sum().backward()
    assert (x.grad.numpy() == 0).all()


def test_an_infinite_pixel_stays_in_its_windows(device):
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 0, 0] = np.inf
    got = pool.adaptive_avg_pool2d(mg.tensor(x, device=device), 2)
    assert got.tolist() == [[[[np.inf, 0.0], [0.0, 0.0]]]]


def test_float16_is_summed_in_float32(device):
    x = mg.tensor(np.full((1, 1, 64, 64), 30.0, np.float16), device=device)
    assert pool.adaptive_avg_pool2d(x, 1).item() == 30.0
    assert pool.avg_pool2d(x, 64).dtype == np.float16


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((1, 2, 5, 5), {"kernel_size": 6}, r"covers \(6, 6\), more than the padded input has, \(5, 5\)"),
        ((1, 2, 5, 5), {"kernel_size": 3, "padding": 2}, r"\(2, 2\) is more than half of what .* \(3, 3\)"),
        ((1, 2, 5, 5), {"kernel_size": 3, "padding": -1}, "padding must be at least 0, got -1"),
        ((1, 2, 5, 5), {"kernel_size": 0}, "kernel_size must be at least 1, got 0"),
        ((1, 2, 5, 5), {"kernel_size": 2, "stride": 0}, "stride must be at least 1, got 0"),
        ((1, 2, 5, 5), {"kernel_size": (2, 2, 2)}, r"kernel_size must be one integer or 2, got \(2, 2, 2\)"),
        ((5, 5), {"kernel_size": 2}, r"expected input with 4 dimensions \(or 3, without a batch\)"),
    ],
)
@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_refusals(device, name, shape, options, message):
    with pytest.raises(RuntimeError, match=f"^{name}: .*{message}"):
        getattr(pool, name)(mg.zeros(*shape, device=device), **options)
    with pytest.raises((RuntimeError, IndexError)):
        getattr(F, name)(torch.zeros(*shape), **options)


def test_other_refusals(device):
    x = mg.zeros(1, 2, 4, 4, device=device)
    with pytest.raises(RuntimeError, match="divisor_override must not be zero"):
        pool.avg_pool2d(x, 2, divisor_override=0)
    with pytest.raises(RuntimeError, match="^avg_pool2d: expected a floating tensor, got int64"):
        pool.avg_pool2d(x.to(np.int64), 2)
    with pytest.raises(RuntimeError, match="^max_pool2d: expected numbers, got a boolean tensor"):
        pool.max_pool2d(x > 0, 2)
    with pytest.raises(RuntimeError, match="output_size must be at least 0, got"):
        pool.adaptive_avg_pool2d(x, -1)
    with pytest.raises(RuntimeError, match=r"output_size must be one integer or 2, got \(1, 2, 3\)"):
        pool.adaptive_avg_pool2d(x, (1, 2, 3))
    with pytest.raises(RuntimeError, match=r"with pixels and channels, got shape \(1, 2, 0, 4\)"):
        pool.adaptive_avg_pool2d(x[:, :, :0], 2)
