"""Hypothesis strategies for arrays: shapes, broadcastable shapes, values away from trouble."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def shapes(min_dims=0, max_dims=4, min_side=1, max_side=4):
    """Small shapes; a side of 0 is drawn only if asked for."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


@st.composite
def arrays(draw, shape=None, low=-3.0, high=3.0, dtype=np.float64, gap=0.0):
    """An array of distinct-looking numbers between low and high, none closer to zero than `gap`.

    Only the shape and a seed are drawn: element-wise drawing is slow and shrinks to zeros, where kinks are.
    """
    shape = draw(shape if shape is not None else shapes())
    values = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).uniform(low, high, shape)
    values = np.where(np.abs(values) < gap, values + np.copysign(gap, values), values)
    return np.asarray(values, dtype)


@st.composite
def broadcastable(draw, count=2, **options):
    """Arrays whose shapes broadcast together."""
    drawn = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, max_side=4)).input_shapes
    return [draw(arrays(shape=st.just(shape), **options)) for shape in drawn]
