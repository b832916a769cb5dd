"""Hypothesis strategies for the domains of the laws."""

from functools import singledispatch

import numpy as np
from hypothesis import strategies as st

from experiments.laws.domains import Integers, Reals, Vectors


@singledispatch
def strategy(domain, dtype):
    raise NotImplementedError(f"no strategy for {domain}")


@strategy.register
def _(domain: Integers, dtype):
    return st.integers(domain.low, domain.high)


@strategy.register
def _(domain: Reals, dtype):
    return st.floats(domain.low, domain.high)


@strategy.register
def _(domain: Vectors, dtype):
    decades = domain.spread(dtype)
    magnitude = st.floats(-decades, decades).map(lambda e: 10.0**e)
    if domain.extremes:
        magnitude |= st.sampled_from(domain.extreme_magnitudes(dtype))
    signed = st.tuples(magnitude, st.sampled_from([-1.0, 1.0])).map(np.prod)
    element = st.just(0.0) | signed if domain.zeros else signed
    size = st.integers(*domain.sizes)
    one_magnitude = st.tuples(size, magnitude, signs).map(lambda t: t[1] * t[2][: t[0]])
    kinds = st.lists(element, min_size=domain.sizes[0], max_size=domain.sizes[1]) | one_magnitude
    if domain.zeros:
        kinds |= st.tuples(size, signed, st.integers(0, 23)).map(one_hot)
    return kinds.map(lambda values: np.array(values, dtype=dtype))


signs = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).choice([-1.0, 1.0], 24))


def one_hot(size_value_index):
    size, value, index = size_value_index
    return np.where(np.arange(size) == index % size, value, 0.0)
