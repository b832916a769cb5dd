"""The one-formula schedules against PyTorch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from optim import lr_scheduler
from tests.optim.lr_scheduler.cases import optimizer, path, same_path

LRS = st.lists(st.sampled_from([1.0, 0.1, 3e-4]), min_size=1, max_size=3)
GAMMAS = st.floats(0.05, 1.0)


@given(lrs=LRS, step_size=st.integers(1, 7), gamma=GAMMAS)
def test_step(lrs, step_size, gamma):
    same_path(lambda m, o: m.StepLR(o, step_size, gamma), lrs, 20)


@given(lrs=LRS, milestones=st.lists(st.integers(1, 18), max_size=5), gamma=GAMMAS)
def test_multi_step(lrs, milestones, gamma):
    same_path(lambda m, o: m.MultiStepLR(o, milestones, gamma), lrs, 20)


@given(lrs=LRS, start=st.floats(0.01, 1.0), end=st.floats(0.01, 1.0), total=st.integers(1, 18))
def test_linear(lrs, start, end, total):
    same_path(lambda m, o: m.LinearLR(o, start, end, total), lrs, 20)


@given(lrs=LRS, t_max=st.integers(1, 25), eta_min=st.sampled_from([0.0, 1e-5, 1e-2]))
def test_cosine(lrs, t_max, eta_min):
    """Also beyond T_max."""
    same_path(lambda m, o: m.CosineAnnealingLR(o, t_max, eta_min), lrs, 20)


@given(lrs=LRS, power=st.floats(0.1, 2.0))
def test_lambda(lrs, power):
    same_path(lambda m, o: m.LambdaLR(o, lambda epoch: 1 / (1 + epoch) ** power), lrs, 20)
    same_path(lambda m, o: m.LambdaLR(o, [lambda epoch, k=k: k**epoch for k in range(len(lrs))]), lrs, 20)


def test_it_runs_from_one_factor_to_the_other():
    schedule = lr_scheduler.LinearLR(
        optimizer(optim, [2.0]), start_factor=0.5, end_factor=0.25, total_iters=2
    )
    assert [lr for ((lr,),) in path(schedule, 4)] == [1.0, 0.75, 0.5, 0.5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: lr_scheduler.StepLR(o, 0), "StepLR: step_size must be at least 1, got 0"),
        (
            lambda o: lr_scheduler.CosineAnnealingLR(o, 0),
            "CosineAnnealingLR: T_max must be at least 1, got 0",
        ),
        (
            lambda o: lr_scheduler.LinearLR(o, total_iters=0),
            "LinearLR: total_iters must be at least 1, got 0",
        ),
        (lambda o: lr_scheduler.LinearLR(o, 0.0), "Starting multiplicative factor .* got 0.0"),
        (lambda o: lr_scheduler.LinearLR(o, 0.5, 1.5), "Ending multiplicative factor .* got 1.5"),
        (
            lambda o: lr_scheduler.LambdaLR(o, [abs, abs]),
            "lr_lambda needs one value for each of the 1 .* groups, got 2",
        ),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make(optimizer(optim, [1.0]))
