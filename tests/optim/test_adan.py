"""Adan and Adan(AGR) against plain Python, and the conventions of the authors' code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from tests.optim.cases import Run, adan, at_least_200, ours, runs, same_path
from tests.optim.reference import adan_run


@at_least_200
@given(run=runs(adan()), agr=st.booleans(), max_grad_norm=st.sampled_from([0.0, 0.5, 5.0]))
def test_equals_its_definition(device, run, agr, max_grad_norm):
    got = ours(optim.Adan, run, device, agr=agr, max_grad_norm=max_grad_norm)
    same_path(got, adan_run(run, agr, max_grad_norm), 1e-11)


@given(run=runs(st.fixed_dictionaries({"lr": st.just(1e-2)}), dtype=np.float32, missing=False))
def test_float32(device, run):
    hyper = {"lr": 1e-2, "betas": (0.98, 0.92, 0.99), "eps": 1e-8, "weight_decay": 0.0, "no_prox": False}
    double = Run([hyper] * len(run.hypers), run.weights, run.grads)
    # A step is at most some 10 lr, with at most 30 roundings; the weights are below 10.
    for step, (mine, other) in enumerate(
        zip(ours(optim.Adan, run, device), adan_run(double, False), strict=True), start=1
    ):
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=step * 2.0**-24 * (2 * 10 + 30 * 10 * 1e-2))


@given(signs=st.lists(st.sampled_from([-1.0, 1.0]), min_size=1, max_size=6), lr=st.sampled_from([1e-3, 0.1]))
def test_first_step_is_lr_times_the_sign(device, signs, lr):  # law 48
    g = np.array(signs) * np.arange(1.0, len(signs) + 1)
    w = mg.tensor(np.zeros(len(g)), device=device, requires_grad=True)
    w.grad = mg.tensor(g, device=device)
    optim.Adan([w], lr=lr, eps=1e-30).step()
    np.testing.assert_allclose(w.numpy(), -lr * np.sign(g), rtol=1e-14)


@given(run=runs(adan()), max_grad_norm=st.sampled_from([0.5, 5.0]))
def test_clipping_commutes_with_agr(device, run, max_grad_norm):  # law 49
    clipped = []
    for step in run.grads:
        norm = np.sqrt(sum(float((g**2).sum()) for group in step for g in group if g is not None))
        c = min(1.0, max_grad_norm / (norm + run.hypers[-1]["eps"]))
        clipped.append([[None if g is None else c * g for g in group] for group in step])
    got = ours(optim.Adan, run, device, agr=True, max_grad_norm=max_grad_norm)
    want = ours(optim.Adan, Run(run.hypers, run.weights, clipped), device, agr=True)
    same_path(got, want, 1e-11)


def test_the_step_of_the_group_corrects_a_late_parameter(device):
    """A parameter whose first gradient comes at step 3 has d = 0 then, but the bias correction of t = 3."""
    early, late = (mg.tensor(np.zeros(1), device=device, requires_grad=True) for _ in range(2))
    adan = optim.Adan([early, late], lr=1.0, eps=1e-30)
    for step in (1, 2, 3):
        early.grad = mg.tensor(np.ones(1), device=device)
        late.grad = mg.tensor(np.ones(1), device=device) if step == 3 else None
        adan.step()
    m_hat, n_hat = 0.02 / (1 - 0.98**3), 0.01 / (1 - 0.99**3)
    np.testing.assert_allclose(late.numpy(), [-m_hat / n_hat**0.5], rtol=1e-14)


def test_state_has_the_names_of_the_authors_code(device):
    w = mg.tensor(np.zeros(2), device=device, requires_grad=True)
    w.grad = mg.tensor(np.array([3.0, 4.0]), device=device)
    adan = optim.Adan([w], max_grad_norm=1.0, eps=0.0)
    adan.step()
    state = adan.state_dict()["state"][0]
    assert set(state) == {"step", "exp_avg", "exp_avg_sq", "exp_avg_diff", "neg_pre_grad"}
    np.testing.assert_allclose(state["neg_pre_grad"].numpy(), [-0.6, -0.8], rtol=1e-15)
    np.testing.assert_array_equal(w.grad.numpy(), [3.0, 4.0])


def test_a_loaded_max_grad_norm_counts_also_for_later_groups(device):
    def fresh(**hyper):
        return optim.Adan([mg.tensor(np.zeros(2), device=device, requires_grad=True)], **hyper)

    adan, w = fresh(), mg.tensor(np.zeros(2), device=device, requires_grad=True)
    adan.load_state_dict(fresh(max_grad_norm=5.0, eps=0.0).state_dict())
    adan.add_param_group({"params": [w], "eps": 0.0})
    w.grad = mg.tensor(np.array([6.0, 8.0]), device=device)
    adan.step()
    assert adan.state_dict()["state"][1]["neg_pre_grad"].tolist() == [-3.0, -4.0]


def test_max_grad_norm_is_one_for_all_groups():
    w = mg.tensor([1.0], requires_grad=True)
    with pytest.raises(
        ValueError, match=r"a parameter group cannot have its own: got 2.0, the optimizer has 1.0"
    ):
        optim.Adan([{"params": [w], "max_grad_norm": 2.0}], max_grad_norm=1.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_grad_norm": -1.0}, "Invalid Max grad norm: -1.0"),
        ({"betas": (0.98, 0.92)}, r"Adan: betas must be 3 numbers, got \(0.98, 0.92\)"),
        ({"betas": (0.98, 0.92, 1.0)}, "Invalid beta parameter at index 2: 1.0"),
    ],
)
def test_wrong_hyper_parameters(wrong, message):
    with pytest.raises(ValueError, match=message):
        optim.Adan([mg.tensor([1.0], requires_grad=True)], **wrong)
