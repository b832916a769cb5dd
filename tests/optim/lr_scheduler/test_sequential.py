"""Joined schedules against PyTorch."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from optim import lr_scheduler
from tests.optim.lr_scheduler.cases import optimizer, path, same_path

PARTS = {
    "linear": lambda m, o: m.LinearLR(o, 0.1, total_iters=5),
    "cosine": lambda m, o: m.CosineAnnealingLR(o, 8, 1e-3),
    "step": lambda m, o: m.StepLR(o, 2, 0.5),
    "multi": lambda m, o: m.MultiStepLR(o, [1, 3, 3], 0.5),
    "lambda": lambda m, o: m.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
}


@given(
    parts=st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=4),
    lengths=st.lists(st.integers(1, 9), min_size=3, max_size=3),
    lrs=st.lists(st.sampled_from([1.0, 0.1]), min_size=1, max_size=2),
)
def test_equals_pytorch(parts, lengths, lrs):
    milestones = [sum(lengths[: i + 1]) for i in range(len(parts) - 1)]
    same_path(lambda m, o: m.SequentialLR(o, [PARTS[part](m, o) for part in parts], milestones), lrs, 25)


def test_a_loaded_one_continues_exactly():
    def fresh():
        o = optimizer(optim, [1.0])
        return lr_scheduler.SequentialLR(
            o, [PARTS[part](lr_scheduler, o) for part in ("linear", "cosine")], [4]
        )

    first, other = fresh(), fresh()
    path(first, 6)
    other.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert other.get_last_lr() == first.get_last_lr()
    other.step(), first.step()
    assert path(other, 9) == path(first, 9)


@given(warmup=st.integers(0, 5), descent=st.integers(1, 9), eta_min=st.sampled_from([0.0, 1e-3]))
def test_warmup_cosine(warmup, descent, eta_min):
    schedule = lr_scheduler.warmup_cosine(optimizer(optim, [0.5]), warmup, warmup + descent, eta_min)
    lrs = [lr for ((lr,),) in path(schedule, warmup + descent + 1)]
    assert lrs[:warmup] == pytest.approx([0.5 * (k + 1) / (warmup + 1) for k in range(warmup)], rel=1e-12)
    assert lrs[warmup] == 0.5
    assert all(b < a for a, b in zip(lrs[warmup:], lrs[warmup + 1 :], strict=False))
    assert lrs[-1] == pytest.approx(eta_min, abs=1e-15)


def test_wrong_arguments():
    sgd, other = optimizer(optim, [1.0]), optimizer(optim, [1.0])
    part = lr_scheduler.StepLR(sgd, 1)
    with pytest.raises(
        ValueError, match="one scheduler more than milestones, got 1 schedulers and 1 milestones"
    ):
        lr_scheduler.SequentialLR(sgd, [part], [3])
    with pytest.raises(
        ValueError, match="to belong to the same optimizer, but StepLR at index 0 has another one"
    ):
        lr_scheduler.SequentialLR(other, [part], [])
    with pytest.raises(ValueError, match="expected 0 <= warmup_steps < total_steps, got 5 and 5"):
        lr_scheduler.warmup_cosine(sgd, 5, 5)
