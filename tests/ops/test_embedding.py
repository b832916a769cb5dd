"""Embedding and one-hot coding against PyTorch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as T
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd import grad
from minigrad.ops import embedding as ops
from tests.oracle import check
from tests.strategies import arrays, shapes


@given(
    table=arrays(shapes(min_dims=2, max_dims=2, max_side=6)),
    shape=shapes(max_dims=3),
    seed=st.integers(0, 1000),
    padding=st.none() | st.integers(-6, 5),
)
def test_embedding(device, table, shape, seed, padding):
    rows = len(table)
    if padding is not None:
        padding = max(-rows, min(padding, rows - 1))
    ids = np.random.default_rng(seed).integers(0, rows, shape)
    for dtype in (np.int64, np.int32, np.uint8):
        ours = ops.embedding(mg.tensor(ids.astype(dtype), device=device), mg.tensor(table, device=device))
        np.testing.assert_array_equal(ours.numpy(), table[ids])
    check(ops.embedding, T.embedding, ids, table, padding, device=device)


def test_embedding_of_nothing(device):
    check(ops.embedding, T.embedding, np.zeros((2, 0), int), np.ones((3, 2)), device=device, second=False)


def test_embedding_gradient_of_many_repeats(device, rng):
    """Every occurrence counts, except those of the padding."""
    ids, table = rng.integers(0, 17, (40, 30)), rng.standard_normal((20, 3)).astype(np.float32)
    check(ops.embedding, T.embedding, ids, table, 4, device=device, second=False, dtype=np.float32)
    weight = mg.tensor(table, device=device, requires_grad=True)
    y = ops.embedding(mg.tensor(ids, device=device), weight, padding_idx=4)
    (g,) = grad(y, weight, mg.tensor(np.ones(y.shape, np.float32), device=device))
    counts = np.bincount(ids.ravel(), minlength=20)
    counts[4] = 0
    np.testing.assert_array_equal(g.numpy(), np.repeat(counts[:, None], 3, axis=1))


@pytest.mark.parametrize(
    ("ids", "options", "error", "message"),
    [
        ([0, 3], {}, IndexError, "input has the value 3, which is not in the range 0 to 2"),
        ([-1, 0], {}, IndexError, "input has the value -1, which is not in the range 0 to 2"),
        ([0.0], {}, RuntimeError, "input must be of integer dtype, got float32"),
        ([True], {}, RuntimeError, "input must be of integer dtype, got bool"),
        ([0], {"padding_idx": 3}, ValueError, "padding_idx 3 is out of range for 3 rows"),
        ([0], {"padding_idx": -4}, ValueError, "padding_idx -4 is out of range for 3 rows"),
        ([0], {"max_norm": 1.0}, NotImplementedError, "max_norm"),
        ([0], {"scale_grad_by_freq": True}, NotImplementedError, "scale_grad_by_freq"),
        ([0], {"sparse": True}, NotImplementedError, "sparse"),
    ],
)
def test_embedding_refuses(device, ids, options, error, message):
    with pytest.raises(error, match=f"embedding: {message}"):
        ops.embedding(mg.tensor(ids, device=device), mg.tensor(np.ones((3, 2)), device=device), **options)


def test_embedding_needs_a_matrix(device):
    with pytest.raises(RuntimeError, match=r"weight must have shape \(V, D\), got \(3,\)"):
        ops.embedding(mg.tensor([0], device=device), mg.tensor(np.ones(3), device=device))


@given(shape=shapes(), seed=st.integers(0, 1000), classes=st.sampled_from([-1, 5, 9]))
def test_one_hot(device, shape, seed, classes):
    ids = np.random.default_rng(seed).integers(0, 5, shape)
    check(ops.one_hot, T.one_hot, ids, classes, device=device)


def test_one_hot_of_nothing(device):
    nothing = np.zeros((2, 0), int)
    check(ops.one_hot, T.one_hot, nothing, 3, device=device)
    with pytest.raises(RuntimeError, match="num_classes must be given for an empty tensor"):
        ops.one_hot(mg.tensor(nothing, device=device))


@pytest.mark.parametrize(
    ("ids", "classes", "message"),
    [
        ([0, -1], -1, "the value -1"),
        ([0, 3], 3, "the value 3, which is not in the range 0 to 2"),
        ([0.0], 3, "integer dtype"),
        ([0], 0, "num_classes must be positive, or -1 for as many as needed, got 0"),
    ],
)
def test_one_hot_refuses(device, ids, classes, message):
    with pytest.raises(RuntimeError, match=f"one_hot: .*{message}"):
        ops.one_hot(mg.tensor(ids, device=device), classes)


def test_raw_arrays_give_raw_arrays(device):
    ids, table = (mg.tensor(a, device=device).data for a in (np.array([1, 0]), np.ones((3, 2))))
    assert isinstance(ops.embedding(ids, table), type(table))
    assert isinstance(ops.one_hot(ids), type(ids))
    assert torch.equal(torch.tensor(mg.Tensor(ops.one_hot(ids)).numpy()), torch.tensor([[0, 1], [1, 0]]))
