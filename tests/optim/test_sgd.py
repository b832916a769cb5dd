"""SGD against PyTorch."""

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
import optim
from tests.optim.cases import ours, runs, same_path, sgd
from tests.optim.torch_runs import theirs


@given(run=runs(sgd()))
def test_equals_pytorch(device, run):
    same_path(ours(optim.SGD, run, device), theirs(optim.SGD, run), 1e-12)


@given(run=runs(sgd(), dtype=np.float32, missing=False))
def test_float32_equals_pytorch(device, run):
    # At most 12 roundings a step on values that momentum 0.99 and 10 steps let grow to 10 gradients.
    scale = max(np.abs(g).max(initial=0.0) for step in run.grads for group in step for g in group)
    lr = max(hyper["lr"] for hyper in run.hypers)
    tolerance = 10 * 12 * 2.0**-24 * max(1.0, 100 * lr * scale)
    for mine, other in zip(ours(optim.SGD, run, device)[-1], theirs(optim.SGD, run)[-1], strict=True):
        np.testing.assert_allclose(
            mine, other, rtol=0, atol=tolerance * max(1.0, np.abs(other).max(initial=0.0))
        )


def test_first_step_is_not_dampened(device):
    w = mg.tensor(np.array([1.0]), device=device, requires_grad=True)
    w.grad = mg.tensor(np.array([1.0]), device=device)
    sgd = optim.SGD([w], lr=1.0, momentum=0.5, dampening=0.5)
    sgd.step()
    assert w.tolist() == [0.0]
    sgd.step()
    assert w.tolist() == [-1.0]


@pytest.mark.parametrize("wrong", [{"momentum": 0}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_undamped_momentum(wrong):
    with pytest.raises(ValueError, match="Nesterov momentum requires a momentum and zero dampening"):
        optim.SGD([mg.tensor([1.0], requires_grad=True)], lr=0.1, nesterov=True, **wrong)
