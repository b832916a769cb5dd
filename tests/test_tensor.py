"""The Tensor: making one, leaving, Python's protocols."""

import copy
import pickle

import numpy as np
import pytest
import torch

import minigrad as mg


@pytest.mark.parametrize(
    "data", [1.5, 2, True, [1, 2], [1.0, 2], [[1.0], [2.0]], [], [True, False], np.float64(1.5), (1, 2)]
)
def test_dtype_and_values_as_in_pytorch(device, data):
    ours, theirs = mg.tensor(data, device=device), torch.tensor(data)
    assert f"torch.{ours.dtype.name}" == str(theirs.dtype)
    assert ours.shape == tuple(theirs.shape)
    assert ours.tolist() == theirs.tolist()


def test_tensor_copies_and_as_tensor_does_not():
    a = np.array([1.0, 2.0])
    t, shared = mg.tensor(a), mg.as_tensor(a)
    a[0] = 5
    assert t.tolist() == [1.0, 2.0]
    assert shared.tolist() == [5.0, 2.0]
    assert mg.as_tensor(shared) is shared
    assert mg.as_tensor([1, 2]).tolist() == [1, 2]
    assert mg.as_tensor(a, dtype="float32").dtype == np.float32


def test_tensors_inside_lists(device):
    x = mg.tensor(2.0, device=device)
    assert mg.tensor([x, x]).tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ([[1], [2, 3]], ValueError, "equal lengths"),
        ("abc", TypeError, "cannot read numbers from str"),
        ([None], TypeError, "cannot read numbers"),
        (1j, TypeError, "cannot read numbers from complex"),
    ],
)
def test_refused_data(data, error, words):
    with pytest.raises(error, match=words):
        mg.tensor(data)


def test_requires_grad(device):
    x = mg.tensor([1.0], device=device)
    assert x.is_leaf
    assert x.requires_grad_() is x
    assert x.requires_grad
    y = x * 2
    assert not y.is_leaf
    assert y.grad_fn == "mul"
    with pytest.raises(RuntimeError, match="result of mul: use x.detach"):
        y.requires_grad = False
    x.requires_grad = False
    assert not x.requires_grad
    with pytest.raises(RuntimeError, match="floating dtype can require gradients, this one is int64"):
        mg.tensor([1], device=device, requires_grad=True)


def test_data_may_be_replaced(device):
    x = mg.tensor([1.0], device=device, requires_grad=True)
    x.data = mg.tensor([1.0, 2.0], dtype="float64", device=device).data
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert x.grad.dtype == np.float64


def test_leaving(device):
    x = mg.tensor([[1.0, 2.0]], device=device, requires_grad=True)
    assert isinstance(x.numpy(), np.ndarray)
    assert np.asarray(x).tolist() == [[1.0, 2.0]]
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert np.array(x, copy=True) is not x.numpy()
    assert not x.detach().requires_grad
    assert x[0, 1].item() == 2.0
    with pytest.raises(RuntimeError, match=r"one element, this one has shape \(1, 2\)"):
        x.item()


def test_dlpack_to_pytorch():
    x = mg.tensor([1.0, 2.0])
    assert torch.from_dlpack(x).tolist() == [1.0, 2.0]


def test_python_protocols(device):
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    assert len(x) == 2
    assert [row.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0]]
    assert float(x[0, 0]) == 1.0
    assert int(x[1, 0]) == 3
    assert bool(x[0, 0] > 0)
    assert [10, 20, 30][mg.tensor(1, device=device)] == 20
    assert f"{x[0, 1]:.2f}" == "2.00"
    assert f"{x}" == repr(x)
    assert x in {x}
    with pytest.raises(TypeError, match="0-d"):
        len(x[0, 0])
    with pytest.raises(RuntimeError, match="ambiguous"):
        bool(x)
    with pytest.raises(TypeError, match="integer tensors"):
        [1, 2][x[0, 0]]


def test_numpy_arrays_on_the_left():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = np.array([3.0, 4.0], np.float32) * x
    assert isinstance(y, mg.Tensor)
    assert y.tolist() == [3.0, 8.0]


def test_deep_copy_and_pickle(device):
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    (x * 3).sum().backward()
    twin = copy.deepcopy(x)
    assert twin.requires_grad
    assert twin.grad.tolist() == [3.0, 3.0]
    twin.data += 1
    assert x.tolist() == [1.0, 2.0]
    again = pickle.loads(pickle.dumps(x))
    assert again.tolist() == [1.0, 2.0]
    assert again.requires_grad
    assert again.device == x.device
    for operation in (copy.deepcopy, pickle.dumps):
        with pytest.raises(RuntimeError, match="only leaf tensors"):
            operation(x * 2)
