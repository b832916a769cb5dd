"""Runs in the conventions of the atlas: hyper-parameters that any library may be given, and gradients."""

import numpy as np

from experiments.atlas import CONVENTIONS, replay

STEPS = 12

# By the libraries' names. Values that do nothing come often: many translations exist only then.
CHOICES = {
    "lr learning_rate alpha_of_adam": [0.01, 0.1, 0.3],
    "momentum": [0.0, 0.5, 0.9],
    "dampening": [0.0, 0.25],
    "weight_decay weight_decay_rate": [0.0, 0.01, 0.3],
    "eps epsilon": [0.0, 1e-8, 1e-3],
    "eps_root initial_scale": [0.0, 0.0, 1e-4],
    "beta1 beta_1 b1": [0.0, 0.5, 0.9],
    "beta2 beta_2 b2 b3": [0.0, 0.5, 0.99],
    "alpha rho decay": [0.5, 0.9],
    "eta": [1.0, 0.5],
    "max_grad_norm": [0.0, 0.0, 1.0],
    "nesterov centered amsgrad bias_correction correct_bias no_prox weight_decouple": [False, True],
    "eps_in_sqrt eps_inside_sqrt decoupled_decay lr_in_momentum": [False, True],
}
VALUES = {name: values for names, values in CHOICES.items() for name in names.split()}


def draw_hyper(rng, convention):
    """Random hyper-parameters by the library's names."""
    hyper = {}
    for name, default in convention.defaults.items():
        if name == "betas":
            paper = default[0] < 0.1
            betas = [rng.choice(VALUES["beta1" if i == 0 else "beta2"]) for i in range(len(default))]
            hyper[name] = tuple(float(1 - b if paper else b) for b in betas)
        elif name == convention.lr:
            hyper[name] = float(rng.choice(VALUES["lr"]))
        else:
            hyper[name] = rng.choice(VALUES[name]).item()
    if hyper.get("nesterov") and hyper.get("dampening"):
        hyper["dampening"] = 0.0
    if hyper.get("nesterov") and not hyper["momentum"]:
        hyper["nesterov"] = False
    return hyper


def start_and_gradients(rng, size=5, steps=STEPS):
    return rng.standard_normal(size), [rng.standard_normal(size) for _ in range(steps)]


def relative_difference(got, want):
    """The largest, over all steps, as a share of the largest parameter so far; infinite where one is NaN."""
    scale, worst = 0.0, 0.0
    for a, b in zip(got, want, strict=True):
        if not np.isfinite([a, b]).all():
            return np.inf
        scale = max(scale, np.abs(b).max())
        worst = max(worst, np.abs(a - b).max() / scale)
    return worst


def run(name, w, grads, hyper, schedule=None):
    return replay(CONVENTIONS[name], w, grads, hyper, schedule)
