import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def test_requires_a_gradient_even_inside_no_grad(device):
    with mg.no_grad():
        weight = nn.Parameter(mg.tensor([1.0, 2.0], device=device))
    assert weight.requires_grad
    assert weight.is_leaf
    (weight * weight).sum().backward()
    assert weight.grad.tolist() == [2.0, 4.0]


def test_frozen_parameter_is_still_a_parameter():
    frozen = nn.Parameter(mg.tensor([1.0]), requires_grad=False)
    assert not frozen.requires_grad
    assert isinstance(frozen, nn.Parameter)


def test_shares_memory_with_what_it_is_made_of():
    array = np.zeros(3, np.float32)
    tensor = mg.as_tensor(array)
    nn.Parameter(tensor).data[0] = 1
    nn.Parameter(array).data[1] = 2
    assert array.tolist() == [1.0, 2.0, 0.0]


def test_numbers_get_the_default_dtype():
    assert nn.Parameter([1.0, 2.0]).dtype == np.float32


def test_integers_cannot_require_gradients():
    with pytest.raises(RuntimeError, match="int64"):
        nn.Parameter(mg.tensor([1, 2]))
    assert nn.Parameter(mg.tensor([1, 2]), requires_grad=False).tolist() == [1, 2]


def test_shows_itself():
    assert repr(nn.Parameter([1.0])) == "Parameter([1.])"


def test_copies_and_pickles_stay_parameters(device):
    weight = nn.Parameter(mg.tensor([1.0, 2.0], device=device))
    for other in (copy.deepcopy(weight), pickle.loads(pickle.dumps(weight))):
        assert type(other) is nn.Parameter
        assert other.requires_grad
        assert other.device == weight.device
        assert other.tolist() == [1.0, 2.0]
        other.data[0] = 7
    assert weight.tolist() == [1.0, 2.0]
