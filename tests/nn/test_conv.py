import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from tests.nn.twins import agree, twins


def size(least, most):
    """One number for both dimensions, or one for each."""
    return st.integers(least, most) | st.tuples(st.integers(least, most), st.integers(least, most))


def pair(value):
    return (value, value) if isinstance(value, int) else value


def pixels(kernel, dilation, padding):
    """The smallest image that a kernel fits into."""
    return [
        max(1, d * (k - 1) + 1 - 2 * p)
        for k, d, p in zip(pair(kernel), pair(dilation), pair(padding), strict=True)
    ]


@given(
    channels=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    groups=st.integers(1, 3),
    kernel=size(1, 3),
    stride=size(1, 2),
    padding=size(0, 2),
    dilation=size(1, 2),
    bias=st.booleans(),
    extra=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    batch=st.sampled_from([(), (1,), (2,)]),
)
def test_conv2d(device, channels, groups, kernel, stride, padding, dilation, bias, extra, batch):
    c, o = (n * groups for n in channels)
    ours, theirs = twins("Conv2d", c, o, kernel, stride, padding, dilation, groups, bias, device=device)
    h, w = (a + b for a, b in zip(pixels(kernel, dilation, padding), extra, strict=True))
    agree(ours, theirs, np.random.default_rng(0).standard_normal((*batch, c, h, w)), device=device)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", [(1, 3), (2, 3), 4])
def test_conv2d_with_padding_by_name(device, rng, padding, kernel):
    ours, theirs = twins("Conv2d", 2, 3, kernel, padding=padding, dilation=2, device=device)
    agree(ours, theirs, rng.standard_normal((2, 2, 8, 9)), device=device)


@given(
    channels=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    groups=st.integers(1, 2),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    bias=st.booleans(),
    extra=st.integers(0, 3),
    batch=st.sampled_from([(), (2,)]),
)
def test_conv1d(device, channels, groups, kernel, stride, padding, dilation, bias, extra, batch):
    c, o = (n * groups for n in channels)
    ours, theirs = twins("Conv1d", c, o, kernel, stride, padding, dilation, groups, bias, device=device)
    length = pixels(kernel, dilation, padding)[0] + extra
    agree(ours, theirs, np.random.default_rng(0).standard_normal((*batch, c, length)), device=device)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_conv1d_same(device, rng):
    ours, theirs = twins("Conv1d", 2, 3, 4, padding="same", device=device)
    agree(ours, theirs, rng.standard_normal((2, 2, 7)), device=device)


@given(
    channels=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    groups=st.integers(1, 2),
    kernel=size(1, 3),
    stride=size(1, 3),
    padding=size(0, 1),
    output_padding=size(0, 2),
    dilation=size(1, 2),
    bias=st.booleans(),
    image=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    batch=st.sampled_from([(), (2,)]),
)
def test_conv_transpose2d(
    device, channels, groups, kernel, stride, padding, output_padding, dilation, bias, image, batch
):
    settings = [pair(setting) for setting in (kernel, stride, padding, output_padding, dilation)]
    for size, k, s, p, o, d in zip(image, *settings, strict=True):
        assume(o < max(s, d))  # both libraries refuse more
        assume((size - 1) * s - 2 * p + d * (k - 1) + o + 1 > 0)
    c, o = (n * groups for n in channels)
    ours, theirs = twins(
        "ConvTranspose2d",
        c,
        o,
        kernel,
        stride,
        padding,
        output_padding,
        groups,
        bias,
        dilation,
        device=device,
    )
    agree(ours, theirs, np.random.default_rng(0).standard_normal((*batch, c, *image)), device=device)


def test_float32_within_rounding(device, rng):
    ours, theirs = twins("Conv2d", 16, 16, 3, padding=1, device=device, dtype="float32")
    x = rng.standard_normal((4, 16, 8, 8)).astype(np.float32)
    agree(
        ours, theirs, x, device=device, tolerance=2e-7 * 4 * 64
    )  # sums of 256 products of the weight's gradient


def test_layers_take_a_device_and_a_dtype(device):
    for layer in (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d):
        made = layer(2, 3, 3, device=device, dtype="float64")
        assert made.weight.dtype == made.bias.dtype == np.float64
        assert made.bias.device == mg.tensor(0.0, device=device).device


@pytest.mark.parametrize("layer", [nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d])
def test_bad_arguments_are_refused(layer):
    name = layer.__name__
    with pytest.raises(ValueError, match=f"{name}: groups=2 does not divide in_channels=3"):
        layer(3, 4, 3, groups=2)
    with pytest.raises(ValueError, match=f"{name}: groups=2 does not divide out_channels=3"):
        layer(4, 3, 3, groups=2)
    with pytest.raises(ValueError, match=f"{name}: groups=0 does not divide"):
        layer(4, 3, 3, groups=0)
    with pytest.raises(
        NotImplementedError, match=f"{name}: only padding_mode='zeros' is supported, got 'reflect'"
    ):
        layer(4, 4, 3, padding_mode="reflect")
    with pytest.raises(ValueError, match=rf"{name}: kernel_size must be one number or \d, got \(1, 2, 3\)"):
        layer(4, 4, (1, 2, 3))
    with pytest.raises(ValueError, match=f"{name}: padding must be"):
        layer(4, 4, 3, padding="half")


def test_same_padding_needs_a_stride_of_one():
    with pytest.raises(ValueError, match=r"Conv2d: padding='same' needs a stride of 1, got \(2, 2\)"):
        nn.Conv2d(1, 1, 3, stride=2, padding="same")
    with pytest.raises(ValueError, match="ConvTranspose2d: padding must be one number or 2, got 'same'"):
        nn.ConvTranspose2d(1, 1, 3, padding="same")


def test_a_transposed_convolution_leads_back():
    x = mg.zeros(1, 2, 11, 12)
    layer = {"kernel_size": 3, "stride": 2, "padding": 1}
    y = nn.Conv2d(2, 5, **layer)(x)
    back = nn.ConvTranspose2d(5, 2, output_padding=(0, 1), **layer)(y)
    assert back.shape == x.shape
    assert math.prod(y.shape) == 5 * 6 * 6
