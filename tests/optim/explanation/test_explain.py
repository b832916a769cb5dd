"""An update explained: its last number is the stored parameter, and every line is true as it is printed."""

import math
import re
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

import optim
from minigrad.backend import array_module
from optim.gradient import PIECE
from tests.optim.cases import HYPER, OPTIMIZERS, gradient_step, optimizer_of, parameter, runs

every_optimizer = pytest.mark.parametrize("cls", OPTIMIZERS)

agrs = st.sampled_from(
    [
        False,
        True,
        optim.AGR("channel"),
        optim.AGR("global"),
        optim.AGR("global", min_ndim=2),
        optim.AGR(min_ndim=2),
        optim.AGR(until_step=2),
    ]
)


def some_run(data, cls, device, dtype, steps=3):
    """The parameters and the optimizer, which remembers, after some steps."""
    run = data.draw(runs(HYPER[cls], steps=steps, dtype=dtype))
    clip = {"max_grad_norm": data.draw(st.sampled_from([0.0, 0.1]))} if cls is optim.Adan else {}
    params, optimizer = optimizer_of(cls, run, device, agr=data.draw(agrs), **clip)
    optimizer.remember()
    for step in run.grads:
        gradient_step(optimizer, *[g for group in step for g in group])
    return params, optimizer


def explained(data, params, optimizer):
    """An element of every parameter that has been updated."""
    for p in params:
        if p in optimizer.state and p.data.size:
            index = tuple(data.draw(st.integers(-n, n - 1)) for n in p.shape)
            yield p, index, optimizer.explain(p, index)


def bits(array):
    return (array.dtype, array.tobytes())


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@given(data=st.data())
def test_the_result_is_the_stored_parameter(device, cls, dtype, data):
    for p, index, explanation in explained(data, *some_run(data, cls, device, dtype)):
        stored = np.asarray(p.detach().numpy()[index]).reshape(1)
        assert bits(explanation.result) == bits(stored), str(explanation)
        assert explanation.exact
        assert str(explanation).endswith("This is the stored parameter, bit for bit.")
        last = str(explanation).splitlines()[-3]
        assert bits(np.array([last.split("=")[1]], dtype)) == bits(stored)


@every_optimizer
@given(data=st.data())
def test_every_printed_line_is_true(device, cls, data):
    """In float64 Python computes as NumPy does, so that each line can be evaluated as it stands."""
    functions = {"sqrt": math.sqrt, "max": max, "abs": abs, "nan": math.nan, "inf": math.inf}
    for _, _, explanation in explained(data, *some_run(data, cls, device, np.float64)):
        for block in str(explanation).split("\n\n")[1:-1]:
            *before, result = [
                line.split(" = ", 1)[1] for line in re.sub("^ +=", " =", block, flags=re.M).splitlines()
            ]
            if "grad|" not in block and len(before) > 1:
                value = eval(before[-1], functions)
                assert value == pytest.approx(float(result), rel=1e-15, abs=0), (
                    block
                )  # x**2 may round otherwise


@every_optimizer
@pytest.mark.parametrize("agr", [False, True])
def test_a_tensor_of_several_pieces(device, cls, agr, rng):
    size = 2 * PIECE + 7
    p = parameter(rng.standard_normal(size), device, np.float32)
    optimizer = cls([p], agr=agr)
    optimizer.remember()
    for _ in range(2):
        gradient_step(optimizer, rng.standard_normal(size))
    for i in (0, PIECE - 1, PIECE, -1):
        assert optimizer.explain(p, i).exact


def test_equations_of_the_algorithm_box(device):
    p = parameter([1.0, 2.0], device)
    optimizer = optim.AdamW([("w", p)], lr=0.5)
    optimizer.remember()
    gradient_step(optimizer, [1.0, -1.0])
    explanation = optimizer.explain("w", 0)
    assert [e.name for e in explanation.equations] == ["g[t]", "m[t]", "v[t]", "w[t]"]
    lines = str(explanation).splitlines()
    assert lines[0] == "AdamW, update 1 of w[0], computed in float64"
    assert any(line.endswith("m[t-1] * beta1 + g[t] * (1 - beta1)") for line in lines) == (device == "cpu")


@every_optimizer
@given(data=st.data())
def test_the_readable_update_is_explained_where_it_ran(device, cls, data):
    readable = type(cls.__name__, (cls,), {"update_in_place": optim.Optimizer.update_in_place})
    with mock.patch.dict(HYPER, {readable: HYPER[cls]}):
        params, optimizer = some_run(data, readable, device, np.float32)
    assert all(explanation.exact for _, _, explanation in explained(data, params, optimizer))


def test_an_optimizer_of_ones_own(device):
    class Signs(optim.Optimizer):
        def state_arrays(self, group):
            return ("count",)

        def update(self, w, g, state, group):
            state["count"] += 1
            w -= group["lr"] * array_module(g).sign(g)

    p = parameter(device=device)
    optimizer = Signs([p], {"lr": 0.5, "agr": False})
    optimizer.remember()
    gradient_step(optimizer, [3.0, -3.0])
    explanation = optimizer.explain(p, 1)
    assert explanation.exact
    assert "w[t-1] - lr * sign(g[t])" in str(explanation)
    assert "count[t] = count[t-1] + 1" in str(explanation)


@every_optimizer
@settings(max_examples=2)  # the parser is slow
@given(data=st.data())
def test_latex_can_be_set(device, cls, data):
    parser = MathTextParser("path")
    for _, _, explanation in explained(data, *some_run(data, cls, device, np.float32)):
        latex = explanation._repr_latex_()
        assert latex.startswith("$$\\begin{aligned}\n")
        assert latex.endswith("\n\\end{aligned}$$")
        for row in latex.splitlines()[1:-1]:
            parser.parse(f"${row.removesuffix(chr(92) * 2).replace('&', '')}$")


def agr_lines(device, grads, scope="tensor", dtype=np.float64):
    p = parameter(np.ones(np.shape(grads)), device, dtype)
    optimizer = optim.SGD([p], lr=1.0, agr=optim.AGR(scope))
    optimizer.remember()
    gradient_step(optimizer, grads)
    return str(optimizer.explain(p, (0,) * p.ndim)).splitlines()


def test_the_lines_of_agr(device):
    lines = agr_lines(device, [1.0, -1.0, 1.0, 1.0])
    assert "  S     = sum of |grad| over 4 elements" in lines
    assert "        = 4.0" in lines
    assert "  alpha = abs(grad) / S" in lines
    assert "  g[t]  = Psi(grad) = grad * (1 - alpha)" in lines
    assert "sum of |grad| over 2 elements" in "".join(agr_lines(device, np.ones((3, 2)), "channel"))


def test_the_lines_of_the_largest_element(device):
    lines = agr_lines(device, [6.0, -1.0, 1.0])
    assert "  R     = the same without this element, the largest: then 1 - alpha = R / S" in lines
    assert "        = grad / S * R" in lines
    assert "        = 6.0 / 8.0 * 2.0" in lines


def test_the_lines_of_a_zero_gradient(device):
    assert "  S     = sum of |grad| over 2 elements is 0, in place of which" in agr_lines(device, [0.0, 0.0])
