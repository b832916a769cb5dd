"""Writing and adding at positions, against PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies_dims import with_dim


@st.composite
def scatters(draw, repeat):
    """An array, a dimension, positions along it, and a source at least as large as the positions."""
    x, dim = draw(with_dim(max_dims=3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = [draw(st.integers(1, n)) for n in x.shape]
    if repeat:
        shape[dim] = draw(st.integers(0, 5))
        ids = rng.integers(0, x.shape[dim], shape)
    else:
        ids = np.argsort(rng.random(x.shape), axis=dim)[tuple(map(slice, shape))]
    return x, dim, ids, rng.standard_normal([n + draw(st.integers(0, 1)) for n in shape])


def _cut(function):
    """PyTorch has derivatives only for a source of the shape of the positions."""
    return lambda x, dim, ids, src: function(x, dim, ids, src[tuple(map(slice, ids.shape))])


@given(drawn=scatters(repeat=True))
def test_scatter_add_counts_repeated_positions(device, drawn):
    check(mg.scatter_add, _cut(torch.scatter_add), *drawn, device=device)
    check(lambda *args: mg.scatter(*args, reduce="add"), _cut(torch.scatter_add), *drawn, device=device)


@given(drawn=scatters(repeat=False))
def test_scatter(device, drawn):
    check(mg.scatter, _cut(torch.scatter), *drawn, device=device)
    check(mg.scatter, torch.scatter, *drawn[:3], 1.5, device=device)


def test_scatter_without_dimensions(device):
    check(mg.scatter, torch.scatter, np.array(1.0), 0, np.array(0), np.array(2.0), device=device)
    check(mg.scatter_add, torch.scatter_add, np.array(1.0), 0, np.array(0), np.array(2.0), device=device)


@given(drawn=with_dim(max_dims=3), alpha=st.sampled_from([1, 2, -0.5, 0]), data=st.data())
def test_index_add(device, drawn, alpha, data):
    x, dim = drawn
    ids = np.array(data.draw(st.lists(st.integers(0, x.shape[dim] - 1), max_size=6)), np.int64)
    source = np.random.default_rng(0).standard_normal(np.take(x, ids, dim).shape)
    check(mg.index_add, torch.index_add, x, dim, ids, source, alpha=alpha, device=device)


def test_integers_are_added_exactly(device):
    big = 2**60 + 1  # not a float64
    x, ids, source = np.zeros(2, np.int64), np.array([1, 1, 0]), np.array([big, 1, big])
    check(mg.index_add, torch.index_add, x, 0, ids, source, device=device)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize(
    ("indices", "shape"),
    [
        (([0, 2],), (2, 4)),
        (([0, 2],), (4,)),
        (([0, 2], [3, 1]), (2,)),
        (([[0], [2]], [3, 1]), (2, 2)),
        (([0, 2], [3, 1]), ()),
        ((np.array([True, False, True]),), (2, 4)),
        ((None, [1, 3]), (3, 2)),
    ],
)
def test_index_put(device, rng, accumulate, indices, shape):
    x, values = rng.standard_normal((3, 4)), rng.standard_normal(shape)
    arrays = [None if i is None else np.array(i) for i in indices]
    their = tuple(slice(None) if i is None else torch.tensor(i) for i in arrays)

    def theirs(x, values):
        if not any(i is None for i in indices):
            return torch.index_put(x, their, values, accumulate)
        x = x.clone()
        x[their] = x[their] + values if accumulate else values
        return x

    check(
        lambda x, v: mg.index_put(
            x, tuple(None if i is None else mg.tensor(i, device=device) for i in arrays), v, accumulate
        ),
        theirs,
        x,
        values,
        device=device,
    )


def test_index_put_accumulates_repeated_positions(device, rng):
    x, values = rng.standard_normal((3, 4)), rng.standard_normal((4, 4))
    ids = np.array([0, 2, 0, 0])
    check(
        lambda x, i, v: mg.index_put(x, (i,), v, True),
        lambda x, i, v: torch.index_put(x, (i,), v, True),
        x,
        ids,
        values,
        device=device,
    )


def test_index_put_of_a_number(device):
    x = mg.zeros(3, device=device)
    assert mg.index_put(x, (mg.tensor([2], device=device),), 5.0).tolist() == [0.0, 0.0, 5.0]
    assert mg.index_put(x, (mg.tensor([2, 2], device=device),), 5.0, accumulate=True).tolist() == [
        0.0,
        0.0,
        10.0,
    ]
    assert x.tolist() == [0.0, 0.0, 0.0]


def test_errors_say_what_was_given(device):
    x = mg.zeros(2, 3, device=device)
    ids = mg.tensor([[0, 1]], device=device)
    one = mg.tensor([0], device=device)
    for error, message, call in [
        (IndexError, "scatter: 3 is out of range for dimension 1", lambda: x.scatter(1, ids + 2, 1.0)),
        (RuntimeError, r"scatter: an index of shape \(1, 2\) must not exceed the shape \(1, 1\) of src",
         lambda: x.scatter(1, ids, x[:1, :1])),
        (RuntimeError, r"scatter_add: an index of shape \(2,\)", lambda: x.scatter_add(1, ids[0], x)),
        (RuntimeError, "scatter: src has dtype float64, input float32",
         lambda: x.scatter(1, ids, x.to("float64"))),
        (NotImplementedError, "scatter: reduce='multiply'",
         lambda: x.scatter(1, ids, 2.0, reduce="multiply")),
        (TypeError, "scatter_add: src must be a tensor, got float", lambda: x.scatter_add(1, ids, 1.0)),
        (IndexError, "index_add: 2 is out of range", lambda: x.index_add(0, one + 2, x[:1])),
        (IndexError, "index_add: index must have one dimension", lambda: x.index_add(0, ids, x)),
        (RuntimeError, r"index_add: source of shape \(2, 3\) does not fit", lambda: x.index_add(0, one, x)),
        (IndexError, "index_put: 5 is out of range", lambda: x.index_put((one + 5,), x[:1])),
        (IndexError, "index_put: accumulate=True needs",
         lambda: x.index_put((mg.tensor(0, device=device),), x[0], True)),
        (RuntimeError, "index_put: values are float64, input is float32",
         lambda: x.index_put((one,), x.to("float64"))),
        (RuntimeError, "put: .*broadcast", lambda: x.index_put((one,), x)),
        (RuntimeError, "expand: ", lambda: x.index_put((one,), x, accumulate=True)),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            call()
