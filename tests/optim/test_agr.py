"""The laws of AGR, psi(g) = g (1 - |g| / sum |g|), on drawn gradients.

Numbers are those of the project's list of properties; u is half the distance from 1 to the next number.
"""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim

DTYPES = [np.float64, np.float32, np.float16]


@st.composite
def gradients(draw, dtype=None, min_size=1, max_size=24, exponent=None, zeros=True):
    """Vectors with magnitudes over many decades, zeros among them."""
    dtype = dtype or draw(st.sampled_from(DTYPES[:2]))
    exponent = exponent or (80 if dtype is np.float64 else 8)
    magnitude = st.floats(-exponent, exponent).map(lambda e: 10.0**e)
    element = st.tuples(st.sampled_from([-1.0, 1.0]), st.just(0.0) | magnitude if zeros else magnitude)
    values = draw(st.lists(element.map(math.prod), min_size=min_size, max_size=max_size))
    return np.array(values, dtype=dtype)


moderate = gradients(exponent=2)


@pytest.fixture(scope="module")
def psi(device):
    """optim.agr from NumPy to NumPy, by way of the device."""
    return lambda g: optim.agr(mg.tensor(g, device=device)).numpy()


def exact(g):
    """psi in rational numbers."""
    x = [abs(Fraction(float(value))) for value in g.reshape(-1)]
    total = sum(x)
    if not total:
        return [Fraction(0)] * len(x)
    return [Fraction(float(value)) * (total - a) / total for value, a in zip(g.reshape(-1), x, strict=True)]


def unit(g):
    return float(np.finfo(g.dtype).eps) / 2


@given(g=gradients())
def test_1_within_4_units_in_the_last_place(psi, g):
    for value, truth in zip(psi(g), exact(g), strict=True):
        ulp = Fraction(float(np.spacing(g.dtype.type(abs(float(truth))))))
        assert abs(Fraction(float(value)) - truth) <= 4 * ulp


def test_1_also_where_one_element_dominates(psi):
    """There 1 - alpha cancels: the official formula is wrong by 5 % in the first, by 100 % in the second."""
    np.testing.assert_allclose(
        psi(np.array([1.0, 2**-20, 2**-20], np.float32))[0], 2**-19 / (1 + 2**-19), rtol=2**-23
    )
    np.testing.assert_allclose(psi(np.array([1e-18, -1.0, 1e-18]))[1], -2e-18, rtol=2**-52)


@given(g=gradients())
def test_2_and_3_signs_stay_and_nothing_grows(psi, g):
    assert (g * np.sign(psi(g)) >= 0).all()
    assert (np.abs(psi(g)) <= np.abs(g)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 2), (0, 3)])
def test_4_shape_and_dtype_stay_and_the_input_too(psi, device, rng, dtype, shape):
    g = np.asarray(rng.standard_normal(shape)).astype(dtype)
    given = mg.tensor(g, device=device)
    result = optim.agr(given)
    assert (result.shape, result.dtype, result.device) == (shape, dtype, given.device)
    assert not result.requires_grad
    np.testing.assert_array_equal(given.numpy(), g)
    raw = optim.agr(given.data)
    assert type(raw) is type(given.data)
    np.testing.assert_array_equal(mg.Tensor(raw).numpy(), result.numpy())


@given(g=gradients())
def test_5_odd(psi, g):
    np.testing.assert_array_equal(psi(-g), -psi(g))


@given(g=gradients(), k=st.integers(-20, 20))
def test_6_powers_of_two_scale_exactly(psi, g, k):
    scale = g.dtype.type(2.0**k)
    np.testing.assert_array_equal(psi(scale * g), scale * psi(g))


@given(g=moderate, c=st.floats(1e-3, 1e3))
def test_7_homogeneous(psi, g, c):
    c = g.dtype.type(c)
    assert (np.abs(psi(c * g) - c * psi(g)) <= 16 * unit(g) * np.abs(c * g)).all()


@given(g=gradients(), seed=st.integers(0, 99))
def test_8_permutations(psi, g, seed):
    order = np.random.default_rng(seed).permutation(len(g))
    tolerance = 2 * (4 + 2 * math.log2(len(g) + 1)) * unit(g) * np.abs(g[order])
    assert (np.abs(psi(g[order]) - psi(g)[order]) <= tolerance).all()


@given(g=gradients(min_size=12, max_size=12))
def test_9_reshaping(psi, g):
    np.testing.assert_array_equal(psi(g.reshape(3, 2, 2)).reshape(-1), psi(g))


@given(g=gradients(), seed=st.integers(0, 99))
def test_10_sign_flips(psi, g, seed):
    signs = np.random.default_rng(seed).choice([-1, 1], len(g)).astype(g.dtype)
    np.testing.assert_array_equal(psi(signs * g), signs * psi(g))


@given(g=gradients(), zeros=st.integers(1, 9))
def test_11_zero_padding(psi, g, zeros):
    padded = psi(np.concatenate([g, np.zeros(zeros, g.dtype)]))
    assert (padded[len(g) :] == 0).all()
    assert (np.abs(padded[: len(g)] - psi(g)) <= 8 * unit(g) * np.abs(g)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3), (2, 3, 4, 5)])
def test_12_zero_stays_zero_without_a_warning(psi, dtype, shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (psi(np.zeros(shape, dtype)) == 0).all()


@given(g=gradients(max_size=1))
def test_13_one_element_becomes_zero(psi, g):
    assert psi(g) == 0
    assert psi(g.reshape(())) == 0
    assert psi(g.reshape(1, 1, 1)) == 0


@given(g=gradients(), where=st.integers(0, 23))
def test_14_one_hot_becomes_zero(psi, g, where):
    g[np.arange(len(g)) != where % len(g)] = 0
    assert (psi(g) == 0).all()


@given(g=gradients(min_size=2, max_size=2))
def test_33_two_elements_become_equally_large(psi, g):
    a, b = np.abs(psi(g)).astype(float)
    assert abs(a - b) <= 8 * unit(g) * max(a, b)


@given(g=gradients(exponent=2, zeros=False, min_size=3))
def test_24_25_31_41_order_distance_bound_and_shrinking(psi, g):
    x, y = np.abs(g).astype(float), np.abs(psi(g)).astype(float)
    order = np.argsort(x, kind="stable")
    assert (np.diff(y[order]) >= -8 * unit(g) * y.max()).all()
    signed = psi(g).astype(float)
    assert (
        np.abs(np.subtract.outer(signed, signed)) <= np.abs(np.subtract.outer(g, g)) + 8 * unit(g) * x.max()
    ).all()
    assert y.max() <= x.sum() / 4 * (1 + 8 * unit(g))
    assert y.max() < x.max()


def test_float16_sums_do_not_overflow(psi):
    g = np.full(100_000, 60_000, np.float16)  # a sum of 6e9; the largest float16 is 65504
    g[0] = 10
    assert psi(g)[0] == 10
    assert (psi(np.full(2, 60_000, np.float16)) == 30_000).all()


def test_float32_sums_do_not_overflow(psi):
    np.testing.assert_allclose(psi(np.array([3e38, 3e38], np.float32)), [1.5e38, 1.5e38], rtol=1e-6)


@pytest.mark.parametrize("g", [[1.5e308, 1.5e308], [1.7e308] * 3, [1.7e308, 1.0, -1e-300]])
def test_float64_sums_do_not_overflow(psi, g):
    exact = [float(Fraction(a) * (1 - abs(Fraction(a)) / sum(abs(Fraction(b)) for b in g))) for a in g]
    np.testing.assert_allclose(psi(np.array(g)), exact, rtol=1e-15)


def test_float32_sums_do_not_stagnate(psi):
    """From 2^24 on a float32 sum of ones grows no more; the large element must still see them all."""
    g = np.ones(2**24 + 2**20, np.float32)
    g[0] = 2.0**24
    expected = 2.0**24 * (1 - 2.0**24 / (2.0**25 + 2**20 - 1))
    np.testing.assert_allclose(psi(g)[0], expected, rtol=1e-7)


def test_products_do_not_overflow(psi):
    np.testing.assert_allclose(psi(np.array([1e30, -1e30], np.float32)), [5e29, -5e29], rtol=1e-6)
    np.testing.assert_allclose(psi(np.array([1e-30, -1e-30], np.float32)), [5e-31, -5e-31], rtol=1e-6)


def test_nan_reaches_every_element(psi):
    assert np.isnan(psi(np.array([1.0, np.nan, 2.0]))).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1.0, 2.0], "agr: expected a Tensor or an array of floating dtype, got list"),
        (np.array([1, 2]), "got an array of int64"),
    ],
)
def test_agr_refuses(wrong, message):
    with pytest.raises(TypeError, match=message):
        optim.agr(wrong)
