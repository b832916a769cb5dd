"""The fast update against its readable twin, and gradients that are finished piece by piece."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from optim.gradient import Gradient
from tests.optim.cases import HYPER, OPTIMIZERS, at_least_200, ours, runs, same_path

SHAPES = [(), (1,), (6,), (3, 4), (3, 2, 2, 2), (40,)]


@pytest.fixture(autouse=True, scope="module")
def _small_pieces():
    """Pieces of 5 elements, so that small tensors have several and the last one is shorter."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("optim.optimizer", "optim.agr"):  # as an attribute, optim.agr is the function
            patch.setattr(sys.modules[module], "PIECE", 5)
        yield


def readable(cls):
    """The same optimizer without its fast update."""
    return type(cls.__name__, (cls,), {"update_in_place": optim.Optimizer.update_in_place})


@pytest.mark.parametrize("cls", OPTIMIZERS)
def test_every_optimizer_has_a_fast_update(cls):
    assert cls.update_in_place is not optim.Optimizer.update_in_place


@pytest.mark.parametrize("cls", OPTIMIZERS)
@at_least_200
@given(data=st.data(), agr=st.booleans())
def test_equals_its_readable_twin(device, cls, data, agr):
    run = data.draw(runs(HYPER[cls], shapes=SHAPES))
    same_path(ours(cls, run, device, agr=agr), ours(readable(cls), run, device, agr=agr), 1e-12)


@pytest.mark.parametrize("cls", OPTIMIZERS)
@given(data=st.data())
def test_in_single_precision(device, cls, data):
    run = data.draw(runs(HYPER[cls], shapes=SHAPES, dtype=np.float32))
    # Each of 10 steps rounds some 20 times; nothing but noise may differ between the two orders.
    same_path(ours(cls, run, device), ours(readable(cls), run, device), 10 * 20 * 2**-24)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data(), exponent=st.sampled_from([-35, -20, -3, 0, 3, 20, 35]))
def test_a_gradient_finished_later_is_the_same(dtype, data, exponent):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    g = (rng.standard_normal(data.draw(st.integers(0, 40))) * 10.0**exponent).astype(dtype)
    if data.draw(st.booleans()):  # one element outweighs all others
        g[:1] *= 100
    (gradient,) = optim.AGR().gradients([g], step=1)
    pieces = [gradient.piece(slice(i, i + 5), out=np.empty_like(g[i : i + 5])) for i in range(0, g.size, 5)]
    want = optim.agr(g)
    np.testing.assert_allclose(np.concatenate([*pieces, g[:0]]), want, rtol=4 * np.finfo(dtype).eps)
    assert (np.abs(np.concatenate([*pieces, g[:0]])) <= np.abs(g)).all()


def test_only_a_balanced_gradient_is_finished_later():
    balanced, one_sided = np.ones(8), np.array([9.0, 1.0, 1.0])
    later = optim.AGR().gradients([balanced, one_sided, balanced.astype(np.float16)], step=1)
    assert [gradient.total for gradient in later] == [8.0, None, None]
    for odd in ([np.nan, 1.0, 1.0], [np.inf, 1.0, 1.0], [0.0, 0.0]):
        with np.errstate(invalid="ignore"):
            (gradient,) = optim.AGR().gradients([np.array(odd)], step=1)
        assert gradient.total is None


def test_factors_multiply():
    g = np.array([1.0, -2.0, 3.0])
    out = np.empty(3)
    assert Gradient(g).piece(slice(0, 3), out) is not out
    assert Gradient(g).scaled(-1).piece(slice(0, 3), out).tolist() == [-1.0, 2.0, -3.0]
    assert Gradient(g).scaled(-1).scaled(0.5).piece(slice(1, 3), np.empty(2)).tolist() == [1.0, -1.5]
    assert Gradient(g, total=6.0).scaled(2).piece(slice(0, 1), np.empty(1)).tolist() == [2 * (1 - 1 / 6)]


def test_a_variance_that_rounding_makes_negative_counts_as_zero(device):
    weights = mg.tensor(np.zeros(1000, np.float32), device=device, requires_grad=True)
    optimizer = optim.RMSprop([weights], centered=True, alpha=0.5)
    weights.grad = mg.tensor(np.linspace(0.1, 1.0, 1000, dtype=np.float32), device=device)
    for _ in range(40):  # after these, v and the square of the mean differ by rounding alone
        optimizer.step()
    assert np.isfinite(weights.detach().numpy()).all()
