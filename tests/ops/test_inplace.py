"""Changes in place: recorded ones against PyTorch, unrecorded ones on the array itself."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies import arrays, broadcastable, shapes

INDICES = [
    0,
    ...,
    slice(1, 3),
    (slice(None), 1),
    (0, 2),
    ([0, 2],),
    ([0, 2], [3, 1]),
    (0, [1, 2]),
    ([2, 0], None, slice(1, 3)),
    (slice(None, None, 2), [3]),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
@pytest.mark.parametrize("kind", ["full", "one", "0-d", "leading"])
def test_recorded_setitem(device, rng, index, kind):
    x = rng.standard_normal((3, 4))
    place = torch.tensor(x)[index].shape
    shape = {"full": place, "one": (1,) * len(place), "0-d": (), "leading": (1, 1, *place)}[kind]

    def function(x, value):
        y = x * 1.5
        y[index] = value
        return y * y

    check(function, function, x, rng.standard_normal(shape), device=device)


def test_recorded_setitem_by_a_mask(device, rng):
    def function(x, value):
        y = x * 2
        y[y > 0] = value
        y[y < -1] = 0.5
        return y**2

    check(function, function, rng.standard_normal((3, 4)), np.array(0.25), device=device)


def test_a_row_after_another(device, rng):
    def function(x, zeros):
        for i in range(3):
            zeros[i] = x * zeros.sum() + i
        return zeros

    x = rng.standard_normal(2)
    check(
        lambda x: function(x, mg.zeros(3, 2, dtype="float64", device=device)),
        lambda x: function(x, torch.zeros(3, 2, dtype=torch.float64)),
        x,
        device=device,
    )


@given(pair=broadcastable(gap=0.2))
def test_recorded_arithmetic(device, pair):
    x, other = pair
    if np.broadcast_shapes(x.shape, other.shape) != x.shape:
        return

    def function(x, other):
        y = x * x
        y += other
        y *= other
        y -= 2.0
        y /= other
        y.add_(other, alpha=2).sub_(x, alpha=0.5).mul_(2.0).div_(3.0).clamp_(-5.0, 5.0)
        return y

    check(function, function, x, other, device=device)


@given(x=arrays(shape=shapes(min_dims=1)), value=st.sampled_from([0, 1.5, -2]))
def test_recorded_filling(device, x, value):
    def function(x):
        y, z, w = x * 2, x * 3, x * 4
        y.fill_(value)
        z.zero_()
        w.copy_(x * x)
        return y + z * x + w

    check(function, function, x, device=device)


def test_other_tensors_keep_the_old_value_of_a_recorded_change(device):
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    y = x * 3
    z, view = y * y, y.reshape(2, 1)
    y[0] = 100.0
    z.sum().backward()
    assert x.grad.tolist() == [18.0, 36.0]
    assert view.tolist() == [[3.0], [6.0]]
    assert y.tolist() == [100.0, 6.0]


def test_unrecorded_changes_write_into_the_array(device):
    x = mg.zeros(2, 3, device=device)
    row, array = x[0], x.data
    x[0, 1] = 2.0
    x[:, 2] = mg.tensor([3.0, 4.0], device=device)
    x += 1
    x.mul_(2.0)
    assert x.data is array
    assert x.tolist() == [[2.0, 6.0, 8.0], [2.0, 2.0, 10.0]]
    assert row.tolist() == [2.0, 6.0, 8.0]


def test_parameters_may_change_without_recording(device):
    p = mg.ones(2, device=device, requires_grad=True)
    array = p.data
    with mg.no_grad():
        p -= 0.5
        p[0] = 7.0
        p.copy_(p * 2)
    assert p.data is array
    assert p.requires_grad
    assert p.is_leaf
    assert p.tolist() == [14.0, 1.0]


@pytest.mark.parametrize(
    "change",
    [lambda x: x.add_(1), lambda x: x.__setitem__(0, 1.0), lambda x: x.zero_(), lambda x: x.__imul__(2.0)],
)
def test_a_leaf_that_requires_a_gradient_is_refused(device, change):
    x = mg.ones(2, device=device, requires_grad=True)
    with pytest.raises(
        RuntimeError, match="a leaf tensor that requires a gradient cannot be changed in place"
    ):
        change(x)
    assert x.tolist() == [1.0, 1.0]


def test_backward_notices_an_unrecorded_change_of_what_it_needs(device):
    x = mg.ones(2, device=device, requires_grad=True)
    for change in (lambda y: y.mul_(2.0), lambda y: y.__setitem__(0, 5.0)):
        weight = mg.ones(2, device=device)
        y = (x * weight).sum()
        change(weight)
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()


def test_a_change_can_make_a_plain_tensor_part_of_the_graph(device):
    x = mg.tensor([2.0], device=device, requires_grad=True)
    total = mg.zeros(1, device=device)
    total += x * x
    assert total.requires_grad
    total.backward()
    assert x.grad.tolist() == [4.0]


def test_dtypes(device):
    x = mg.tensor([1, 2], device=device)
    with pytest.raises(RuntimeError, match="a float32 result cannot be written into a tensor of int64"):
        x += 0.5
    x[0] = 5.7  # as PyTorch does
    assert x.tolist() == [5, 2]
    half = mg.zeros(2, dtype="float16", device=device)
    half += mg.ones(2, dtype="float64", device=device)
    assert half.dtype == np.float16


def test_errors_say_what_was_given(device):
    x = mg.zeros(2, 3, device=device)
    for error, message, call in [
        (RuntimeError, r"shape \(2, 3\) cannot be changed in place into one of shape \(4, 2, 3\)",
         lambda: x.add_(mg.zeros(4, 1, 1, device=device))),
        (RuntimeError, r"x\[...\] = value: .*broadcast",
         lambda: x.__setitem__(0, mg.zeros(2, device=device))),
        (IndexError, r"x\[...\] = value: 2 is out of range for dimension 0", lambda: x.__setitem__(2, 0.0)),
        (TypeError, r"expected a tensor or a number, got list", lambda: x.__setitem__(0, [1.0, 2.0, 3.0])),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            call()


def test_shared_elements_are_not_written_to():
    x = mg.ones(1).expand(5000)
    for change in (lambda: x.add_(1.0), lambda: x.__setitem__(0, 2.0)):
        with pytest.raises(RuntimeError, match="its memory is read-only, or"):
            change()
