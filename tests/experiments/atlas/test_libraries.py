"""The rules of the atlas against the libraries themselves; those that are not installed are skipped."""

import os
from unittest import mock

import numpy as np
import pytest

import minigrad as mg
import optim
from experiments.atlas import CONVENTIONS
from tests.experiments.atlas.cases import draw_hyper, relative_difference, run, start_and_gradients

READ = {name for name, convention in CONVENTIONS.items() if convention.checked == "read"}


def installed(module):
    return pytest.importorskip(module, reason=f"{module} is not installed, and no test needs it")


def with_torch_class(cls, w, grads, hyper):
    import torch

    p = torch.nn.Parameter(torch.tensor(w))
    optimizer, path = cls([p], **hyper), []
    for g in grads:
        p.grad = torch.tensor(g)
        optimizer.step()
        path.append(p.detach().numpy().copy())
    return path


def with_torch(name, w, grads, hyper):
    import torch

    return with_torch_class(getattr(torch.optim, name), w, grads, hyper)


def with_timm(name, w, grads, hyper):
    return with_torch_class(getattr(installed("timm.optim"), name), w, grads, hyper)


def with_pytorch_optimizer(name, w, grads, hyper):
    return with_torch_class(getattr(installed("pytorch_optimizer"), name), w, grads, hyper)


def with_adan_pytorch(name, w, grads, hyper):
    return with_torch_class(getattr(installed("adan_pytorch"), name), w, grads, hyper)


def with_optax(name, w, grads, hyper):
    optax, jax = installed("optax"), installed("jax")
    jax.config.update("jax_enable_x64", True)
    transform, w, path = getattr(optax, name)(**hyper), jax.numpy.asarray(w), []
    state = transform.init(w)
    for g in grads:
        updates, state = transform.update(jax.numpy.asarray(g), state, w)
        w = optax.apply_updates(w, updates)
        path.append(np.asarray(w))
    return path


def with_keras(name, w, grads, hyper):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = installed("keras")
    optimizer, path = getattr(keras.optimizers, name)(**hyper), []
    variable = keras.Variable(w, dtype="float64")
    for g in grads:
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype="float64")], [variable])
        path.append(keras.ops.convert_to_numpy(variable).copy())
    return path


def with_mlx(name, w, grads, hyper):
    mx, optimizers = installed("mlx.core"), installed("mlx.optimizers")
    mx.set_default_device(mx.cpu)
    optimizer, path = getattr(optimizers, name)(**hyper), []
    params = {"w": mx.array(w, dtype=mx.float64)}
    for g in grads:
        params = optimizer.apply_gradients({"w": mx.array(g, dtype=mx.float64)}, params)
        path.append(np.array(params["w"]))
    return path


def with_dezero(name, w, grads, hyper):
    with mock.patch.object(np, "int", int, create=True):  # DeZero 0.0.13 is older than NumPy 2
        dezero, optimizers = installed("dezero"), installed("dezero.optimizers")
    holder = dezero.Layer()
    holder.w = dezero.Parameter(w.copy())
    hyper = dict(hyper)
    decay = hyper.pop("weight_decay")
    optimizer, path = getattr(optimizers, name)(**hyper).setup(holder), []
    optimizer.add_hook(optimizers.WeightDecay(decay))
    for g in grads:
        holder.w.grad = dezero.Variable(g.copy())
        optimizer.update()
        path.append(holder.w.data.copy())
    return path


RUNNERS = {
    "torch": with_torch,
    "timm": with_timm,
    "pytorch_optimizer": with_pytorch_optimizer,
    "adan_pytorch": with_adan_pytorch,
    "optax": with_optax,
    "keras": with_keras,
    "mlx": with_mlx,
    "dezero": with_dezero,
}

# In float32 are MLX's learning rate and powers of beta, Keras's learning rate, pytorch_optimizer's norm.
TOLERANCES = {"mlx": 1e-5, "keras": 1e-6, "pytorch_optimizer": 1e-7}


@pytest.mark.parametrize("name", sorted(set(CONVENTIONS) - READ))
def test_the_rule_is_the_librarys(name):
    library, optimizer = name.split(".")
    rng = np.random.default_rng(0)
    for _ in range(10):
        hyper = draw_hyper(rng, CONVENTIONS[name])
        for eps in ("eps", "epsilon"):
            if eps in hyper:
                hyper[eps] = max(hyper[eps], 1e-8)  # without, some libraries divide 0 by 0
        w, grads = start_and_gradients(rng)
        got = RUNNERS[library](optimizer, w, grads, hyper)
        want = run(name, w, grads, hyper)
        assert relative_difference(got, want) < TOLERANCES.get(library, 1e-11), hyper


def test_defaults_are_pytorchs():
    import inspect

    import torch

    for name, convention in CONVENTIONS.items():
        if name.startswith("torch."):
            parameters = inspect.signature(getattr(torch.optim, name[6:])).parameters
            for own, value in convention.defaults.items():
                assert parameters[own].default == value, f"{name}: {own}"


@pytest.mark.parametrize("name", ["torch.SGD", "torch.Adam", "torch.AdamW", "torch.RMSprop", "sail_sg.Adan"])
def test_the_rule_is_ours(device, name):
    rng = np.random.default_rng(0)
    for _ in range(10):
        hyper = draw_hyper(rng, CONVENTIONS[name])
        w, grads = start_and_gradients(rng)
        p = mg.tensor(w, device=device, requires_grad=True)
        optimizer, path = getattr(optim, name.split(".")[1])([p], **hyper), []
        for g in grads:
            p.grad = mg.tensor(g, device=device)
            optimizer.step()
            path.append(p.detach().numpy().copy())
        with np.errstate(invalid="ignore", divide="ignore"):
            assert relative_difference(path, run(name, w, grads, hyper)) < 1e-10, hyper
