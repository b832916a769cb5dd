"""What holds for every schedule: what it writes where, saving and loading, error messages."""

import inspect
import json

import pytest
import torch

import optim
from optim import lr_scheduler
from tests.optim.lr_scheduler.cases import ARGUMENTS, SCHEDULES, optimizer

every_schedule = pytest.mark.parametrize("schedule", SCHEDULES)


def test_all_schedules_are_tested():
    assert set(SCHEDULES) == set(ARGUMENTS)
    names = {"LambdaLR", "StepLR", "MultiStepLR", "LinearLR", "CosineAnnealingLR", "OneCycleLR"}
    assert {c.__name__ for c in SCHEDULES} == names


@every_schedule
def test_signature_is_pytorchs(schedule):
    def arguments(c):
        return [(name, p.default) for name, p in inspect.signature(c).parameters.items()]

    assert arguments(schedule) == arguments(getattr(torch.optim.lr_scheduler, schedule.__name__))


@every_schedule
@pytest.mark.parametrize("stop", [0, 1, 5, 9])
def test_a_loaded_schedule_continues_exactly(schedule, stop):
    def steps(scheduler, count):
        lrs = []
        for _ in range(count):
            scheduler.step()
            lrs.append(scheduler.get_last_lr())
        return lrs

    first = schedule(optimizer(optim, [1.0, 0.1]), **ARGUMENTS[schedule])
    steps(first, stop)
    saved, saved_optimizer = json.dumps(first.state_dict()), first.optimizer.state_dict()
    other = schedule(optimizer(optim, [1.0, 0.1]), **ARGUMENTS[schedule])
    other.load_state_dict(json.loads(saved))
    other.optimizer.load_state_dict(saved_optimizer)
    assert other.get_last_lr() == first.get_last_lr()
    assert repr(other.optimizer) == repr(first.optimizer)
    assert steps(other, 11 - stop) == steps(first, 11 - stop)
    assert repr(other.optimizer) == repr(first.optimizer)


@every_schedule
def test_last_epoch_resumes_too(schedule):
    first = schedule(optimizer(optim, [1.0, 0.1]), **ARGUMENTS[schedule])
    for _ in range(4):
        first.step()
    other = schedule(first.optimizer, **ARGUMENTS[schedule], last_epoch=3)
    assert other.get_last_lr() == first.get_last_lr()
    assert other.last_epoch == 4


def test_initial_lr_is_kept_in_the_groups():
    sgd = optimizer(optim, [1.0, 0.1])
    scheduler = lr_scheduler.StepLR(sgd, 1)
    scheduler.step()
    assert scheduler.base_lrs == [1.0, 0.1]
    assert [group["initial_lr"] for group in sgd.param_groups] == [1.0, 0.1]


@every_schedule
def test_only_optimizers_have_schedules(schedule):
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        schedule(3, **ARGUMENTS[schedule])


def test_the_state_of_another_schedule_is_refused():
    saved = lr_scheduler.StepLR(optimizer(optim, [1.0]), 1).state_dict()
    with pytest.raises(ValueError, match=r"MultiStepLR: .* only one of the two has milestones, step_size"):
        lr_scheduler.MultiStepLR(optimizer(optim, [1.0]), [1]).load_state_dict(saved)


def test_resuming_needs_initial_lr():
    with pytest.raises(KeyError, match=r"'initial_lr' is not specified in param_groups\[0\].*last_epoch=3"):
        lr_scheduler.StepLR(optimizer(optim, [1.0]), 1, last_epoch=3)


def test_the_base_class_is_abstract():
    with pytest.raises(NotImplementedError):
        lr_scheduler.LRScheduler(optimizer(optim, [1.0]))
