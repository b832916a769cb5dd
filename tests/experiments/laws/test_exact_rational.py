"""optim.agr against rational numbers: vectors whose result is worked out here, and drawn ones.

The reference is written for itself, from the definition and with Python's fractions alone.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim

DTYPES = [np.float64, np.float32]
F = Fraction

# Gradients that are exact in both dtypes, and what becomes of them.
VECTORS = {
    "two": ([3, -1], [F(3, 4), F(-3, 4)]),
    "two, far apart": ([1, -F(1, 2**20)], [F(1, 2**20 + 1), -F(1, 2**20 + 1)]),
    "four equal": ([1, 1, -1, 1], [F(3, 4), F(3, 4), F(-3, 4), F(3, 4)]),
    "three": ([1, 2, 4], [F(6, 7), F(10, 7), F(12, 7)]),
    "halves": ([F(1, 2), F(-1, 4), F(1, 8)], [F(3, 14), F(-5, 28), F(3, 28)]),
    "with zeros": ([0, 5, 0, -3], [F(0), F(15, 8), F(0), F(-15, 8)]),
    "one": ([7], [F(0)]),
    "one-hot": ([0, 0, -9, 0], [F(0)] * 4),
    "zero": ([0, 0, 0], [F(0)] * 3),
    "one dominates": (
        [2**24, 1, 1],
        [F(2**25, 2**24 + 2), 1 - F(1, 2**24 + 2), 1 - F(1, 2**24 + 2)],
    ),
    "one dominates by far": (
        [-(2**60), 1, -1],
        [-F(2**61, 2**60 + 2), 1 - F(1, 2**60 + 2), -1 + F(1, 2**60 + 2)],
    ),
    "one among a hundred": ([100] + [1] * 100, [F(50)] + [F(199, 200)] * 100),
    "a harmonic tail": (
        [F(1, 2**k) for k in range(8)],
        [F(1, 2**k) * (1 - F(2 ** (7 - k), 255)) for k in range(8)],
    ),
    "large": ([2**100, -(2**100), 2**99], [F(3 * 2**100, 5), -F(3 * 2**100, 5), F(2**101, 5)]),
    "small": ([F(1, 2**100), F(3, 2**100)], [F(3, 2**102), F(3, 2**102)]),
}


def reference(g):
    numbers = [Fraction(value.item()) for value in g]
    total = sum(map(abs, numbers))
    return [x - x * abs(x) / total if total else x for x in numbers]


def spacing(dtype, x):
    """The unit in the last place of the number of this dtype next to a rational x."""
    limits = np.finfo(dtype)
    digits, lowest = limits.nmant, int(limits.minexp) - limits.nmant
    exponent = math.floor(math.log2(abs(x.numerator)) - math.log2(x.denominator)) if x else -(10**6)
    return F(2) ** max(exponent - digits, lowest)


def check(g, truths, device):
    got = optim.agr(mg.tensor(g, device=device)).numpy()
    for x, value, truth in zip(g, got, truths, strict=True):
        assert np.isfinite(value)
        assert abs(Fraction(value.item()) - truth) <= 4 * spacing(g.dtype, truth)
        assert abs(value) <= abs(x)
        assert value == 0 or np.sign(value) == np.sign(x)
        assert (value == 0) == (abs(truth) < spacing(g.dtype, F(0)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", VECTORS)
def test_worked_vectors(name, dtype, device):
    values, truths = VECTORS[name]
    g = np.array([float(value) for value in values], dtype)
    assert [Fraction(x.item()) for x in g] == values  # the question is exact
    assert reference(g) == truths  # and so is the answer
    check(g, truths, device)


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_rational_vectors(dtype, device, data):
    """Small integers times a power of two: the sum is exact, too."""
    numbers = data.draw(st.lists(st.integers(-1000, 1000), min_size=1, max_size=40))
    scale = 2.0 ** data.draw(st.integers(-60, 60))
    g = np.array(numbers, dtype) * dtype(scale)
    check(g, reference(g), device)


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_one_element_dominates(dtype, device, data):
    """Others so small that 1 - alpha, computed as it stands, has no correct digit."""
    tails = data.draw(st.lists(st.integers(1, 99), min_size=1, max_size=20))
    g = np.array([1.0] + [tail * 2.0 ** -data.draw(st.integers(20, 60)) for tail in tails], dtype)
    where = data.draw(st.integers(0, len(tails)))
    g[[0, where]] = g[[where, 0]]
    check(g, reference(g), device)


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_any_floats(dtype, device, data):
    """Whatever a gradient can hold, from subnormal numbers on, short of an overflow of the sum."""
    limit = float(np.finfo(dtype).max) / 64
    element = st.floats(-limit, limit, width=np.finfo(dtype).bits)
    g = np.array(data.draw(st.lists(element, min_size=1, max_size=30)), dtype)
    got = optim.agr(mg.tensor(g, device=device)).numpy()
    for x, value, truth in zip(g, got, reference(g), strict=True):
        assert abs(Fraction(value.item()) - truth) <= 4 * spacing(dtype, truth)
        assert abs(value) <= abs(x)
        assert value == 0 or np.sign(value) == np.sign(x)
