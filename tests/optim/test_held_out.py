"""AdamW and Adan for thirty steps with any hyper-parameters, against their definitions in extended precision.

The reference is NumPy's longdouble, whole arrays at a time, written from the papers: not the code of
`tests.optim.reference`, so that the two would have to be wrong alike.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from tests.optim.cases import at_least_200, ours, runs, same_path

TOLERANCE = 1e-9
STEPS = 30
SHAPES = [(), (1,), (1, 1), (2,), (7,), (3, 4), (2, 3, 2, 2), (40,)]

log_uniform = {
    "lr": st.floats(-5, -1).map(lambda x: 10**x),
    "eps": st.floats(-10, -2).map(lambda x: 10**x),
    "weight_decay": st.just(0.0) | st.floats(-4, 0).map(lambda x: 10**x),
}
decays = st.floats(0, 0.999)
adamw = st.fixed_dictionaries(
    {**log_uniform, "betas": st.tuples(decays, decays), "amsgrad": st.booleans(), "maximize": st.booleans()}
)
adan = st.fixed_dictionaries(
    {**log_uniform, "betas": st.tuples(decays, decays, decays), "no_prox": st.booleans()}
)


def extended(array):
    return np.asarray(array, np.longdouble)


def psi(g):
    """Psi_i = g_i (sum of all other magnitudes) / (sum of all)."""
    x = np.abs(g).reshape(-1)
    total = x.sum()
    if not total:
        return g * 0
    others = [np.concatenate([x[:i], x[i + 1 :]]).sum() for i in range(x.size)]
    return g * (extended(others) / total).reshape(g.shape)


def adamw_reference(w, grads, lr, betas, eps, weight_decay, amsgrad, maximize, agr):
    lr, eps, weight_decay, beta1, beta2 = map(np.longdouble, (lr, eps, weight_decay, *betas))
    w, history = extended(w), []
    m = v = largest = extended(np.zeros(w.shape))
    for g in grads:
        if g is not None:
            history.append(g)
            g = psi(extended(g)) if agr else extended(g)
            g = -g if maximize else g
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
            largest = np.maximum(largest, v)
            t = len(history)
            second = np.sqrt((largest if amsgrad else v) / (1 - beta2**t))
            w = w - lr * weight_decay * w - lr * (m / (1 - beta1**t)) / (second + eps)
        yield w


def adan_reference(w, grads, clips, lr, betas, eps, weight_decay, no_prox, agr):
    lr, eps, weight_decay, beta1, beta2, beta3 = map(np.longdouble, (lr, eps, weight_decay, *betas))
    w, last = extended(w), None
    m = v = n = extended(np.zeros(w.shape))
    for t, (g, clip) in enumerate(zip(grads, clips, strict=True), start=1):
        if g is not None:
            g = clip * (psi(extended(g)) if agr else extended(g))
            d = g * 0 if last is None else g - last
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * d
            n = beta3 * n + (1 - beta3) * (g + beta2 * d) ** 2
            step = lr * (m / (1 - beta1**t) + beta2 * v / (1 - beta2**t))
            step = step / (np.sqrt(n / (1 - beta3**t)) + eps)
            w = w - lr * weight_decay * w - step if no_prox else (w - step) / (1 + lr * weight_decay)
            last = g
        yield w


def clip_coefficients(run, max_grad_norm):
    """For every step min(1, max / (norm of all raw gradients + eps of the last group))."""
    for step in run.grads:
        squares = [(extended(g) ** 2).sum() for group in step for g in group if g is not None]
        norm = np.sqrt(sum(squares, np.longdouble(0)))
        limit = np.longdouble(max_grad_norm) / (norm + np.longdouble(run.hypers[-1]["eps"]))
        yield min(np.longdouble(1), limit) if max_grad_norm else np.longdouble(1)


def reference_path(run, one, **common):
    columns = [
        list(one(w, [step[k][j] for step in run.grads], **hyper, **common))
        for k, (hyper, weights) in enumerate(zip(run.hypers, run.weights, strict=True))
        for j, w in enumerate(weights)
    ]
    return [list(step) for step in zip(*columns, strict=True)]


@pytest.mark.parametrize("agr", [False, True])
@at_least_200
@given(run=runs(adamw, steps=STEPS, shapes=SHAPES))
def test_adamw(device, run, agr):
    got = ours(optim.AdamW, run, device, agr=agr)
    same_path(got, reference_path(run, adamw_reference, agr=agr), TOLERANCE)


@pytest.mark.parametrize("agr", [False, True])
@at_least_200
@given(run=runs(adan, steps=STEPS, shapes=SHAPES), max_grad_norm=st.sampled_from([0.0, 0.1, 1.0, 30.0]))
def test_adan(device, run, agr, max_grad_norm):
    got = ours(optim.Adan, run, device, agr=agr, max_grad_norm=max_grad_norm)
    clips = list(clip_coefficients(run, max_grad_norm))
    same_path(got, reference_path(run, adan_reference, clips=clips, agr=agr), TOLERANCE)
