"""The convolution kernels against their plain definitions: sums over the elements of the kernel."""

import tracemalloc
from dataclasses import dataclass
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.backend import conv as kernels
from minigrad.backend import to_device, to_numpy
from minigrad.backend.conv import Geometry

# ---------------------------------------------------------------------- the plain definitions


def padded(x, padding):
    """x with a border of zeros (or without what negative numbers crop)."""
    border = [(0, 0), (0, 0), *padding]
    x = np.pad(x, [(max(0, before), max(0, after)) for before, after in border])
    kept = [slice(max(0, -b), n - max(0, -a)) for n, (b, a) in zip(x.shape, border, strict=True)]
    return x[tuple(kept)]


def meetings(kernel, size, geometry):
    """Each element (i, j) of the kernel, and the rows and columns of the padded image that it meets."""
    for index in np.ndindex(*kernel):
        starts = [i * d for i, d in zip(index, geometry.dilation, strict=True)]
        steps = zip(starts, size, geometry.stride, strict=True)
        yield index, tuple(slice(start, start + (n - 1) * s + 1, s) for start, n, s in steps)


def divided(x, groups, axis):
    """The channels as (groups, channels of a group)."""
    return x.reshape(*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :])


def plain(x, w, size, geometry):
    """y[n, o, p] is the sum over c and (i, j) of w[o, c, i, j] * x[n, c, p * stride + (i, j) * dilation]."""
    x, w = divided(padded(x, geometry.padding), geometry.groups, 1), divided(w, geometry.groups, 0)
    y = np.zeros((len(x), geometry.groups, w.shape[1], *size), x.dtype)
    for (i, j), (rows, columns) in meetings(w.shape[3:], size, geometry):
        y += np.einsum("goc,ngchw->ngohw", w[..., i, j], x[..., rows, columns])
    return y.reshape(len(x), geometry.groups * w.shape[1], *size)


def plain_weight_gradient(x, g, w_shape, geometry):
    x, g = divided(padded(x, geometry.padding), geometry.groups, 1), divided(g, geometry.groups, 1)
    w = divided(np.zeros(w_shape), geometry.groups, 0)
    for (i, j), (rows, columns) in meetings(w_shape[2:], g.shape[3:], geometry):
        w[..., i, j] = np.einsum("ngohw,ngchw->goc", g, x[..., rows, columns])
    return w.reshape(w_shape)


def plain_input_gradient(g, w, x_shape, geometry):
    g, w = divided(g, geometry.groups, 1), divided(w, geometry.groups, 0)
    size = tuple(n + sum(pad) for n, pad in zip(x_shape[2:], geometry.padding, strict=True))
    x = np.zeros((len(g), geometry.groups, w.shape[2], *size))
    for (i, j), (rows, columns) in meetings(w.shape[3:], g.shape[3:], geometry):
        x[..., rows, columns] += np.einsum("goc,ngohw->ngchw", w[..., i, j], g)
    return padded(x.reshape(*x_shape[:2], *size), [(-before, -after) for before, after in geometry.padding])


# ---------------------------------------------------------------------- what is drawn


@dataclass
class Case:
    x: np.ndarray
    w: np.ndarray
    g: np.ndarray
    geometry: Geometry


def laid_out(array, layout):
    """The same values in another memory: channels last, or some elements of something larger, backwards."""
    if layout == "channels last":
        return np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if layout == "scattered":
        return np.repeat(array[:, :, ::-1], 2, axis=3)[:, :, ::-1, ::2]
    return array


small, up_to_4 = st.integers(1, 3), st.integers(1, 4)
layouts = st.sampled_from(["channels first", "channels last", "scattered"])


@st.composite
def cases(draw, stride=small, kernel=up_to_4, groups=small, channels=small, most=6):
    geometry = Geometry(
        stride=(draw(stride), draw(stride)),
        padding=tuple((draw(st.integers(-1, 3)), draw(st.integers(-1, 3))) for _ in range(2)),
        dilation=(draw(st.integers(1, 2)), draw(st.integers(1, 2))),
        groups=draw(groups),
    )
    kernel, channels, outputs = (draw(kernel), draw(kernel)), draw(channels), draw(small)
    axes = zip(kernel, geometry.dilation, geometry.padding, strict=True)
    size = tuple(max(1, d * (k - 1) + 1 - sum(pad)) + draw(st.integers(0, most)) for k, d, pad in axes)
    n, inputs, outputs = draw(st.integers(0, 3)), geometry.groups * channels, geometry.groups * outputs
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Case(
        x=laid_out(rng.standard_normal((n, inputs, *size)), draw(layouts)),
        w=rng.standard_normal((outputs, channels, *kernel)),
        g=laid_out(rng.standard_normal((n, outputs, *geometry.positions(size, kernel))), draw(layouts)),
        geometry=geometry,
    )


# Blocks of all sizes: by image, by row, by group; and tiles of a row that do not divide it.
blocks = st.fixed_dictionaries(
    {
        "_BLOCK": st.sampled_from([1, 300, 3000, 1 << 20]),
        "_BLOCK_PIXELS": st.sampled_from([1, 5, 1024]),
        "_GPU_BLOCK": st.sampled_from([1, 300, 3000, 1 << 20]),
        "_TILE": st.sampled_from([1, 3, 32]),
        "_THIN_TILE": st.sampled_from([1, 2, 3]),
    }
)


def check_kernels(case, sizes, device):
    x, w, g = (to_device(array, device) for array in (case.x, case.w, case.g))
    with mock.patch.multiple(kernels, **sizes):
        y = kernels.correlate(x, w, case.geometry)
        dx = kernels.input_gradient(g, w, case.x.shape[2:], case.geometry)
        dw = kernels.weight_gradient(x, g, case.w.shape[2:], case.geometry)
    for got, want in (
        (y, plain(case.x, case.w, case.g.shape[2:], case.geometry)),
        (dx, plain_input_gradient(case.g, case.w, case.x.shape, case.geometry)),
        (dw, plain_weight_gradient(case.x, case.g, case.w.shape, case.geometry)),
    ):
        np.testing.assert_allclose(to_numpy(got), want, atol=1e-12)
    for result in (y, dx):
        assert result.transpose(0, 2, 3, 1).flags.c_contiguous, "the result is not channels-last"


@given(case=cases(), sizes=blocks)
def test_kernels(device, case, sizes):
    check_kernels(case, sizes, device)


@given(case=cases(stride=st.just(1)), sizes=blocks)
def test_kernels_of_stride_1(device, case, sizes):
    check_kernels(case, sizes, device)


@given(case=cases(kernel=st.just(1)), sizes=blocks)
def test_kernels_of_one_pixel(device, case, sizes):
    check_kernels(case, sizes, device)


@given(case=cases(groups=st.integers(2, 4), channels=st.just(1), most=12), sizes=blocks)
def test_depthwise_kernels(device, case, sizes):
    check_kernels(case, sizes, device)


@given(case=cases())
def test_arguments_are_not_written_into(device, case):
    arrays = [to_device(array.copy(), device) for array in (case.x, case.w, case.g)]
    kernels.correlate(*arrays[:2], case.geometry)
    kernels.input_gradient(arrays[2], arrays[1], case.x.shape[2:], case.geometry)
    kernels.weight_gradient(arrays[0], arrays[2], case.w.shape[2:], case.geometry)
    for array, before in zip(arrays, (case.x, case.w, case.g), strict=True):
        np.testing.assert_array_equal(to_numpy(array), before)


# ---------------------------------------------------------------------- precision

GEOMETRY = Geometry((1, 2), ((1, 1), (1, 0)), (1, 1), 2)


def operands(rng, dtype):
    """x, w and g of a convolution with this geometry."""
    return [rng.standard_normal(shape).astype(dtype) for shape in ((3, 8, 9, 7), (6, 4, 3, 3), (3, 6, 9, 3))]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_low_precision_is_the_rounded_exact_result(device, rng, dtype):
    arrays = operands(rng, dtype)
    x, w, g = (to_device(array, device) for array in arrays)
    results = (
        kernels.correlate(x, w, GEOMETRY),
        kernels.input_gradient(g, w, (9, 7), GEOMETRY),
        kernels.weight_gradient(x, g, (3, 3), GEOMETRY),
    )
    x, w, g = (array.astype(np.float64) for array in arrays)
    exact = (
        plain(x, w, (9, 3), GEOMETRY),
        plain_input_gradient(g, w, x.shape, GEOMETRY),
        plain_weight_gradient(x, g, w.shape, GEOMETRY),
    )
    for got, want in zip(results, exact, strict=True):
        assert got.dtype == dtype
        # sums of at most 81 float32 products, none above 16; then one rounding to `dtype`
        tolerance = 81 * 16 * 2.0**-24 + np.finfo(dtype).eps * np.abs(want)
        assert (np.abs(to_numpy(got) - want) <= tolerance).all()


def test_float16_sums_do_not_overflow_on_the_way(device):
    x = to_device(np.full((1, 4, 1, 1), 200.0, np.float16), device)
    w = to_device(np.array([200.0, 200.0, -200.0, -200.0], np.float16).reshape(1, 4, 1, 1), device)
    geometry = Geometry((1, 1), ((0, 0), (0, 0)), (1, 1))
    assert to_numpy(kernels.correlate(x, w, geometry)).item() == 0


def test_integers_stay_exact(device, rng):
    x, w, _ = ((10 * array).astype(np.int64) for array in operands(rng, np.float64))
    got = to_numpy(kernels.correlate(to_device(x, device), to_device(w, device), GEOMETRY))
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, plain(x, w, (9, 3), GEOMETRY))


# ---------------------------------------------------------------------- memory


def test_columns_never_exist_as_a_whole(rng):
    x = rng.standard_normal((8, 16, 64, 64), np.float32)
    w = rng.standard_normal((2, 16, 3, 3), np.float32)
    tracemalloc.start()
    kernels.correlate(x, w, Geometry((1, 1), ((1, 1), (1, 1)), (1, 1)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6  # all columns together take 19 MB
