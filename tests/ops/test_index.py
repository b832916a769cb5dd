"""Indexing and picking by position, against PyTorch (and NumPy where PyTorch lacks negative steps)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies import arrays, broadcastable, shapes
from tests.strategies_dims import with_dim

IDS = np.array([[0, 2], [1, -1]])
MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, False, True]])

INDICES = [
    # integers, slices, None, ...
    0, -1, np.int64(1), slice(1, 3), slice(None, None, 2), slice(-2, None), (0, 1), (0, 1, 2),
    (slice(None), 2), ..., (..., 1), (1, ...), (0, ..., -1), None, (None, 0), (0, ..., None),
    (slice(0, 2), None, slice(None), None, 1),
    # positions
    [0, 2], ([0, 2, 0],), [], range(2), IDS, (IDS,), ([0, 2, 0], [1, 1, -1]), ([0, 1], slice(None), [1, 1]),
    (slice(None), [0, 2, 2]), (..., [0, 0]), (slice(None), [0, 2], slice(1, 3)), (IDS, None, IDS),
    (slice(None), IDS, IDS), (IDS, [[1], [0]]), (slice(0, 2), None, [1, 1, 0]),
    # positions and integers
    (0, slice(None), [0, 1, 1]), ([0, 1], 2), (slice(None), IDS, 1), (1, [0, 1], [2, 3]),
    ([0, 1], slice(None, None, 2), 3), np.array(1), (np.array(2), [0, 1]),
    # masks
    MASK, (MASK,), (MASK, 0), (MASK, [0, 1, 2, 3, 4, 0, 1]), ([True, False, True],),
    ([True, False, True], [0, 1]), (slice(None), MASK[0]), (..., np.array([True, False, True, True, False])),
    True, False, (True, [0, 1]), np.array(True),
]  # fmt: skip


def _for_torch(index):
    if isinstance(index, tuple):
        return tuple(_for_torch(entry) for entry in index)
    return (
        torch.tensor(index)
        if isinstance(index, (np.ndarray, range)) and not isinstance(index, np.generic)
        else index
    )


def _for_us(index, device):
    if isinstance(index, tuple):
        return tuple(_for_us(entry, device) for entry in index)
    return mg.tensor(index, device=device) if isinstance(index, np.ndarray) else index


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_getitem(device, rng, index):
    x = rng.standard_normal((3, 4, 5))
    theirs = torch.tensor(list(index)) if isinstance(index, range) else _for_torch(index)
    check(lambda x: x[_for_us(index, device)], lambda x: x[theirs], x, device=device)


@given(x=arrays(shape=shapes(min_dims=1, max_dims=3, min_side=0)), data=st.data())
def test_getitem_of_slices(device, x, data):
    """Any bounds and steps, also negative ones, which PyTorch lacks."""
    bound = st.one_of(st.none(), st.integers(-6, 6))
    step = st.one_of(st.none(), st.sampled_from([-3, -2, -1, 1, 2, 3]))
    index = tuple(slice(data.draw(bound), data.draw(bound), data.draw(step)) for _ in x.shape)
    ours = mg.tensor(x, device=device, requires_grad=True)
    np.testing.assert_array_equal(ours[index].numpy(), x[index])
    weight = np.random.default_rng(0).standard_normal(x[index].shape)
    (ours[index] * mg.tensor(weight, device=device)).sum().backward()
    expected = np.zeros_like(x)
    expected[index] = weight
    np.testing.assert_array_equal(ours.grad.numpy(), expected)


def test_numpy_arrays_are_indices_too(device, rng):
    x = rng.standard_normal((3, 4, 5))
    ours = mg.tensor(x, device=device)
    for index in (IDS, (slice(None), IDS, 1), MASK):
        assert ours[index].tolist() == ours[_for_us(index, device)].tolist()


def test_an_index_may_change_after_use(device):
    x = mg.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    ids = np.array([0, 0])
    y = x[ids]
    ids[:] = 2
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 0.0]


def test_iteration_ends(device):
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    assert [row.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0]]
    assert x[-1][0].item() == 3.0


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (3, IndexError, "index: 3 is out of range for dimension 0, which has size 3"),
        ((0, -5), IndexError, "index: -5 is out of range for dimension 1, which has size 4"),
        ([0, 3], IndexError, "index: 3 is out of range for dimension 0"),
        ([0, -4, 1], IndexError, "index: -4 is out of range for dimension 0"),
        ((0, 0, 0), IndexError, "index: 3 indices for a tensor of 2 dimensions"),
        ((..., 0, ...), IndexError, "only"),
        (np.array([0.5]), IndexError, "must be boolean or integer, got float64"),
        (1.5, TypeError, "expected an integer, slice, None, ..., tensor or list, got float"),
        ("a", TypeError, "got str"),
        (MASK.T, IndexError, r"a mask of shape \(4, 3\) does not fit \(3, 4\)"),
        ((0, [True, False]), IndexError, r"a mask of shape \(2,\) does not fit \(3, 4\) from dimension 1 on"),
        (([0, 1], [0, 1, 2]), IndexError, "take: .*broadcast"),
    ],
    ids=str,
)
def test_wrong_indices(device, index, error, message):
    x = mg.zeros(3, 4, device=device)
    with pytest.raises(error, match=message):
        x[_for_us(index, device)]


# ---------------------------------------------------------------------- by position along a dimension


@st.composite
def gathers(draw, repeat=True):
    """An array, a dimension, and positions along it: an index as `gather` takes it."""
    x, dim = draw(with_dim(max_dims=3))
    shape = [draw(st.integers(1, n)) for n in x.shape]
    shape[dim] = draw(st.integers(0, 5)) if repeat else draw(st.integers(0, x.shape[dim]))
    ids = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).integers(0, x.shape[dim], shape)
    return x, dim, ids


@given(drawn=gathers())
def test_gather(device, drawn):
    check(mg.gather, torch.gather, *drawn, device=device)


def test_index_select_without_dimensions(device):
    check(mg.index_select, torch.index_select, np.array(2.0), 0, np.array([0]), device=device)
    check(mg.index_select, torch.index_select, np.array(2.0), 0, np.array(0), device=device)


def test_gather_without_dimensions(device):
    check(mg.gather, torch.gather, np.array(2.0), 0, np.array([0, 0]), device=device)
    check(mg.gather, torch.gather, np.array(2.0), 0, np.array(0), device=device)


@given(drawn=gathers())
def test_take_along_dim(device, drawn):
    x, dim, ids = drawn
    check(
        mg.take_along_dim,
        torch.take_along_dim,
        x,
        ids[tuple(slice(n) if i == dim % x.ndim else slice(1) for i, n in enumerate(ids.shape))],
        dim,
        device=device,
    )
    check(mg.take_along_dim, torch.take_along_dim, x, ids % x.size, device=device)


@given(drawn=with_dim(max_dims=3), data=st.data())
def test_index_select(device, drawn, data):
    x, dim = drawn
    ids = np.array(data.draw(st.lists(st.integers(0, x.shape[dim] - 1), max_size=6)), np.int64)
    check(mg.index_select, torch.index_select, x, dim, ids, device=device)
    check(mg.index_select, torch.index_select, x, dim, ids.astype(np.int32), device=device)


@given(x=arrays(shape=shapes(min_dims=1)), seed=st.integers(0, 99), shape=shapes(min_side=0, max_dims=2))
def test_take(device, x, seed, shape):
    ids = np.random.default_rng(seed).integers(-x.size, x.size, shape)
    check(mg.take, torch.take, x, ids, device=device)


@given(drawn=with_dim(), data=st.data())
def test_narrow_and_select(device, drawn, data):
    x, dim = drawn
    size = x.shape[dim]
    start = data.draw(st.integers(0, size))
    check(mg.narrow, torch.narrow, x, dim, start, data.draw(st.integers(0, size - start)), device=device)
    check(mg.select, torch.select, x, dim, data.draw(st.integers(-size, size - 1)), device=device)


@given(drawn=with_dim(min_side=0), times=st.integers(0, 3), data=st.data())
def test_repeat_interleave(device, drawn, times, data):
    x, dim = drawn
    check(mg.repeat_interleave, torch.repeat_interleave, x, times, dim, device=device)
    check(mg.repeat_interleave, torch.repeat_interleave, x, times, device=device)
    each = np.array([data.draw(st.integers(0, 3)) for _ in range(x.shape[dim])], np.int64)
    check(
        mg.repeat_interleave,
        torch.repeat_interleave,
        x,
        each,
        dim,
        output_size=int(each.sum()),
        device=device,
    )


@given(pair=broadcastable())
def test_masks(device, pair):
    x, mask = pair[0], pair[1] > 0
    check(mg.masked_select, torch.masked_select, x, mask, device=device)
    check(mg.masked_fill, torch.masked_fill, x, mask, -2.5, device=device)
    check(mg.masked_fill, torch.masked_fill, x, mask, np.array(0.5), device=device)


def test_masked_fill_keeps_the_dtype(device):
    x = mg.tensor([1, 2, 3], device=device)
    filled = x.masked_fill(x > 1, 7.0)
    assert filled.dtype == np.int64
    assert filled.tolist() == [1, 7, 7]


@given(x=arrays(shape=shapes(min_side=0)))
def test_nonzero(device, x):
    x = np.trunc(x)
    check(mg.nonzero, torch.nonzero, x, device=device)
    check(mg.nonzero, torch.nonzero, x, as_tuple=True, device=device)


def test_errors_say_what_was_given(device):
    x = mg.zeros(2, 3, device=device)
    ids = mg.tensor([[0, 1]], device=device)
    for error, message, call in [
        (IndexError, "gather: 3 is out of range for dimension 1, which has size 3",
         lambda: x.gather(1, ids + 2)),
        (RuntimeError, r"gather: an index of shape \(2,\) must not exceed the shape \(2, 3\)",
         lambda: x.gather(1, ids[0])),
        (RuntimeError, "of input except along dimension 1",
         lambda: x.gather(1, mg.zeros(3, 1, dtype="int64", device=device))),
        (IndexError, "gather: index must be an integer tensor, got bool", lambda: x.gather(1, ids > 0)),
        (TypeError, "gather: index must be an integer tensor, got int", lambda: x.gather(1, 0)),
        (NotImplementedError, "gather: sparse_grad=True", lambda: x.gather(1, ids, sparse_grad=True)),
        (IndexError, "index_select: index must have one dimension", lambda: x.index_select(0, ids)),
        (IndexError, "index_select: -3 is out of range", lambda: x.index_select(0, [0, -3])),
        (RuntimeError, "take_along_dim: indices of shape", lambda: x.take_along_dim(ids[0], 0)),
        (RuntimeError, r"take_along_dim: shapes .* do not broadcast",
         lambda: x.take_along_dim(mg.zeros(3, 1, dtype="int64", device=device), 1)),
        (IndexError, "narrow: start 4 is out of range for dimension 1, which has size 3",
         lambda: x.narrow(1, 4, 0)),
        (RuntimeError, "narrow: 3 elements from 1 on do not fit into size 3", lambda: x.narrow(1, 1, 3)),
        (RuntimeError, "narrow: a 0-d tensor", lambda: mg.tensor(1.0, device=device).narrow(0, 0, 1)),
        (RuntimeError, "repeat_interleave: 2 repeats do not fit size 3",
         lambda: x.repeat_interleave([1, 2], 1)),
        (RuntimeError, "repeat_interleave: repeats must not be negative, got -1",
         lambda: x.repeat_interleave(-1)),
        (RuntimeError, "repeat_interleave: output_size is 5",
         lambda: x.repeat_interleave(2, 1, output_size=5)),
        (RuntimeError, "masked_fill: mask must be a boolean tensor, got float32",
         lambda: x.masked_fill(x, 1.0)),
        (RuntimeError, r"masked_fill: value must be a number or a 0-d tensor, got shape \(2, 3\)",
         lambda: x.masked_fill(x > 0, x)),
        (RuntimeError, "masked_select: shapes", lambda: x.masked_select(mg.zeros(4, device=device) > 0)),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            call()
