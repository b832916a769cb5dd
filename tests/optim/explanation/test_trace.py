"""Values that record where they come from compute what NumPy and Python compute."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optim.explanation.trace import Traced, traced


def tree(expression):
    if expression.operation is None:
        return expression.name or expression.value
    return (expression.operation, *map(tree, expression.inputs))


def array(value, name=None, dtype=np.float32):
    return Traced(np.array([value], dtype), name)


@given(a=st.floats(-1e3, 1e3), b=st.floats(0.1, 1e3), dtype=st.sampled_from([np.float32, np.float64]))
def test_arrays_compute_as_numpy_does(a, b, dtype):
    x, y = np.array([a], dtype), np.array([b], dtype)
    mine = np.sqrt(abs(Traced(x)) / Traced(y) + 0.1) * (1 - Traced(x)) - Traced(y) ** 2
    assert mine.value.tobytes() == (np.sqrt(abs(x) / y + 0.1) * (1 - x) - y**2).tobytes()
    assert mine.dtype == dtype


@given(beta=st.floats(0.01, 0.999), t=st.integers(1, 1000), lr=st.floats(1e-6, 1.0))
def test_numbers_compute_as_python_does(beta, t, lr):
    mine = lr / (1 - Traced(beta, "beta") ** Traced(t, "t"))
    assert mine.value == lr / (1 - beta**t)
    assert type(mine.value) is float  # and no numpy.float64, which would turn float32 into float64
    assert tree(mine.expression) == ("divide", lr, ("subtract", 1, ("power", "beta", "t")))


def test_writing_in_place():
    m, t = array(1.0, "m"), array(0.0)
    same = m
    m *= Traced(0.5, "beta")
    m += np.multiply(array(4.0, "g"), 0.25, out=t)
    assert same is m
    assert m.value == 1.5
    assert tree(m.expression) == ("add", ("multiply", "m", "beta"), ("multiply", "g", 0.25))
    assert tree(t.expression) == ("multiply", "g", 0.25)


def test_a_number_is_not_changed_in_place():
    lr = rate = Traced(0.5, "lr")
    rate *= 2
    assert (lr.value, rate.value) == (0.5, 1.0)


def test_assignment_rounds_to_the_dtype_of_the_array():
    half, single = array(0.0, dtype=np.float16), array(1 / 3, "w")
    half[...] = single
    assert half.value == np.float16(1 / 3)
    assert tree(half.expression) == ("float16", "w")
    half[...] = 0
    assert (half.value, half.dtype) == (0, np.float16)


def test_conditions_see_the_value():
    assert Traced(1, "t") == 1
    assert Traced(2, "t") > 1
    assert not Traced(0.0, "momentum")
    assert float(Traced(0.5)) == 0.5


def test_other_functions_of_numpy():
    x = array(2.0, "x")
    assert tree(np.zeros_like(x).expression) == 0
    assert tree(np.maximum(x, 3).expression) == ("maximum", "x", 3)
    assert tree(np.where(True, x, 3).expression)[0] == "where"
    with pytest.raises(TypeError):
        np.add.reduce(x)


def test_square_roots_of_numbers_keep_their_record():
    class Box:
        def root(self, x):
            return math.sqrt(1 - x)

    beta = Traced(0.75, "beta")
    assert Box().root(beta) == 0.5
    assert tree(traced(Box().root)(beta).expression) == ("sqrt", ("subtract", 1, "beta"))
    assert traced(Box().root)(0.75) == 0.5
