"""cat, stack and their relatives, and split, chunk, unbind, against PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies import arrays, broadcastable, shapes
from tests.strategies_dims import with_dim


@st.composite
def pieces(draw):
    """Arrays that fit together along a dimension, one of them perhaps empty, and that dimension."""
    x, dim = draw(with_dim())
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    shape = list(x.shape)
    result = []
    for size in sizes:
        shape[dim] = size
        result.append(draw(arrays(shape=st.just(tuple(shape)))))
    return result, dim


@given(drawn=pieces())
def test_cat(device, drawn):
    check(mg.cat, torch.cat, *drawn, device=device)


def test_cat_ignores_empty_vectors(device, rng):
    check(mg.cat, torch.cat, [np.zeros(0), rng.standard_normal((2, 3)), np.zeros(0)], 1, device=device)
    check(mg.cat, torch.cat, [np.zeros(0), np.zeros(0)], device=device)


def test_cat_of_one_tensor_twice(device, rng):
    x = rng.standard_normal((2, 3))
    check(lambda x: mg.cat((x, x * 2, x), -1), lambda x: torch.cat((x, x * 2, x), -1), x, device=device)


def test_cat_promotes(device):
    parts = [np.array([1.5], np.float32), np.array([2], np.int64), np.array([True])]
    check(mg.cat, torch.cat, parts, device=device, dtype=np.float32)


def test_only_wanted_gradients(device):
    a, b = mg.ones(2, device=device), mg.ones(3, device=device, requires_grad=True)
    (mg.cat([a, b]) * 2).sum().backward()
    assert a.grad is None
    assert b.grad.tolist() == [2.0, 2.0, 2.0]
    assert not mg.cat([a, a]).requires_grad
    with mg.no_grad():
        assert not mg.cat([a, b]).requires_grad


def test_cat_of_raw_arrays_is_a_raw_array():
    """Rules are written with it."""
    assert isinstance(mg.cat([np.zeros(2), np.ones(1)]), np.ndarray)


def test_cat_in_anomaly_mode_passes_a_nan_on_but_is_not_blamed(device):
    x = mg.tensor([1.0], device=device, requires_grad=True)
    nan = mg.tensor([np.nan], device=device)
    with mg.autograd.detect_anomaly():
        mg.cat([x, nan]).sum().backward()
    assert x.grad.tolist() == [1.0]


@given(x=arrays(shape=shapes(max_dims=3, min_side=0)), count=st.integers(1, 3), data=st.data())
def test_stack(device, x, count, data):
    dim = data.draw(st.integers(-x.ndim - 1, x.ndim))
    check(mg.stack, torch.stack, [x + i for i in range(count)], dim, device=device)


@pytest.mark.parametrize("name", ["hstack", "vstack"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 2)])
def test_hstack_and_vstack(name, device, rng, shape):
    parts = [rng.standard_normal(shape) for _ in range(2)]
    check(getattr(mg, name), getattr(torch, name), parts, device=device)


@given(arrays_=broadcastable(count=3))
def test_broadcast_tensors(device, arrays_):
    check(mg.broadcast_tensors, torch.broadcast_tensors, *arrays_, device=device)


@pytest.mark.parametrize("indexing", ["ij", "xy"])
def test_meshgrid(device, indexing):
    axes = [np.arange(2.0), np.arange(3.0), np.array(5.0)]
    for count in (1, 2, 3):
        check(mg.meshgrid, torch.meshgrid, *axes[:count], indexing=indexing, device=device)
        check(mg.meshgrid, torch.meshgrid, axes[:count], indexing=indexing, device=device)


@given(drawn=with_dim(min_side=0, max_side=6), size=st.integers(1, 7))
def test_split_and_chunk(device, drawn, size):
    x, dim = drawn
    check(mg.split, torch.split, x, size, dim, device=device)
    check(mg.chunk, torch.chunk, x, size, dim, device=device)
    check(mg.tensor_split, torch.tensor_split, x, size, dim, device=device)
    check(mg.tensor_split, torch.tensor_split, x, (1, size), dim, device=device)
    check(mg.unbind, torch.unbind, x, dim, device=device)


@given(x=arrays(shape=st.just((2, 7))), cuts=st.lists(st.integers(0, 7), max_size=3))
def test_split_by_sizes(device, x, cuts):
    ends = [*sorted(cuts), 7]
    sizes = np.diff(ends, prepend=0).tolist()
    check(mg.split, torch.split, x, sizes, 1, device=device)


def test_errors_say_what_was_given(device):
    x = mg.zeros(2, 3, device=device)
    scalar = mg.tensor(1.0, device=device)
    for error, message, call in [
        (ValueError, "cat: expected at least one tensor", lambda: mg.cat([])),
        (ValueError, "stack: expected at least one tensor", lambda: mg.stack([])),
        (TypeError, "cat: expected a sequence of tensors, got Tensor", lambda: mg.cat(x)),
        (TypeError, "stack: expected a sequence of tensors", lambda: mg.stack([x, 1.0])),
        (RuntimeError, "cat: 0-d tensors cannot be joined; use stack", lambda: mg.cat([scalar])),
        (RuntimeError, r"cat: .*\(2, 3\).*\(3, 2\)", lambda: mg.cat([x, x.t()])),
        (RuntimeError, "stack: all shapes must be equal", lambda: mg.stack([x, x.t()])),
        (RuntimeError, r"split: sizes \[1, 1\] do not add up to 3", lambda: x.split([1, 1], 1)),
        (RuntimeError, "split: the size of a piece must be positive, got -1", lambda: x.split(-1)),
        (RuntimeError, "split: a 0-d tensor cannot be split", lambda: scalar.split(1)),
        (RuntimeError, "chunk: the number of pieces must be positive, got 0", lambda: x.chunk(0)),
        (RuntimeError, "tensor_split: the number of pieces must be positive", lambda: x.tensor_split(0)),
        (IndexError, "unbind: a 0-d tensor has no dimension", lambda: scalar.unbind()),
        (RuntimeError, "meshgrid: indexing must be 'ij' or 'xy', got 'yx'",
         lambda: mg.meshgrid(x[0], indexing="yx")),
        (RuntimeError, r"broadcast_tensors: shapes \(2, 3\) and \(3, 2\)",
         lambda: mg.broadcast_tensors(x, x.t())),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            call()
