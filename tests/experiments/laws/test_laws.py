"""The law book: every law on what hypothesis draws, every refuted claim on its counterexample.

The identifier of a test is the name of its law: `pytest -k signs_stay`.
"""

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
import optim
from experiments.laws import LAWS, OURS, REFUTED, Implementation
from tests.experiments.laws.strategies import strategy

DTYPES = [np.float64, np.float32]
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


@pytest.fixture(scope="module")
def agr(device):
    """What the laws are to hold for: this library, on the device of this run."""
    if device == "cpu":
        return OURS
    return Implementation(lambda g: optim.agr(mg.tensor(g, device=device)).numpy(), device=device)


@dtypes
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_law(law, dtype, agr):
    @given(**{name: strategy(domain, dtype) for name, domain in law.inputs.items()})
    def holds(**inputs):
        outcome = law.errors(agr, **inputs)
        assert outcome.holds, (
            f"law {law.number}, {law.statement}\n"
            f"An error of {outcome.error:.4g}, where {outcome.allowed:.4g} ({law.tolerance}) is allowed."
        )

    holds()


@dtypes
@pytest.mark.parametrize("claim", REFUTED.values(), ids=REFUTED)
def test_refuted(claim, dtype, agr):
    value, bound = claim.numbers(dtype, agr)
    assert value > bound, f"{claim.number} is said to be false, but it holds: {claim.statement}"
    outcome = claim.measure(dtype=dtype, implementation=agr)
    assert outcome.holds, (
        f"{claim.number}: the counterexample gives {value!r}, worked out is {claim.value!r}, "
        f"and {outcome.allowed:.4g} ({claim.tolerance}) is allowed between them"
    )
