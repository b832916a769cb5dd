"""Saving and loading: exact, atomic, and suspicious of what it reads."""

import os

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import minigrad as mg
from tests.strategies import arrays

names = st.text(min_size=1, max_size=8)
plain = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | names
nests = st.recursive(
    plain | arrays(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(names | st.integers(0, 9), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
)


def same(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, mg.Tensor) and a.dtype == b.dtype and np.array_equal(a, b.numpy())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(nest=nests)
def test_any_nest_comes_back_exactly(nest, tmp_path_factory):
    path = tmp_path_factory.mktemp("nest") / "x.safetensors"
    mg.save(nest, path)
    assert same(nest, mg.load(path))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"])
def test_dtypes_zero_dimensions_and_memory_order(dtype, tmp_path, device):
    values = np.arange(6).reshape(2, 3).astype(dtype)
    x = mg.tensor(values, device=device)
    mg.save({"a": x.transpose(0, 1), "b": x[0, 1]}, tmp_path / "x")
    loaded = mg.load(tmp_path / "x", device)
    np.testing.assert_array_equal(loaded["a"].numpy(), values.T)
    assert loaded["b"].shape == ()
    assert loaded["a"].dtype == dtype
    assert loaded["a"].device == x.device


def test_pytorch_reads_ours_and_we_read_pytorchs(tmp_path):
    mg.save({"layer.weight": mg.tensor([[1.0, 2.0]])}, tmp_path / "ours")
    assert load_file(tmp_path / "ours")["layer.weight"].tolist() == [[1.0, 2.0]]
    save_file({"w": torch.ones(2)}, tmp_path / "theirs")
    assert mg.load(tmp_path / "theirs")["w"].tolist() == [1.0, 1.0]


def test_bfloat16_is_pytorchs(tmp_path, device):
    pytest.importorskip("ml_dtypes")
    values, path = np.random.default_rng(0).standard_normal((3, 4)), tmp_path / "x.safetensors"
    ours, theirs = mg.tensor(values, dtype="bfloat16", device=device), torch.tensor(values).to(torch.bfloat16)
    mg.save({"w": ours}, path)
    assert torch.equal(load_file(path)["w"], theirs)
    assert mg.load(path, device)["w"].dtype == mg.bfloat16
    save_file({"w": theirs}, path)
    assert mg.equal(mg.load(path, device)["w"], ours)


def test_dtypes_that_minigrad_does_not_have(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"w": torch.zeros(2, dtype=torch.float8_e5m2)}, path)
    with pytest.raises(ValueError, match="holds numbers of type F8_E5M2"):
        mg.load(path)


def test_nested_weights_have_readable_names(tmp_path):
    mg.save({"model": {"w": mg.ones(1)}, "step": 3}, tmp_path / "x")
    assert list(load_file(tmp_path / "x")) == ["model.w"]


def test_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    mg.save({"a": 1}, path)

    def crash(*_):
        raise OSError("disk is full")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="disk is full"):
        mg.save({"a": 2}, path)
    monkeypatch.undo()
    assert mg.load(path) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_every_damage_is_noticed_and_the_file_left_alone(tmp_path):
    path = tmp_path / "x"
    mg.save({"weight": mg.arange(100), "step": 3}, path)
    whole = path.read_bytes()
    for cut in (0, 5, 50, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match=r"x is damaged or no safetensors file"):
            mg.load(path)
        assert path.read_bytes() == whole[:cut]
    changed = bytearray(whole)
    changed[-3] ^= 4
    for damaged in (bytes(changed), whole.replace(b'step\\", 3', b'step\\", 4')):
        assert damaged != whole
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="contents do not match its checksum"):
            mg.load(path)


def test_equal_contents_make_equal_files(tmp_path):
    for name in "abcd":
        mg.save({"weight": mg.arange(3), "step": 3}, tmp_path / name)
    assert len({(tmp_path / name).read_bytes() for name in "abcd"}) == 1


def test_foreign_and_newer_files(tmp_path):
    path = tmp_path / "x"
    path.write_text("hello, this is a letter to a friend")
    with pytest.raises(ValueError, match="damaged or no safetensors file"):
        mg.load(path)
    save_file({"w": torch.ones(1)}, path, {"minigrad": '{"format": 99}'})
    with pytest.raises(ValueError, match="format 99, this minigrad reads format 1"):
        mg.load(path)
    with pytest.raises(FileNotFoundError):
        mg.load(tmp_path / "nothing")


def test_what_cannot_be_saved_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"cannot save a object \(at a.1\)"):
        mg.save({"a": [1, object()]}, tmp_path / "x")
    with pytest.raises(TypeError, match="keys of .* must be strings or integers"):
        mg.save({(1, 2): 3}, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_clashing_names_are_kept_apart(tmp_path):
    mg.save({"a.b": mg.ones(1), "a": {"b": mg.zeros(1)}}, tmp_path / "x")
    loaded = mg.load(tmp_path / "x")
    assert loaded["a.b"].tolist() == [1.0]
    assert loaded["a"]["b"].tolist() == [0.0]
