"""Operations that rearrange elements, against PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies import arrays, shapes
from tests.strategies_dims import with_dim, with_dims


@st.composite
def reshapes(draw):
    """An array and another shape for it, one of whose sizes may be -1."""
    sizes = draw(st.lists(st.integers(1, 4), max_size=4))
    x = draw(arrays(shape=st.just(tuple(sizes))))
    new = draw(st.permutations(sizes))
    if len(new) > 1 and draw(st.booleans()):
        new = [new[0] * new[1], *new[2:]]
    if new and draw(st.booleans()):
        new[draw(st.integers(0, len(new) - 1))] = -1
    return x, tuple(new)


@pytest.mark.parametrize("name", ["reshape", "view"])
@given(drawn=reshapes())
def test_reshape(name, device, drawn):
    x, shape = drawn
    check(lambda x: getattr(x, name)(shape), lambda x: x.reshape(shape), x, device=device)
    if shape:
        check(lambda x: getattr(x, name)(*shape), lambda x: x.reshape(*shape), x, device=device)


def test_reshape_of_nothing(device):
    check(mg.reshape, torch.reshape, np.zeros((0, 3)), (3, -1, 2), device=device)
    check(mg.reshape, torch.reshape, np.array(2.0), (1, -1), device=device)


def test_reshape_of_a_transposed_tensor(device, rng):
    x = rng.standard_normal((2, 3, 4))
    check(lambda x: x.transpose(0, 2).view(6, 4), lambda x: x.transpose(0, 2).reshape(6, 4), x, device=device)
    check(lambda x: x.transpose(0, 2).view_as(x), lambda x: x.transpose(0, 2).reshape_as(x), x, device=device)


@given(x=arrays(shape=shapes(min_side=0)), data=st.data())
def test_flatten(device, x, data):
    start = data.draw(st.integers(0, max(x.ndim - 1, 0)))
    end = data.draw(st.integers(start, max(x.ndim - 1, 0)))
    check(mg.flatten, torch.flatten, x, start, end, device=device)
    check(mg.flatten, torch.flatten, x, device=device)


@pytest.mark.parametrize("sizes", [(2, 3), (-1, 2), (6,), (1, -1, 3)])
def test_unflatten(device, rng, sizes):
    check(mg.unflatten, torch.unflatten, rng.standard_normal((2, 6, 3)), 1, sizes, device=device)


@given(drawn=with_dims(max_side=2))
def test_squeeze(device, drawn):
    x, dim = drawn
    if dim is not None:
        check(mg.squeeze, torch.squeeze, x, dim, device=device)
    check(mg.squeeze, torch.squeeze, x, device=device)
    check(mg.squeeze, torch.squeeze, x, (), device=device)


@given(x=arrays(), data=st.data())
def test_unsqueeze(device, x, data):
    check(mg.unsqueeze, torch.unsqueeze, x, data.draw(st.integers(-x.ndim - 1, x.ndim)), device=device)


@given(x=arrays(), data=st.data())
def test_permutations(device, x, data):
    order = data.draw(st.permutations(range(x.ndim)))
    signed = tuple(d - x.ndim if data.draw(st.booleans()) else d for d in order)
    check(mg.permute, torch.permute, x, signed, device=device)
    if x.ndim:
        check(lambda x: x.permute(*order), lambda x: x.permute(*order), x, device=device)
        count = data.draw(st.integers(1, x.ndim))
        check(mg.movedim, torch.movedim, x, signed[:count], order[::-1][:count], device=device)
        check(mg.moveaxis, torch.moveaxis, x, signed[0], order[-1], device=device)
        check(mg.transpose, torch.transpose, x, signed[0], order[-1], device=device)
        check(mg.swapaxes, torch.swapaxes, x, signed[0], order[-1], device=device)


def test_transposes_of_matrices(device, rng):
    x = rng.standard_normal((2, 3))
    check(mg.t, torch.t, x, device=device)
    check(mg.t, torch.t, x[0], device=device)
    check(lambda x: x.T, lambda x: x.T, x, device=device)
    check(lambda x: x.mT, lambda x: x.mT, rng.standard_normal((2, 3, 4)), device=device)
    check(lambda x: mg.transpose(x, 0, -1), lambda x: torch.transpose(x, 0, -1), np.array(1.0), device=device)


@given(x=arrays(shape=shapes(max_dims=3)), data=st.data())
def test_expand(device, x, data):
    ones = data.draw(st.lists(st.booleans(), min_size=x.ndim, max_size=x.ndim))
    x = x[tuple(slice(1) if one else slice(None) for one in ones)]
    front = data.draw(st.lists(st.integers(0, 3), max_size=2))
    sizes = [
        data.draw(st.sampled_from([0, 1, 3])) if one else data.draw(st.sampled_from([n, -1]))
        for n, one in zip(x.shape, ones, strict=True)
    ]
    check(mg.expand, lambda x, s: x.expand(s), x, (*front, *sizes), device=device)
    full = tuple(np.where(np.array(sizes) == -1, x.shape, sizes).astype(int).tolist()) if sizes else ()
    check(mg.broadcast_to, torch.broadcast_to, x, (*front, *full), device=device)


def test_expand_of_small_and_large_tensors(device, rng):
    """Small ones are written out, large ones are views; both must behave the same."""
    for n in (3, 5000):
        check(
            lambda x, n=n: x.expand(n, 2),
            lambda x, n=n: x.expand(n, 2),
            rng.standard_normal(2),
            device=device,
        )
        x, y = rng.standard_normal((1, 2)), rng.standard_normal((n, 2))
        check(lambda x, y: x.expand_as(y) * y, lambda x, y: x.expand_as(y) * y, x, y, device=device)


@given(
    x=arrays(shape=shapes(max_dims=3, min_side=0)),
    front=st.lists(st.integers(0, 2), max_size=2),
    data=st.data(),
)
def test_repeat_and_tile(device, x, front, data):
    times = [data.draw(st.integers(0, 3)) for _ in x.shape]
    check(lambda x: mg.repeat(x, (*front, *times)), lambda x: x.repeat((*front, *times)), x, device=device)
    check(mg.tile, torch.tile, x, tuple(times[1:]), device=device)
    check(mg.tile, torch.tile, x, tuple(front + times), device=device)


@given(x=arrays(shape=shapes(min_side=0)), data=st.data())
def test_flip(device, x, data):
    dims = data.draw(st.lists(st.integers(0, x.ndim - 1), unique=True)) if x.ndim else []
    check(mg.flip, torch.flip, x, dims=dims, device=device)
    if dims:
        check(lambda x: x.flip(*dims), lambda x: x.flip(*dims), x, device=device)


@given(drawn=with_dim(min_side=0), shift=st.integers(-7, 7), data=st.data())
def test_roll(device, drawn, shift, data):
    x, dim = drawn
    check(mg.roll, torch.roll, x, shift, dim, device=device)
    check(mg.roll, torch.roll, x, shift, device=device)
    dims = data.draw(st.lists(st.integers(0, x.ndim - 1), min_size=1, max_size=3))  # one may come twice
    check(mg.roll, torch.roll, x, tuple(range(1, 1 + len(dims))), tuple(dims), device=device)


def test_contiguous(device, rng):
    x = rng.standard_normal((3, 4))
    check(lambda x: x.t().contiguous() * 2, lambda x: x.t().contiguous() * 2, x, device=device)
    ours = mg.tensor(x, device=device)
    assert ours.contiguous() is ours
    assert ours.t().contiguous().data.flags.c_contiguous


def test_rearranged_tensors_share_memory(device):
    """As in PyTorch, a view costs nothing, however large."""
    x = mg.zeros(3, 4, device=device)
    for view in (x.reshape(12), x.t(), x.unsqueeze(0), x.flatten(), x[1:], x.flip(0), x.diagonal()):
        assert view.data.base is not None


def test_errors_say_what_was_given(device):
    x = mg.zeros(2, 3, device=device)
    for error, message, call in [
        (RuntimeError, r"reshape: cannot reshape array of size 6 into shape \(4,\)", lambda: x.reshape(4)),
        (RuntimeError, r"reshape: sizes must be >= 0, or -1 for one of them; got \(2, -3\)",
         lambda: x.reshape(2, -3)),
        (TypeError, "reshape: expected integers or one sequence of them", lambda: x.reshape("ab")),
        (RuntimeError, "unflatten: sizes .* do not multiply to size 3 of dimension 1",
         lambda: x.unflatten(1, (2, 2))),
        (RuntimeError, "flatten: start_dim 1 comes after end_dim 0", lambda: x.flatten(1, 0)),
        (IndexError, "unsqueeze: dimension 3 is out of range", lambda: x.unsqueeze(3)),
        (RuntimeError, r"permute: dims=\(0,\) must name each of the 2 dimensions once", lambda: x.permute(0)),
        (RuntimeError, "permute: a dimension appears twice", lambda: x.permute(0, 0)),
        (RuntimeError, "t: expected at most 2 dimensions", lambda: mg.zeros(1, 2, 3, device=device).t()),
        (RuntimeError, "mT: expected at least 2 dimensions", lambda: mg.zeros(3, device=device).mT),
        (RuntimeError, "movedim: source .* have different lengths", lambda: x.movedim((0, 1), 0)),
        (RuntimeError, r"expand: sizes \(3,\) do not fit a tensor of shape \(2, 3\)", lambda: x.expand(3)),
        (RuntimeError, r"expand: sizes \(-1, 2, 3\) do not fit", lambda: x.expand(-1, 2, 3)),
        (RuntimeError, "expand: ", lambda: x.expand(4, 3)),
        (RuntimeError, "repeat: expected a number >= 0 for each of the 2 dimensions", lambda: x.repeat(2)),
        (RuntimeError, "repeat: expected a number >= 0", lambda: x.repeat(2, -1)),
        (RuntimeError, "roll: as many shifts as dims are needed", lambda: x.roll((1, 2), 0)),
        (RuntimeError, "flip: a dimension appears twice", lambda: x.flip(0, 0)),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            call()
