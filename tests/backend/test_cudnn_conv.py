"""Convolution by cuDNN against the plain definition, today's kernels and PyTorch."""

import numpy as np
import pytest
import torch.nn.functional as T
from hypothesis import given
from hypothesis import strategies as st

from minigrad.backend import conv as kernels
from minigrad.backend import cudnn, to_device, to_numpy
from minigrad.backend.conv import Geometry
from minigrad.ops.conv import conv2d, conv_transpose2d
from tests.backend.test_conv import cases, laid_out, plain, plain_input_gradient, plain_weight_gradient
from tests.oracle import check

OPERATIONS = ("conv_fprop", "conv_dgrad", "conv_wgrad")


def executed():
    return tuple(cudnn.executed[operation] for operation in OPERATIONS)


@given(case=cases(), dtype=st.sampled_from([np.float32, np.float16]))
def test_kernels(cudnn_device, case, dtype):
    x, w, g = (laid_out_like(array, array.astype(dtype)) for array in (case.x, case.w, case.g))
    there = [to_device(array, cudnn_device) for array in (x, w, g)]
    before = executed()
    results = (
        kernels.correlate(there[0], there[1], case.geometry),
        kernels.input_gradient(there[2], there[1], x.shape[2:], case.geometry),
        kernels.weight_gradient(there[0], there[2], w.shape[2:], case.geometry),
    )
    if x.size and min(min(pad) for pad in case.geometry.padding) >= 0:
        assert executed() == tuple(n + 1 for n in before), cudnn.refused
    assert not cudnn.refused, "cudnn was asked in vain"
    exact = [array.astype(np.float64) for array in (x, w, g)]
    wanted = (
        plain(exact[0], exact[1], g.shape[2:], case.geometry),
        plain_input_gradient(exact[2], exact[1], x.shape, case.geometry),
        plain_weight_gradient(exact[0], exact[2], w.shape, case.geometry),
    )
    others = (
        kernels.correlate(x, w, case.geometry),
        kernels.input_gradient(g, w, x.shape[2:], case.geometry),
        kernels.weight_gradient(x, g, w.shape[2:], case.geometry),
    )
    for got, want, other in zip(results, wanted, others, strict=True):
        assert got.dtype == other.dtype == dtype
        assert got.shape == other.shape
        eps = float(np.finfo(dtype).eps)
        tolerance = {"rtol": eps, "atol": 1e-5 * max(1.0, float(np.abs(want).max(initial=0)))}
        np.testing.assert_allclose(to_numpy(got), want, **tolerance)
        np.testing.assert_allclose(
            to_numpy(got).astype(np.float64), other.astype(np.float64), **tolerance | {"rtol": 2 * eps}
        )
    for y in results[:2]:
        assert y.transpose(0, 2, 3, 1).flags.c_contiguous, "the result is not channels-last"
    for array, after in zip((x, w, g), there, strict=True):
        np.testing.assert_array_equal(to_numpy(after), array)


def laid_out_like(array, values):
    """The values with the strides of the array, which a conversion would not keep for scattered ones."""
    if not array.size or array.ndim < 4 or array.strides[1] > array.strides[3] > 0:
        return values
    return laid_out(values, "channels last" if array.strides[3] > 0 else "scattered")


def geometries():
    return st.fixed_dictionaries(
        {
            "stride": st.integers(1, 3),
            "padding": st.integers(0, 2),
            "dilation": st.integers(1, 2),
            "groups": st.integers(1, 3),
        }
    )


@given(geometry=geometries(), n=st.integers(1, 3), seed=st.integers(0, 99))
def test_against_pytorch(cudnn_device, geometry, n, seed):
    rng = np.random.default_rng(seed)
    groups = geometry["groups"]
    x = rng.standard_normal((n, 2 * groups, 7, 6), np.float32)
    w = rng.standard_normal((3 * groups, 2, 3, 2), np.float32)
    before = executed()
    check(conv2d, T.conv2d, x, w, device=cudnn_device, second=False, dtype=np.float32, **geometry)
    assert executed() == tuple(count + 1 for count in before)


def test_second_derivatives_and_transposed_convolutions(cudnn_device, rng):
    x, w = rng.standard_normal((2, 3, 5, 4), np.float32), rng.standard_normal((4, 3, 3, 3), np.float32)
    check(conv2d, T.conv2d, x, w, device=cudnn_device, dtype=np.float32, stride=2, padding=1)
    x = rng.standard_normal((2, 4, 5, 4), np.float32)
    before = executed()
    check(
        conv_transpose2d,
        T.conv_transpose2d,
        x,
        w,
        device=cudnn_device,
        second=False,
        dtype=np.float32,
        stride=2,
        padding=1,
        output_padding=1,
    )
    assert executed() == tuple(count + 1 for count in before)


def test_views_that_begin_anywhere(cudnn_device, rng):
    """An address that is no multiple of 16 bytes."""
    geometry = Geometry((1, 1), ((0, 0), (0, 0)), (1, 1))
    pixels = to_device(rng.standard_normal((1, 4, 4, 3), np.float32), cudnn_device)
    x = pixels[:, 1:].transpose(0, 3, 1, 2)  # begins 48 bytes further on
    misplaced = to_device(rng.standard_normal(1 + 2 * 3, np.float32), cudnn_device)[1:]
    w = misplaced.reshape(2, 3, 1, 1)
    y = to_numpy(kernels.correlate(x, w, geometry))
    np.testing.assert_allclose(y, kernels.correlate(to_numpy(x), to_numpy(w), geometry), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_other_types_are_left_alone(cudnn_device, rng, dtype):
    geometry = Geometry((1, 1), ((0, 0), (0, 0)), (1, 1))
    x, w = ((9 * rng.standard_normal(shape)).astype(dtype) for shape in ((2, 3, 4, 4), (2, 3, 2, 2)))
    before = executed()
    y = kernels.correlate(to_device(x, cudnn_device), to_device(w, cudnn_device), geometry)
    np.testing.assert_allclose(to_numpy(y), kernels.correlate(x, w, geometry), rtol=1e-12)
    assert executed() == before
