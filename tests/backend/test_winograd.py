"""Winograd's algorithm against its twin (the columns of `minigrad.backend.conv`), exactly and in float32."""

import tracemalloc
from dataclasses import dataclass
from fractions import Fraction
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.backend import allow_winograd, conv, to_device, to_numpy, winograd
from minigrad.backend.conv import Geometry

# ---------------------------------------------------------------------- the matrices, exactly

integers = st.integers(-9, 9)


def exact(matrix):
    """The fractions of which these are the float64; 24 is the largest denominator in the paper."""
    fractions = np.vectorize(lambda value: Fraction(value).limit_denominator(24), otypes=[object])(matrix)
    np.testing.assert_array_equal(fractions.astype(np.float64), matrix)
    return fractions


BT, G, AT = (exact(matrix) for matrix in (winograd.BT, winograd.G, winograd.AT))


@given(x=st.lists(integers, min_size=6, max_size=6), w=st.lists(integers, min_size=3, max_size=3))
def test_one_dimension_is_exact(x, w):
    y = AT @ ((G @ np.array(w, object)) * (BT @ np.array(x, object)))
    assert y.tolist() == [sum(w[j] * x[i + j] for j in range(3)) for i in range(4)]


@given(x=st.lists(integers, min_size=6, max_size=6), g=st.lists(integers, min_size=4, max_size=4))
def test_gradient_by_the_weight_in_one_dimension_is_exact(x, g):
    w = G.T @ ((BT @ np.array(x, object)) * (AT.T @ np.array(g, object)))
    assert w.tolist() == [sum(g[i] * x[i + j] for i in range(4)) for j in range(3)]


# ---------------------------------------------------------------------- the kernels against their twin


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


layouts = st.sampled_from(["channels first", "channels last", "scattered"])
pads = st.tuples(st.integers(-4, 7), st.integers(-4, 7))


@st.composite
def cases(draw, dtype=np.float32):
    padding = draw(pads), draw(pads)
    height, width = (max(1, 3 - sum(pad)) + draw(st.integers(0, 13)) for pad in padding)
    n, inputs, outputs = (draw(st.integers(1, 5)) for _ in range(3))
    geometry = Geometry((1, 1), padding, (1, 1))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = geometry.positions((height, width), (3, 3))
    x = rng.standard_normal((n, inputs, height, width)).astype(dtype)
    (top, bottom), (left, right) = ((max(0, -before), max(0, -after)) for before, after in padding)
    inside = x[:, :, top : max(0, height - bottom), left : max(0, width - right)].copy()
    x[...] = np.nan  # what is cropped must not be looked at
    x[:, :, top : top + inside.shape[2], left : left + inside.shape[3]] = inside
    return Case(
        x=laid_out(x, draw(layouts)),
        w=rng.standard_normal((outputs, inputs, 3, 3)).astype(dtype),
        g=laid_out(rng.standard_normal((n, outputs, *size)).astype(dtype), draw(layouts)),
        geometry=geometry,
    )


def three(x, w, g, geometry):
    """The convolution and its two gradients, by whichever algorithm `conv` chooses."""
    return (
        conv.correlate(x, w, geometry),
        conv.input_gradient(g, w, x.shape[2:], geometry),
        conv.weight_gradient(x, g, (3, 3), geometry),
    )


def by_columns(case):
    """In float64: as far as float32 can tell, the exact result."""
    with allow_winograd(False):
        return three(*(array.astype(np.float64) for array in (case.x, case.w, case.g)), case.geometry)


def chosen(kernels):
    """These kernels, however small the case is."""
    choices = {"_tile": mock.Mock(return_value=0), "_winograd": mock.Mock(return_value=kernels)}
    return mock.patch.multiple(conv, **choices)


def by_winograd(kernels, case, device, tiles=128):
    """By lines or tiles, in any precision and on any device."""
    arrays = (to_device(array, device) for array in (case.x, case.w, case.g))
    with chosen(kernels), mock.patch.object(winograd, "_TILES", tiles):
        return three(*arrays, case.geometry)


both = pytest.mark.parametrize("kernels", [winograd.LINES, winograd.TILES], ids=["lines", "tiles"])


@both
@given(case=cases(np.float64), tiles=st.sampled_from([1, 3, 8, 128]))
def test_in_float64_it_is_the_same_function(device, kernels, case, tiles):
    results = by_winograd(kernels, case, device, tiles)
    for got, want in zip(results, by_columns(case), strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(to_numpy(got), want, atol=1e-11)
    for images in results[:2]:
        assert images.transpose(0, 2, 3, 1).flags.c_contiguous, "the result is not channels-last"


@both
@given(case=cases())
def test_float32_keeps_its_error_bound(device, kernels, case):
    """The bound is the algorithm with absolute values everywhere, times the roundings on the longest path.

    These are at most 12 in each transform by two products with up to 6 terms, 37 where both are one product,
    and one for each term of the sum over channels, or over strips or tiles, which are fewer than pixels.
    """
    (outputs, channels), pixels = case.w.shape[:2], case.g[:, 0].size
    sums = 3 * channels, 3 * outputs, pixels
    matrices = {name: np.abs(getattr(winograd, name)) for name in ("BT", "G", "AT")}
    magnitudes = (np.abs(array).astype(np.float64) for array in (case.x, case.w, case.g))
    with mock.patch.multiple(winograd, **matrices):
        bounds = by_winograd(kernels, Case(*magnitudes, case.geometry), "cpu")
    for got, want, bound, terms in zip(
        by_winograd(kernels, case, device), by_columns(case), bounds, sums, strict=True
    ):
        assert got.dtype == np.float32
        assert (np.abs(to_numpy(got) - want) <= (12 + 12 + 37 + terms) * 2.0**-24 * bound).all()


@both
@given(case=cases())
def test_arguments_are_not_written_into(device, kernels, case):
    arrays = [to_device(array.copy(), device) for array in (case.x, case.w, case.g)]
    with chosen(kernels):
        three(*arrays, case.geometry)
    for array, before in zip(arrays, (case.x, case.w, case.g), strict=True):
        np.testing.assert_array_equal(to_numpy(array), before)


# ---------------------------------------------------------------------- as users meet it


def large(rng, dtype=np.float32, n=16, channels=64, outputs=64, size=15):
    """x, w and g of a convolution that is large enough."""
    shapes = (n, channels, size, size), (outputs, channels, 3, 3), (n, outputs, size, size)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


GEOMETRY = Geometry((1, 1), ((1, 1), (1, 1)), (1, 1))


def used(x, w, g, geometry=GEOMETRY):
    """Which kernels ran, and how often, in a convolution and its two gradients."""
    watched = {
        name: winograd.Kernels(*(mock.Mock(wraps=kernel) for kernel in getattr(winograd, name)))
        for name in ("LINES", "TILES")
    }
    with mock.patch.multiple(winograd, **watched):
        three(x, w, g, geometry)
    counts = {name: tuple(kernel.call_count for kernel in kernels) for name, kernels in watched.items()}
    return {name: count for name, count in counts.items() if any(count)}


@pytest.mark.parametrize(
    ("channels", "outputs", "kernels", "tolerance"),
    [(16, 16, "LINES", 5e-6), (32, 16, "LINES", 5e-6), (64, 64, "TILES", 2e-5), (48, 128, "TILES", 2e-5)],
)
def test_against_pytorch(rng, channels, outputs, kernels, tolerance):
    x, w, g = large(rng, channels=channels, outputs=outputs)
    assert used(x, w, g) == {kernels: (2, 1)}
    arrays = [torch.tensor(a.astype(np.float64), requires_grad=True) for a in (x, w)]
    y = torch.nn.functional.conv2d(*arrays, padding=1)
    dx, dw = torch.autograd.grad(y, arrays, torch.tensor(g.astype(np.float64)))
    for got, want in zip(three(x, w, g, GEOMETRY), (y, dx, dw), strict=True):
        want = want.detach().numpy()
        assert np.abs(got - want).max() < tolerance * np.abs(want).max()  # what the module's text promises


def test_float16_is_rounded_once(rng):
    x, w, g = large(rng, np.float16)
    assert used(x, w, g) == {"TILES": (2, 1)}
    exact = by_columns(Case(x, w, g, GEOMETRY))
    for got, want in zip(three(x, w, g, GEOMETRY), exact, strict=True):
        assert got.dtype == np.float16
        tolerance = 2e-5 * np.abs(want).max() + np.finfo(np.float16).eps * np.abs(want)
        assert (np.abs(got - want) <= tolerance).all()


def test_float64_never_uses_it(rng):
    assert used(*large(rng, np.float64)) == {}


def test_a_gpu_never_uses_it(device, rng):
    arrays = (to_device(array, device) for array in large(rng))
    assert used(*arrays) == ({"TILES": (2, 1)} if device == "cpu" else {})


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry((2, 2), ((1, 1), (1, 1)), (1, 1)),
        Geometry((1, 2), ((1, 1), (1, 1)), (1, 1)),
        Geometry((1, 1), ((2, 2), (2, 2)), (2, 2)),
        Geometry((1, 1), ((1, 1), (1, 1)), (1, 1), 2),
    ],
    ids=str,
)
def test_other_geometries_never_use_it(rng, geometry):
    x, w, _ = large(rng, channels=64 * geometry.groups, outputs=64 * geometry.groups)
    w = w[:, :64]
    g = np.ones((len(x), len(w), *geometry.positions(x.shape[2:], (3, 3))), np.float32)
    assert used(x, w, g, geometry) == {}


def test_other_kernels_never_use_it(rng):
    x, w, _ = large(rng)
    watched = mock.patch.object(winograd, "fastest")
    with watched as fastest:
        conv.correlate(x, w[..., :2], GEOMETRY)
        conv.weight_gradient(x, x[..., 1:], (3, 4), GEOMETRY)
    fastest.assert_not_called()


def test_the_switch(rng):
    arrays = large(rng)
    with mg.backend.allow_winograd(False):
        assert used(*arrays) == {}
        with mg.backend.allow_winograd(True):
            assert used(*arrays) == {"TILES": (2, 1)}
        assert used(*arrays) == {}
    assert used(*arrays) == {"TILES": (2, 1)}


def test_the_switch_without_with(rng):
    arrays = large(rng)
    try:
        allow_winograd(False)
        assert used(*arrays) == {}
    finally:
        allow_winograd(True)
    assert used(*arrays) == {"TILES": (2, 1)}


# ---------------------------------------------------------------------- time and memory


@pytest.mark.parametrize(
    ("images", "size", "channels", "outputs", "kernels"),
    [
        (128, (32, 32), 3, 16, None),  # transforms would cost more than is saved
        (128, (32, 32), 16, 16, winograd.LINES),
        (64, (7, 7), 32, 32, winograd.LINES),
        (128, (8, 8), 64, 64, winograd.TILES),
        (64, (4, 4), 512, 512, winograd.TILES),
        (128, (5, 5), 64, 64, None),  # more than half of the tiles would be thrown away
        (1, (4, 4), 512, 512, None),  # weights would be transformed for one tile
        (0, (8, 8), 64, 64, None),
    ],
)
def test_the_choice(images, size, channels, outputs, kernels):
    assert winograd.fastest(images, size, channels, outputs) == kernels


@pytest.mark.parametrize("channels", [16, 48], ids=["lines", "tiles"])
def test_columns_and_tiles_never_exist_as_a_whole(rng, channels):
    x, w, g = large(rng, n=2, size=160, channels=channels, outputs=channels)
    tracemalloc.start()
    three(x, w, g, GEOMETRY)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * x.nbytes  # two results, and blocks; tiles or columns alone take 2.25 for x, and for g
