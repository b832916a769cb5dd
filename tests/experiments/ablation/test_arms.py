"""Each arm does what its name says, and nothing else."""

import numpy as np
import pytest

import minigrad as mg
import optim
from experiments.ablation import arms
from minigrad.backend import to_device, to_numpy

SHAPES = [(8, 3, 3, 3), (8,), (10, 8), (1,), ()]


@pytest.fixture
def grads(rng, device):
    return [to_device(rng.standard_normal(shape).astype(np.float32), device) for shape in SHAPES]


def _changed(name, grads):
    return [to_numpy(g) for g in arms.ARMS[name].change(grads, np.random.default_rng(1))]


def _norm(array):
    return np.linalg.norm(to_numpy(array).astype(np.float64))


def _psi(g):
    x = np.abs(g.astype(np.float64))
    return g * (1 - x / x.sum())


@pytest.mark.parametrize("name", [name for name, arm in arms.ARMS.items() if arm.change])
def test_gradients_keep_shape_dtype_and_are_not_written_to(name, grads):
    before = [to_numpy(g).copy() for g in grads]
    changed = _changed(name, grads)
    assert [c.shape for c in changed] == SHAPES
    assert all(c.dtype == np.float32 for c in changed)
    for g, b in zip(grads, before, strict=True):
        np.testing.assert_array_equal(to_numpy(g), b)


@pytest.mark.parametrize("name", [name for name, arm in arms.ARMS.items() if arm.change])
def test_gradients_of_zeros_stay(name, device):
    for c in _changed(name, [to_device(np.zeros(shape, np.float32), device) for shape in SHAPES]):
        assert not c.any()


def test_centralized_weights_have_no_channel_mean(grads):
    weight, bias, linear, *_ = _changed("centralized", grads)
    np.testing.assert_allclose(weight.mean((1, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(linear.mean(1), 0, atol=1e-6)
    np.testing.assert_array_equal(bias, to_numpy(grads[1]))


def test_normalized_tensors_have_unit_root_mean_square(grads):
    for g, c in zip(grads, _changed("normalized", grads), strict=True):
        assert np.sqrt((c.astype(np.float64) ** 2).mean()) == pytest.approx(1, rel=1e-6)
        assert (np.sign(c) == np.sign(to_numpy(g))).all()


def test_clipped_gradients_have_a_norm_of_at_most_one(grads):
    clipped = _changed("clipped", grads)
    assert _norm([_norm(c) for c in clipped]) == pytest.approx(1, rel=1e-6)
    small = [g * np.float32(1e-3) for g in grads]
    for g, c in zip(small, _changed("clipped", small), strict=True):
        np.testing.assert_array_equal(c, to_numpy(g))


def test_shrunk_tensors_have_agrs_norm_and_the_raw_direction(grads):
    for g, c in zip(grads, _changed("shrunk", grads), strict=True):
        g = to_numpy(g)
        assert _norm(c) == pytest.approx(_norm(_psi(g)), rel=1e-6, abs=1e-7)
        np.testing.assert_allclose(c * _norm(g), g * _norm(c), rtol=1e-5, atol=1e-7)


def test_disturbed_tensors_are_as_far_away_as_agrs_result(grads):
    for g, c in zip(grads, _changed("disturbed", grads), strict=True):
        g = to_numpy(g)
        assert _norm(c - g) == pytest.approx(_norm(_psi(g) - g), rel=1e-4)
        assert g.size == 1 or not np.allclose(c, _psi(g), atol=1e-4)


@pytest.mark.parametrize("name", arms.ARMS)
def test_an_arm_steps_with_its_gradients(name, tiny, grads, rng, device):
    class Model(mg.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = mg.nn.Parameter(mg.zeros(8, 3, 3, 3))

    model = Model().to(device)
    _, stepped = arms.build(name, tiny, model, steps=4)
    model.w.grad = mg.Tensor(grads[0])
    stepped.step()
    arm = arms.ARMS[name]
    g = arm.change([grads[0]], np.random.default_rng(tiny.seed))[0] if arm.change else grads[0]
    twin = mg.tensor(np.zeros(SHAPES[0], np.float32), requires_grad=True, device=device)
    twin.grad = mg.tensor(g)
    optim.AdamW([twin], lr=tiny.lr, weight_decay=tiny.weight_decay, agr=arm.agr(4)).step()
    np.testing.assert_array_equal(model.w.numpy(), twin.numpy())


def test_agr_is_suspended_after_half_of_the_steps():
    assert arms.ARMS["agr-first-half"].agr(9) == optim.AGR(until_step=4)


def test_an_unknown_arm_is_refused(tiny):
    with pytest.raises(ValueError, match=r"an arm is one of none, agr.*got 'lion'"):
        arms.build("lion", tiny, mg.nn.Linear(2, 2), 1)
