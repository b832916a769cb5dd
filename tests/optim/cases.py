"""Random optimization runs, which the tests play with minigrad, with PyTorch and with plain references.

A run is a list of parameter groups (hyper-parameters and weights) and, for every step, one gradient for each
parameter: of changing scale, sometimes zero, one-hot or missing.
"""

import inspect
from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import minigrad as mg
import optim

# Every optimizer that the package exports, found by looking.
OPTIMIZERS = sorted(
    (
        c
        for c in vars(optim).values()
        if inspect.isclass(c) and issubclass(c, optim.Optimizer) and c is not optim.Optimizer
    ),
    key=lambda c: c.__name__,
)
IN_TORCH = [c for c in OPTIMIZERS if c is not optim.Adan]

SHAPES = [(), (1,), (2,), (5,), (1, 1), (3, 4), (2, 3, 2, 2), (0, 3)]

# At least 200 configurations, as the acceptance asks, and more if the profile says so.
at_least_200 = settings(max_examples=max(200, settings.default.max_examples))

rates = st.sampled_from([1e-4, 1e-3, 1e-2, 0.1])
decays = st.sampled_from([0.0, 0.5, 0.9, 0.99])
weight_decays = st.sampled_from([0, 0.0, 1e-2, 0.1])
epsilons = st.sampled_from([1e-8, 1e-6, 1e-2])
flags = st.booleans()


@st.composite
def sgd(draw):
    momentum = draw(decays)
    nesterov = momentum > 0 and draw(flags)
    return {
        "lr": draw(rates),
        "momentum": momentum,
        "dampening": 0 if nesterov else draw(st.sampled_from([0, 0.25])),
        "weight_decay": draw(weight_decays),
        "nesterov": nesterov,
        "maximize": draw(flags),
    }


@st.composite
def adam(draw):
    return {
        "lr": draw(rates),
        "betas": (draw(decays), draw(decays | st.just(0.999))),
        "eps": draw(epsilons),
        "weight_decay": draw(weight_decays),
        "amsgrad": draw(flags),
        "maximize": draw(flags),
    }


@st.composite
def adan(draw):
    return {
        "lr": draw(rates),
        "betas": (draw(decays | st.just(0.98)), draw(decays | st.just(0.92)), draw(decays)),
        "eps": draw(epsilons),
        "weight_decay": draw(weight_decays),
        "no_prox": draw(flags),
    }


@st.composite
def rmsprop(draw):
    return {
        "lr": draw(rates),
        "alpha": draw(st.sampled_from([0.5, 0.9, 0.99])),
        "eps": draw(epsilons),
        "weight_decay": draw(weight_decays),
        "momentum": draw(decays),
        "centered": draw(flags),
        "maximize": draw(flags),
    }


HYPER = {
    optim.SGD: sgd(),
    optim.Adam: adam(),
    optim.AdamW: adam(),
    optim.Adan: adan(),
    optim.RMSprop: rmsprop(),
}


def parameter(value=(1.0, -2.0), device="cpu", dtype=np.float64):
    """One parameter, for tests that need no more."""
    return mg.tensor(np.array(value, dtype), device=device, requires_grad=True)


def gradient_step(optimizer, *grads):
    """One step with these gradients."""
    params = [p for group in optimizer.param_groups for p in group["params"]]
    for p, g in zip(params, grads, strict=True):
        p.grad = None if g is None else mg.tensor(np.asarray(g, p.dtype), device=p.device)
    optimizer.step()


@dataclass
class Run:
    hypers: list  # of each group
    weights: list  # of each group: a list of arrays
    grads: list  # of each step, of each group: a list of arrays or None


@st.composite
def runs(draw, hyper, steps=10, shapes=SHAPES, dtype=np.float64, missing=True):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.lists(st.lists(st.sampled_from(shapes), min_size=1, max_size=3), min_size=1, max_size=2))
    scale = draw(st.sampled_from([1e-3, 1.0, 100.0]))
    return Run(
        hypers=[draw(hyper) for _ in groups],
        weights=[[rng.standard_normal(shape).astype(dtype) for shape in group] for group in groups],
        grads=[
            [[_gradient(rng, shape, scale, missing, dtype) for shape in group] for group in groups]
            for _ in range(steps)
        ],
    )


def _gradient(rng, shape, scale, missing, dtype):
    kind = rng.choice(["noise", "zero", "one-hot", "missing"], p=[0.7, 0.1, 0.1, 0.1])
    if kind == "missing" and missing:
        return None
    g = np.asarray(rng.standard_normal(shape) * scale * rng.choice([0.1, 1.0, 3.0]))
    if kind == "zero":
        g[...] = 0
    if kind == "one-hot":
        keep = rng.integers(max(g.size, 1))
        g.reshape(-1)[np.arange(g.size) != keep] = 0
    return g.astype(dtype)


def optimizer_of(cls, run, device, **common):
    """Parameters (one list) and an optimizer of ours for a run."""
    groups = [
        {"params": [mg.tensor(w, device=device, requires_grad=True) for w in weights], **hyper}
        for weights, hyper in zip(run.weights, run.hypers, strict=True)
    ]
    return [p for group in groups for p in group["params"]], cls(groups, **common)


def play(params, optimizer, steps, make):
    """Step through the gradients; the weights after each. `make(array, p)` gives the library's gradient."""
    path = []
    for step in steps:
        for p, g in zip(params, [g for group in step for g in group], strict=True):
            p.grad = None if g is None else make(g, p)
        optimizer.step()
        path.append([np.array(p.detach().numpy()) for p in params])
    return path


def ours(cls, run, device, **common):
    params, optimizer = optimizer_of(cls, run, device, **common)
    return play(params, optimizer, run.grads, lambda g, p: mg.tensor(g, device=device))


def same_path(got, want, tolerance):
    """Assert that two paths agree, relative to the largest weight that a tensor has had so far."""
    scale = [0.0] * len(want[0])
    for step, (mine, theirs) in enumerate(zip(got, want, strict=True), start=1):
        for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            assert a.shape == b.shape
            assert np.isfinite(a).all()
            scale[i] = max(scale[i], np.abs(b).max(initial=0.0))
            error = np.abs(a - b).max(initial=0.0)
            assert error <= tolerance * scale[i], f"step {step}, parameter {i}: off by {error:.3g}\n{a}\n{b}"
