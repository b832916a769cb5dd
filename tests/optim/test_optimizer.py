"""What holds for every optimizer: the step, parameter groups, error messages."""

from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from tests.optim.cases import (
    HYPER,
    IN_TORCH,
    OPTIMIZERS,
    Run,
    gradient_step,
    ours,
    parameter,
    runs,
    same_path,
)
from tests.optim.torch_runs import theirs

every_optimizer = pytest.mark.parametrize("cls", OPTIMIZERS)


def test_all_optimizers_are_tested():
    assert {c.__name__ for c in OPTIMIZERS} >= {"SGD", "Adam", "AdamW", "Adan", "RMSprop"}
    assert set(HYPER) == set(OPTIMIZERS)


# ---------------------------------------------------------------------- the step


@every_optimizer
@pytest.mark.parametrize("agr", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (0,)])
def test_shape_and_dtype_stay(device, cls, agr, dtype, shape):
    p = parameter(np.ones(shape), device, dtype)
    optimizer = cls([p], agr=agr)
    for g in (np.ones(shape), np.zeros(shape), np.full(shape, -2.0)):
        gradient_step(optimizer, g)
        assert (p.shape, p.dtype) == (shape, dtype)
        assert np.isfinite(p.numpy()).all()
    for name, value in optimizer.state_dict()["state"][0].items():
        if name != "step":
            assert (value.shape, value.dtype) == (shape, np.promote_types(dtype, np.float32))


@every_optimizer
@pytest.mark.parametrize("agr", [False, True])
def test_float16_is_computed_in_float32(device, cls, agr):
    """Each step rounds the weights once, to 11 bits; the moments are not rounded at all."""
    half, single = (parameter([1.0, -2.0, 3.0], device, dtype) for dtype in (np.float16, np.float32))
    optimizers = cls([half], lr=0.125, agr=agr), cls([single], lr=0.125, agr=agr)
    for step, g in enumerate([[1.0, 2.0, 4.0], [0.0, 0.0, 0.0], [-4.0, 1e-6, 1e-7]], start=1):
        for optimizer in optimizers:
            gradient_step(optimizer, np.array(g, np.float16))
        np.testing.assert_allclose(half.numpy(), single.numpy(), rtol=0, atol=step * 2.0**-11 * 4)
    assert (half.numpy() != [1.0, -2.0, 3.0]).all()


@every_optimizer
@pytest.mark.parametrize("agr", [False, True])
def test_gradients_are_not_changed(device, cls, agr):
    p = parameter(device=device)
    hyper = {"max_grad_norm": 0.1} if cls is optim.Adan else {"maximize": True}
    optimizer = cls([p], weight_decay=0.1, agr=agr, **hyper)
    gradient_step(optimizer, [3.0, -1.0])
    array = p.grad.data
    optimizer.step()
    assert p.grad.data is array
    assert p.grad.tolist() == [3.0, -1.0]


@every_optimizer
def test_a_parameter_without_gradient_is_passed_over(device, cls):
    p, q = parameter(device=device), parameter(device=device)
    optimizer = cls([p, q], weight_decay=0.5)
    gradient_step(optimizer, None, [1.0, 1.0])
    assert p.tolist() == [1.0, -2.0]
    assert q.tolist() != [1.0, -2.0]
    assert list(optimizer.state_dict()["state"]) == [1]


@every_optimizer
def test_a_transposed_parameter(device, cls):
    """The array need not be contiguous, and its gradient may lie in memory in yet another order."""
    w, g = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3) ** 2
    plain, turned = parameter(w, device), parameter(w.T.copy(), device)
    turned.data = turned.data.T
    optimizers = cls([plain]), cls([turned])
    for _ in range(3):
        plain.grad = mg.tensor(g, device=device)
        turned.grad = mg.tensor(g, device=device)
        for optimizer in optimizers:
            optimizer.step()
    assert turned.data.T.flags.c_contiguous
    np.testing.assert_array_equal(plain.numpy(), turned.numpy())


@every_optimizer
def test_backward_notices_the_changed_weights(device, cls):
    p = parameter(device=device)
    y = p * p
    gradient_step(cls([p]), [1.0, 1.0])
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward(mg.tensor(np.ones(2), device=device))


@every_optimizer
def test_a_gradient_of_another_shape_is_refused(device, cls):
    p = parameter(device=device)
    p.grad = mg.tensor(np.ones(1), device=device)
    with pytest.raises(
        RuntimeError, match=rf"{cls.__name__}: a parameter of shape \(2,\) has a gradient of shape \(1,\)"
    ):
        cls([p]).step()


def test_closure(device):
    p = parameter(device=device)
    optimizer = optim.SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        y = p * p
        y.backward(mg.tensor(np.ones(2), device=device))
        return y

    with mg.no_grad():
        loss = optimizer.step(closure)
    assert loss.tolist() == [1.0, 4.0]
    assert p.tolist() == [0.0, 0.0]


def test_step_without_closure_returns_none(device):
    assert optim.SGD([parameter(device=device)]).step() is None


def test_zero_grad(device):
    p, q = parameter(device=device), parameter(device=device)
    optimizer = optim.SGD([p, q])
    p.grad = mg.tensor(np.ones(2), device=device)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0, 0.0]
    assert q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_float32_pytorch_run_is_close(device):
    """Without names and hypothesis: the plain use, as a newcomer writes it."""
    run = Run([{}], [[np.ones((2, 2), np.float32)]], [[[np.full((2, 2), 0.5, np.float32)]]] * 3)
    for cls in IN_TORCH:
        np.testing.assert_allclose(ours(cls, run, device, lr=1e-3)[-1][0], theirs(cls, run)[-1][0], rtol=1e-6)


# ---------------------------------------------------------------------- parameter groups


@every_optimizer
@given(data=st.data())
def test_groups_are_independent_optimizers(device, cls, data):
    run = data.draw(runs(HYPER[cls], steps=5))
    together = ours(cls, run, device)
    apart = [
        ours(cls, Run([hyper], [weights], [[step[k]] for step in run.grads]), device)
        for k, (hyper, weights) in enumerate(zip(run.hypers, run.weights, strict=True))
    ]
    same_path(together, [list(chain(*parts)) for parts in zip(*apart, strict=True)], 0.0)


def test_named_parameters():
    p, q = parameter(), parameter()
    optimizer = optim.SGD([("weight", p), ("bias", q)])
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"] == [p, q]


def test_groups_given_as_dicts_are_left_alone():
    group = {"params": iter([parameter()]), "lr": 0.5}
    optimizer = optim.SGD([group], momentum=0.9)
    assert set(group) == {"params", "lr"}
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert optimizer.param_groups[0]["momentum"] == 0.9
    assert len(optimizer.param_groups[0]["params"]) == 1


def test_add_param_group(device):
    p, q = parameter(device=device), parameter(device=device)
    optimizer = optim.SGD([p], lr=1.0)
    optimizer.add_param_group({"params": q, "lr": 0.5})
    gradient_step(optimizer, [1.0, 1.0], [1.0, 1.0])
    assert p.tolist() == [0.0, -3.0]
    assert q.tolist() == [0.5, -2.5]


def test_repr():
    optimizer = optim.SGD([{"params": [parameter()]}, {"params": [parameter()], "lr": 0.5}], agr=True)
    expected = """SGD (
Parameter Group 0
    agr: True
    dampening: 0
    lr: 0.001
    maximize: False
    momentum: 0
    nesterov: False
    step: 0
    weight_decay: 0
Parameter Group 1
    agr: True
    dampening: 0
    lr: 0.5
    maximize: False
    momentum: 0
    nesterov: False
    step: 0
    weight_decay: 0
)"""
    assert repr(optimizer) == expected


shared = parameter()


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (
            parameter(),
            TypeError,
            "an iterable of Tensors or dicts, such as model.parameters.., but got Tensor",
        ),
        (3, TypeError, "but got int"),
        ([], ValueError, "optimizer got an empty parameter list"),
        ([np.ones(2)], TypeError, "optimizer can only optimize Tensors, but one of the params is ndarray"),
        ([parameter() * 2], ValueError, "can't optimize a non-leaf Tensor .this one is the result of mul"),
        ([shared, shared], ValueError, "some parameters appear more than once in a parameter group"),
        ([{"params": [shared]}, {"params": [shared]}], ValueError, "some parameters appear in more than one"),
        ([{"params": {shared}}], TypeError, "the ordering of tensors in sets will change between runs"),
        ([("a", parameter()), parameter()], ValueError, "Some param names are missing"),
        (
            [{"params": [("a", parameter())]}, {"params": [parameter()]}],
            ValueError,
            "with names, or all without",
        ),
        ([{"lr": 0.1}], KeyError, "needs the key 'params', this one has \\['lr'\\]"),
        ([{"params": [shared]}, [shared]], TypeError, "param_group must be a dict, but got list"),
        (
            [{"params": [shared], "learning_rate": 1}],
            TypeError,
            "SGD has no hyper-parameter 'learning_rate'; it has agr",
        ),
    ],
)
def test_wrong_parameters(params, error, message):
    with pytest.raises(error, match=message):
        optim.SGD(params)


@every_optimizer
@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"lr": -1}, ValueError, "Invalid learning rate: -1"),
        ({"lr": float("nan")}, ValueError, "Invalid learning rate: nan"),
        ({"lr": "0.1"}, TypeError, "lr must be a number, got str"),
        ({"lr": mg.tensor(0.1)}, TypeError, "lr must be a number, got Tensor"),
        ({"weight_decay": -0.1}, ValueError, "Invalid weight_decay value: -0.1"),
        ({"foreach": True}, TypeError, "foreach"),
    ],
)
def test_wrong_hyper_parameters(cls, wrong, error, message):
    with pytest.raises(error, match=message):
        cls([parameter()], **wrong)
    if "foreach" not in wrong:
        with pytest.raises(error, match=message):
            cls([{"params": [parameter()], **wrong}])


@pytest.mark.parametrize("cls", [optim.SGD, optim.RMSprop])
def test_wrong_momentum(cls):
    with pytest.raises(ValueError, match=r"Invalid momentum value: -0.9"):
        cls([parameter()], momentum=-0.9)


@pytest.mark.parametrize("cls", IN_TORCH)
def test_signature_is_pytorchs(cls):
    """The same parameters in the same order with the same defaults, but for those about speed; then agr."""
    import inspect

    def arguments(c):
        return {name: p.default for name, p in inspect.signature(c).parameters.items()}

    speed = {"foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay"}
    want = {k: v for k, v in arguments(getattr(torch.optim, cls.__name__)).items() if k not in speed}
    assert list(arguments(cls).items()) == [*want.items(), ("agr", False)]


def test_the_base_class_is_abstract():
    optimizer = optim.Optimizer([parameter()], {"lr": 1.0, "agr": False})
    with pytest.raises(NotImplementedError):
        gradient_step(optimizer, [1.0, 1.0])
    optimizer.state_arrays = lambda group: ()
    with pytest.raises(NotImplementedError):
        gradient_step(optimizer, [1.0, 1.0])
