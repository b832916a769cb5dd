"""Equations as text, which means what it says, and as LaTeX."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optim.explanation.notation import latex, latex_name, latex_number, number, text
from optim.explanation.trace import Traced

numbers = st.floats(-10, 10).map(lambda x: Traced(np.array([x]), "x"))
formulas = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] / p[1]),
        inner.map(lambda x: -x),
        inner.map(abs),
        st.tuples(inner, inner).map(lambda p: np.maximum(*p)),
    ),
    max_leaves=12,
)


@given(formula=formulas)
def test_text_can_be_evaluated_to_the_same_bits(formula):
    written = text(formula.expression, {}, numbers=True)
    try:
        value = eval(written, {"max": np.maximum, "nan": np.nan, "inf": np.inf})
    except ZeroDivisionError:
        assert not np.isfinite(formula.value) or "/" in written
        return
    assert np.float64(value).tobytes() == formula.value.tobytes() or np.isnan(value)


x, y = Traced(np.array([-2.0], np.float32), "m[t]"), Traced(np.array([1e-8], np.float32), "beta1")


@pytest.mark.parametrize(
    ("formula", "symbols", "values", "in_latex"),
    [
        (x + y, "m[t] + beta1", "-2.0 + 1e-08", r"m_{t} + \beta_{1}"),
        (y + x, "beta1 + m[t]", "1e-08 + (-2.0)", r"\beta_{1} + m_{t}"),
        (x - (y - x), "m[t] - (beta1 - m[t])", "-2.0 - (1e-08 - (-2.0))", None),
        (np.square(x), "m[t]**2", "(-2.0)**2", "m_{t}^{2}"),
        (1 / x * y, "1 / m[t] * beta1", "1 / (-2.0) * 1e-08", r"\frac{1}{m_{t}} \cdot \beta_{1}"),
        (np.sqrt(y + 1), "sqrt(beta1 + 1)", "sqrt(1e-08 + 1)", r"\sqrt{\beta_{1} + 1}"),
        (abs(x), "abs(m[t])", "abs(-2.0)", r"\left|m_{t}\right|"),
        (np.maximum(x, 0), "max(m[t], 0)", "max(-2.0, 0)", r"\mathrm{max}\left(m_{t}, 0\right)"),
        (-x, "-m[t]", "-(-2.0)", "-m_{t}"),
    ],
)
def test_notation(formula, symbols, values, in_latex):
    assert text(formula.expression, {}) == symbols
    assert text(formula.expression, {}, numbers=True) == values
    if in_latex:
        assert latex(formula.expression, {}) == in_latex


def test_what_has_an_equation_of_its_own_is_called_by_its_name():
    v = x * x
    assert text((v + 1).expression, {v.expression: "v[t]"}) == "v[t] + 1"
    assert text((v + 1).expression, {v.expression: "v[t]"}, numbers=True) == "4.0 + 1"
    assert text(v.expression, {v.expression: "v[t]"}) == "m[t] * m[t]"


@given(value=st.floats(width=32, allow_nan=False))
def test_digits_are_enough(value):
    single = np.array([value], np.float32)
    assert np.float32(number(single)) == single[0]


def test_latex_of_names_and_numbers():
    assert [latex_name(name) for name in ("lr", "-g[t-1]", "g_bar[t]", "stored", "eps", "exp_avg[t]")] == [
        r"\mathrm{lr}",
        "-g_{t-1}",
        r"\bar g_{t}",
        r"\mathrm{stored}",
        r"\varepsilon",
        r"\mathrm{exp\_avg}_{t}",
    ]
    assert latex_number(1.5e-08) == r"1.5 \cdot 10^{-8}"
    assert latex_number(0.5) == "0.5"
