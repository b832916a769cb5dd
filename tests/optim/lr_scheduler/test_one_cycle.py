"""The one-cycle policy against PyTorch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from optim import lr_scheduler
from tests.optim.lr_scheduler.cases import optimizer, same_path


@given(
    kind=st.sampled_from([("SGD", "momentum"), ("AdamW", "betas"), ("RMSprop", "momentum")]),
    total=st.integers(5, 24),
    start=st.floats(0.25, 0.75),
    strategy=st.sampled_from(["cos", "linear"]),
    three_phase=st.booleans(),
    factors=st.tuples(st.floats(2, 30), st.floats(2, 1e4)),
    cycle=st.booleans(),
    each=st.booleans(),
)
def test_equals_pytorch(kind, total, start, strategy, three_phase, factors, cycle, each):
    def make(m, o):
        return m.OneCycleLR(
            o,
            [0.5, 0.25] if each else 0.5,
            total_steps=total,
            pct_start=start,
            anneal_strategy=strategy,
            cycle_momentum=cycle,
            base_momentum=[0.8, 0.7] if each else 0.8,
            div_factor=factors[0],
            final_div_factor=factors[1],
            three_phase=three_phase,
        )

    same_path(make, [1.0, 1.0], total, kind[0], ("lr", kind[1]) if cycle else ("lr",))


def test_length_by_epochs():
    schedule = lr_scheduler.OneCycleLR(optimizer(optim, [1.0]), 0.5, epochs=3, steps_per_epoch=4)
    assert schedule.total_steps == 12


def test_a_rise_of_no_length():
    """A tenth of ten steps is over at step 0 (PyTorch divides by zero)."""
    schedule = lr_scheduler.OneCycleLR(optimizer(optim, [1.0]), 0.5, total_steps=10, pct_start=0.1)
    assert schedule.get_last_lr() == [0.5]


def test_it_ends():
    schedule = lr_scheduler.OneCycleLR(optimizer(optim, [1.0]), 0.5, total_steps=5)
    for _ in range(5):
        schedule.step()
    with pytest.raises(ValueError, match=r"Tried to step 6 times. The specified number of total steps is 5"):
        schedule.step()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "You must define either total_steps OR"),
        ({"epochs": 3}, "You must define either total_steps OR"),
        ({"total_steps": 0}, "Expected positive integer total_steps, but got 0"),
        ({"epochs": 1, "steps_per_epoch": 2.5}, "Expected positive integer steps_per_epoch, but got 2.5"),
        ({"total_steps": 9, "pct_start": 1.5}, "Expected float between 0 and 1 pct_start, but got 1.5"),
        (
            {"total_steps": 9, "anneal_strategy": "step"},
            "anneal_strategy must be 'cos' or 'linear', instead got 'step'",
        ),
        (
            {"total_steps": 9, "max_lr": [1.0, 1.0]},
            "max_lr needs one value for each of the 1 parameter groups, got 2",
        ),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises(ValueError, match=message):
        lr_scheduler.OneCycleLR(optimizer(optim, [1.0]), **{"max_lr": 0.5, **wrong})


def test_an_optimizer_without_momentum_cannot_cycle_it():
    class Plain(optim.SGD):
        def __init__(self, params):
            super().__init__(params)
            del self.defaults["momentum"]

    plain = Plain(optimizer(optim, [1.0]).param_groups[0]["params"])
    with pytest.raises(ValueError, match="optimizer must support momentum or beta1"):
        lr_scheduler.OneCycleLR(plain, 0.5, total_steps=5)
