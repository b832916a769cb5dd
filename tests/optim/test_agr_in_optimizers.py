"""`agr=` in the optimizers: where `AGR` applies it, for how long, and the laws of what comes out."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from tests.optim.cases import HYPER, OPTIMIZERS, Run, ours, runs, same_path


def official(g):
    total = np.abs(g).sum()
    return g - g * (np.abs(g) / total) if total else g * 0


def regularized(run, change):
    """The run with every step's list of groups of gradients changed."""
    return Run(run.hypers, run.weights, [[change(group) for group in step] for step in run.grads])


def each(psi):
    return lambda group: [None if g is None else psi(g) for g in group]


@pytest.mark.parametrize("cls", OPTIMIZERS)
@given(data=st.data())
def test_true_is_the_official_code_in_every_optimizer(device, cls, data):
    run = data.draw(runs(HYPER[cls]))
    same_path(ours(cls, run, device, agr=True), ours(cls, regularized(run, each(official)), device), 1e-9)


@pytest.mark.parametrize("cls", OPTIMIZERS)
@given(data=st.data())
def test_agr_of_nothing_is_true(device, cls, data):
    run = data.draw(runs(HYPER[cls], steps=3))
    same_path(ours(cls, run, device, agr=True), ours(cls, run, device, agr=optim.AGR()), 0.0)


def channels(g):
    return np.stack([official(row) for row in g]).reshape(g.shape) if g.ndim > 1 and g.size else official(g)


@given(run=runs(HYPER[optim.AdamW]))
def test_channel_scope(device, run):
    want = ours(optim.AdamW, regularized(run, each(channels)), device)
    same_path(ours(optim.AdamW, run, device, agr=optim.AGR("channel")), want, 1e-9)


def together(group):
    whole = official(np.concatenate([g.reshape(-1) for g in group if g is not None] or [np.zeros(0)]))
    result, start = [], 0
    for g in group:
        result.append(None if g is None else whole[start : start + g.size].reshape(g.shape))
        start += 0 if g is None else g.size
    return result


@given(run=runs(HYPER[optim.AdamW]))
def test_global_scope(device, run):
    want = ours(optim.AdamW, regularized(run, together), device)
    same_path(ours(optim.AdamW, run, device, agr=optim.AGR("global")), want, 1e-9)


def weights_only(group):
    return [official(g) if g is not None and g.ndim >= 2 else g for g in group]


@given(run=runs(HYPER[optim.AdamW]))
def test_min_ndim(device, run):
    want = ours(optim.AdamW, regularized(run, weights_only), device)
    same_path(ours(optim.AdamW, run, device, agr=optim.AGR(min_ndim=2)), want, 1e-9)


@given(run=runs(HYPER[optim.AdamW]), last=st.integers(0, 11))
def test_until_step(device, run, last):
    changed = regularized(run, each(official)).grads[:last] + run.grads[last:]
    want = ours(optim.AdamW, Run(run.hypers, run.weights, changed), device)
    same_path(ours(optim.AdamW, run, device, agr=optim.AGR(until_step=last)), want, 1e-9)


def test_a_group_has_its_own(device):
    a, b = (mg.tensor(np.zeros(2), device=device, requires_grad=True) for _ in range(2))
    for p in (a, b):
        p.grad = mg.tensor(np.array([3.0, 1.0]), device=device)
    optim.SGD([{"params": [a]}, {"params": [b], "agr": True}], lr=1.0).step()
    assert a.tolist() == [-3.0, -1.0]
    assert b.tolist() == [-0.75, -0.75]


@pytest.mark.parametrize("agr", [True, False, optim.AGR("channel", min_ndim=2, until_step=3)])
def test_it_is_saved_as_plain_values(agr):
    def fresh(**kwargs):
        return optim.SGD([mg.tensor([1.0], requires_grad=True)], **kwargs)

    saved = json.loads(json.dumps(fresh(agr=agr).state_dict()))
    loaded = fresh()
    loaded.load_state_dict(saved)
    assert loaded.param_groups[0]["agr"] == agr


def test_until_step_counts_on_after_loading(device):
    def fresh():
        w = mg.tensor(np.zeros(2), device=device, requires_grad=True)
        w.grad = mg.tensor(np.array([3.0, 1.0]), device=device)
        return w, optim.SGD([w], lr=1.0, agr=optim.AGR(until_step=2))

    _, first = fresh()
    first.step()
    w, second = fresh()
    second.load_state_dict(first.state_dict())
    second.step()
    assert w.tolist() == [-0.75, -0.75]
    second.step()
    assert w.tolist() == [-3.75, -1.75]


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (
            {"scope": "layer"},
            ValueError,
            "AGR: scope must be one of 'tensor', 'channel', 'global', got 'layer'",
        ),
        ({"min_ndim": -1}, ValueError, "AGR: min_ndim must be at least 0, got -1"),
        ({"until_step": -1}, ValueError, "AGR: until_step must be None or at least 0, got -1"),
    ],
)
def test_agr_arguments(wrong, error, message):
    with pytest.raises(error, match=message):
        optim.AGR(**wrong)


@pytest.mark.parametrize("wrong", ["yes", 1, None, {"scope": "tensor"}, optim.AGR])
def test_agr_keyword_takes_nothing_else(wrong):
    with pytest.raises(TypeError, match=r"agr must be False, True or an optim.AGR\(...\), got "):
        optim.SGD([mg.tensor([1.0], requires_grad=True)], agr=wrong)


# ---------------------------------------------------------------------- laws


def constant_path(cls, device, g, w, steps=50, **hyper):
    run = Run([{}], [[w]], [[[g]]] * steps)
    return ours(cls, run, device, **hyper)


@pytest.mark.parametrize("cls", [optim.AdamW, optim.Adan])
def test_43_a_constant_gradient_does_not_feel_it(device, cls, rng):
    g, w = rng.choice([-1.0, 1.0], 8) * rng.uniform(0.1, 3.0, 8), rng.standard_normal(8)
    with_agr, without = (constant_path(cls, device, g, w, agr=agr) for agr in (True, False))
    same_path(with_agr, without, 1e-6)


@given(g=st.floats(-3, 3), w=st.floats(0.5, 2), decay=st.sampled_from([0.0, 0.1]))
def test_44_one_element_only_decays(device, g, w, decay):
    g, w, lr, t = np.array([g]), np.array([w]), 1e-2, 50
    adamw = constant_path(optim.AdamW, device, g, w, t, agr=True, lr=lr, weight_decay=decay)[-1][0]
    np.testing.assert_allclose(adamw, w * (1 - lr * decay) ** t, rtol=1e-12)
    adan = constant_path(optim.Adan, device, g, w, t, agr=True, lr=lr, weight_decay=decay)[-1][0]
    np.testing.assert_allclose(adan, w / (1 + lr * decay) ** t, rtol=1e-12)


@pytest.mark.parametrize("cls", [optim.AdamW, optim.Adan])
def test_45_zero_gradients_let_the_moments_decay(device, cls):
    w = mg.tensor(np.ones(3), device=device, requires_grad=True)
    optimizer = cls([w], agr=True)
    sizes = []
    for step in range(6):
        w.grad = mg.tensor(np.array([1.0, 2.0, 3.0]) if step == 0 else np.zeros(3), device=device)
        optimizer.step()
        sizes.append(np.abs(optimizer.state_dict()["state"][0]["exp_avg"].numpy()).max())
    assert np.isfinite(w.numpy()).all()
    assert all(later < earlier for earlier, later in pairwise(sizes))


@given(run=runs(HYPER[optim.AdamW]))
def test_50_maximizing_g_is_minimizing_minus_g(device, run):
    def hypers(maximize):
        return [{**hyper, "maximize": maximize} for hyper in run.hypers]

    negative = [[[None if g is None else -g for g in group] for group in step] for step in run.grads]
    up = ours(optim.AdamW, Run(hypers(True), run.weights, run.grads), device, agr=True)
    down = ours(optim.AdamW, Run(hypers(False), run.weights, negative), device, agr=True)
    same_path(up, down, 0.0)


@given(seed=st.integers(0, 999), n=st.integers(2, 6), share=st.floats(0.05, 1.95))
def test_46_descent_on_quadratics_is_monotone(device, seed, n, share):
    """AGR gradient descent with lr < 2 / beta never increases the loss w A w / 2."""
    rng = np.random.default_rng(seed)
    square = rng.standard_normal((n, n))
    A = square @ square.T / n
    w = mg.tensor(rng.standard_normal(n), device=device, requires_grad=True)
    sgd = optim.SGD([w], lr=share / np.linalg.eigvalsh(A)[-1].item(), agr=True)
    losses = []
    for _ in range(30):
        x = w.numpy()
        losses.append(x @ A @ x / 2)
        w.grad = mg.tensor(A @ x, device=device)
        sgd.step()
    assert (np.diff(losses) <= 1e-14 * losses[0]).all()
