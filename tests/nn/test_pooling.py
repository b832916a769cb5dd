import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from tests.nn.twins import agree, close, twins


def image(*shape):
    """An image without ties: all values differ, so the largest of a window is one pixel."""
    return (
        np.random.default_rng(0).permutation(float(np.prod(shape)) - np.arange(np.prod(shape))).reshape(shape)
    )


@given(
    kernel=st.integers(1, 3),
    stride=st.none() | st.integers(1, 3),
    padded=st.booleans(),
    dilation=st.integers(1, 2),
    ceil_mode=st.booleans(),
    batch=st.sampled_from([(), (2,)]),
)
def test_max_pool2d(device, kernel, stride, padded, dilation, ceil_mode, batch):
    padding = kernel // 2 if padded else 0
    ours, theirs = twins(
        "MaxPool2d", (kernel, 2), stride, (padding, 1), dilation, ceil_mode=ceil_mode, device=device
    )
    agree(ours, theirs, image(*batch, 2, 7, 8), device=device)


@given(
    kernel=st.integers(1, 3),
    stride=st.none() | st.integers(1, 3),
    padded=st.booleans(),
    ceil_mode=st.booleans(),
    count_include_pad=st.booleans(),
    divisor=st.sampled_from([None, 3]),
)
def test_avg_pool2d(device, kernel, stride, padded, ceil_mode, count_include_pad, divisor):
    padding = kernel // 2 if padded else 0
    ours, theirs = twins(
        "AvgPool2d", kernel, stride, padding, ceil_mode, count_include_pad, divisor, device=device
    )
    agree(ours, theirs, image(2, 3, 7, 8), device=device)


@pytest.mark.parametrize("output_size", [1, 3, (2, 3), (None, 2), (5, None), 9])
def test_adaptive_avg_pool2d(device, output_size):
    ours, theirs = twins("AdaptiveAvgPool2d", output_size, device=device)
    agree(ours, theirs, image(2, 3, 7, 8), device=device)


def test_indices_of_the_maxima(device):
    ours, theirs = twins("MaxPool2d", 3, 2, 1, 1, True, True, device=device)
    x = image(2, 3, 7, 8)
    (mine, where), (other, there) = ours(mg.tensor(x, device=device)), theirs(torch.tensor(x))
    close(mine, other, 1e-12, "maxima")
    close(where, there, 0, "indices")


def test_windows_larger_than_the_image_are_refused():
    with pytest.raises(RuntimeError, match="max_pool2d"):
        nn.MaxPool2d(5)(mg.zeros(1, 1, 3, 3))
