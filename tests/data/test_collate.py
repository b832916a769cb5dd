"""Batches out of samples: PyTorch's default_collate is the oracle, but for Python floats."""

from collections import namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import default_collate as torch_collate

import minigrad as mg
from minigrad.data.collate import as_tensors, default_collate

Point = namedtuple("Point", "x y")

leaves = st.one_of(
    st.integers(-5, 5),
    st.booleans(),
    st.text(max_size=3),
    st.builds(np.arange, st.just(3)),
    st.builds(np.float64, st.floats(-1, 1)),
)
structures = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
        st.builds(Point, inner, inner),
    ),
    max_leaves=5,
)


def same(ours, theirs):
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, np.ndarray)
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(ours, theirs.numpy())
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            same(ours[key], theirs[key])
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            same(mine, other)
    else:
        assert ours == theirs


@given(structures, st.integers(1, 4))
def test_agrees_with_pytorch(sample, count):
    same(default_collate([sample] * count), torch_collate([sample] * count))


def test_samples_keep_their_order():
    batch = default_collate([{"x": (np.full(2, i), i)} for i in range(3)])
    assert batch["x"][0].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert batch["x"][1].tolist() == [0, 1, 2]


def test_python_floats_become_the_default_dtype():
    assert default_collate([1.0, 2.5]).dtype == np.float32
    assert default_collate([1, 2.5]).dtype == np.float32
    assert default_collate([np.float64(1.0), np.float64(2.5)]).dtype == np.float64


def test_structures_keep_their_type():
    assert isinstance(default_collate([Point(1, 2)]), Point)
    assert type(default_collate([[1, 2]])) is list
    assert type(as_tensors(default_collate([Point(1, "a")]))) is Point


def test_tensors(device):
    samples = [(mg.tensor([1.0, 2.0], device=device), mg.tensor(3, device=device))] * 2
    x, n = as_tensors(default_collate(samples))
    assert x.shape == (2, 2)
    assert x.device == mg.tensor(0, device=device).device
    assert n.numpy().tolist() == [3, 3]


def test_as_tensors_moves_to_the_device(device):
    batch = as_tensors({"x": np.ones(2), "pair": [mg.tensor([1]), "text"], "n": 5}, device)
    there = mg.tensor(0, device=device).device
    assert isinstance(batch["x"], mg.Tensor)
    assert batch["x"].device == batch["pair"][0].device == there
    assert batch["pair"][1] == "text"
    assert batch["n"] == 5


@pytest.mark.parametrize("sample", [None, {1, 2}, object()])
def test_refuses_what_cannot_be_stacked(sample):
    with pytest.raises(
        TypeError, match=f"a sample holds {type(sample).__name__}; give DataLoader a collate_fn"
    ):
        default_collate([(0, sample)])


def test_refuses_unequal_shapes():
    with pytest.raises(RuntimeError, match=r"samples of shapes \(2,\) and \(3,\) do not stack"):
        default_collate([np.zeros(3), np.zeros(2)])
    with pytest.raises(RuntimeError, match="different numbers of elements"):
        default_collate([(1, 2), (1, 2, 3)])
