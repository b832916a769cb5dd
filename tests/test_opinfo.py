"""PyTorch's own sample inputs: no wrong value, no wrong gradient, no crash, few refusals."""

import pytest

from tests.opinfo import OPERATIONS, WANTED, derivative_checks, differentiable, run, title


def test_every_operation_of_the_list_has_samples():
    assert {op.name for op in OPERATIONS} == WANTED


@pytest.mark.parametrize("op", OPERATIONS, ids=title)
@pytest.mark.filterwarnings("ignore")
def test_samples(op, device):
    outcome = run(op, device, most=60)
    assert not outcome.failures, "\n".join(outcome.failures[:20])
    total = outcome.passed + len(outcome.refused)
    assert len(outcome.refused) <= total / 3, "\n".join(outcome.refused[:20])
    assert outcome.passed


@pytest.mark.parametrize("op", [op for op in OPERATIONS if differentiable(op)], ids=title)
@pytest.mark.filterwarnings("ignore")
def test_first_and_second_derivatives_by_finite_differences(op, device):
    assert derivative_checks(op, device, most=3)
