"""An update explained: its last number is the stored parameter, and every line is true as it is printed."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
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
