"""Adam: where eps stands, whether the means are corrected, what decay is multiplied by, whose maximum."""

import math
from typing import Any

import numpy as np

from experiments.atlas.convention import Array, Hyper, State

TERMS: Hyper = {
    "lr": 0.0,
    "beta1": 0.0,
    "beta2": 0.0,
    "eps": 0.0,  # added to the root of the corrected v
    "eps_hat": 0.0,  # added to the root of the uncorrected v
    "eps_root": 0.0,  # added to the corrected v, inside the root
    "corrected": True,
    "l2": 0.0,
    "decay": 0.0,  # w shrinks by lr times this, before the step
    "decay_after": 0.0,  # the same, after the step
    "decay_per_step": 0.0,  # w shrinks by this, whatever lr is
    "amsgrad": False,  # the maximum of the uncorrected v
    "amsgrad_corrected": False,  # the maximum of the corrected v
}

REASONS = {
    "eps": "eps is added after the bias correction of one and before that of the other: as seen by the other "
    "it would have to change by sqrt(1 - beta2^t) with every step",
    "eps_root": "one of them adds eps inside the root",
    "corrected": "one of them does not correct the bias of its averages, so its first steps differ in size",
    "l2": "the decays differ: an L2 penalty is divided by sqrt(v) like the gradient and a decoupled decay is "
    "not, and that may or may not be multiplied by a learning rate that changes",
    "amsgrad": "the maximum is taken of the corrected v in one and of the uncorrected v in the other",
}
REASONS["eps_hat"] = REASONS["eps"]
REASONS |= dict.fromkeys(("decay", "decay_after", "decay_per_step"), REASONS["l2"])
REASONS["amsgrad_corrected"] = REASONS["amsgrad"]


def simplest(terms: Hyper, constant_lr: bool) -> Hyper:
    """The same algorithm in a form that equal algorithms share."""
    c = {**TERMS, **terms}
    if not c["beta1"] and not c["beta2"]:
        c["corrected"] = True  # there is nothing to correct
    if not c["beta2"]:
        c |= {"amsgrad": c["amsgrad"] or c["amsgrad_corrected"], "amsgrad_corrected": False}
    if not c["corrected"] or not c["beta2"]:
        c |= {"eps": c["eps"] + c["eps_hat"], "eps_hat": 0.0}
    if constant_lr and c["lr"]:
        # (w - lr u) (1 - lr d) = (1 - lr d) w - lr (1 - lr d) u
        kept = 1 - c["lr"] * c["decay_after"]
        if c["decay_after"] and kept > 0:
            c |= {"lr": c["lr"] * kept, "decay": c["decay_after"] / kept, "decay_after": 0.0}
        c |= {"decay": c["decay"] + c["decay_per_step"] / c["lr"], "decay_per_step": 0.0}
    return c


def _averages(g: Array, s: State, beta1: float, beta2: float) -> tuple[Array, Array]:
    s["m"] = beta1 * s["m"] + (1 - beta1) * g
    s["v"] = beta2 * s["v"] + (1 - beta2) * g**2
    return s["m"], s["v"]


def _maximum(v: Array, s: State, amsgrad: bool) -> Array:
    if amsgrad:
        v = s["largest"] = np.maximum(s["largest"], v)
    return v


def torch_adam(
    w: Array,
    g: Array,
    s: State,
    t: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    amsgrad: bool,
) -> Array:
    """PyTorch: L2 penalty; eps after the correction; the maximum before it."""
    m, v = _averages(g + weight_decay * w, s, *betas)
    root = np.sqrt(_maximum(v, s, amsgrad) / (1 - betas[1] ** t))
    return w - lr * m / (1 - betas[0] ** t) / (root + eps)


def torch_adamw(w: Array, g: Array, s: State, t: int, lr: float, weight_decay: float, **rest: Any) -> Array:
    """PyTorch: w shrinks by lr * weight_decay first."""
    return torch_adam((1 - lr * weight_decay) * w, g, s, t, lr, weight_decay=0.0, **rest)


def keras_adam(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    amsgrad: bool,
    weight_decay: float,
) -> Array:
    """Keras: epsilon is the paper's epsilon hat, added before the correction; AdamW is the same class."""
    w = w - w * weight_decay * learning_rate
    m, v = _averages(g, s, beta_1, beta_2)
    alpha = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - alpha * m / (np.sqrt(_maximum(v, s, amsgrad)) + epsilon)


def optax_adamw(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    b1: float,
    b2: float,
    eps: float,
    eps_root: float,
    weight_decay: float = 0.0,
) -> Array:
    """Optax: an eps on either side of the root; the decay is added to the update."""
    m, v = _averages(g, s, b1, b2)
    update = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t) + eps_root) + eps)
    return w - learning_rate * (update + weight_decay * w)


def optax_amsgrad(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    b1: float,
    b2: float,
    eps: float,
    eps_root: float,
) -> Array:
    """Optax: the maximum of the corrected v."""
    m, v = _averages(g, s, b1, b2)
    largest = _maximum(v / (1 - b2**t), s, True)
    return w - learning_rate * m / (1 - b1**t) / (np.sqrt(largest + eps_root) + eps)


def mlx_adamw(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    betas: tuple[float, float],
    eps: float,
    bias_correction: bool,
    weight_decay: float = 0.0,
) -> Array:
    """MLX: no bias correction unless asked for."""
    w = w * (1 - learning_rate * weight_decay)
    m, v = _averages(g, s, *betas)
    if bias_correction:
        m, v = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    return w - learning_rate * m / (np.sqrt(v) + eps)


def chainer_adam(
    w: Array,
    g: Array,
    s: State,
    t: int,
    alpha: float,
    beta1: float,
    beta2: float,
    eps: float,
    eta: float,
    weight_decay_rate: float,
    amsgrad: bool,
) -> Array:
    """Chainer: eta times (the step with alpha + the decay without alpha), as the paper of AdamW has it."""
    m, v = _averages(g, s, beta1, beta2)
    rate = alpha * math.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - eta * (rate * m / (np.sqrt(_maximum(v, s, amsgrad)) + eps) + weight_decay_rate * w)


def dezero_adam(
    w: Array,
    g: Array,
    s: State,
    t: int,
    alpha: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> Array:
    """DeZero: epsilon hat; the hook WeightDecay is an L2 penalty."""
    m, v = _averages(g + weight_decay * w, s, beta1, beta2)
    return w - alpha * math.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps)


def bert_adamw(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    weight_decay_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Array:
    """BERT's own: no bias correction at all."""
    m, v = _averages(g, s, beta_1, beta_2)
    return w - learning_rate * (m / (np.sqrt(v) + epsilon) + weight_decay_rate * w)


def transformers_adamw(
    w: Array,
    g: Array,
    s: State,
    t: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    correct_bias: bool,
) -> Array:
    """Hugging Face: epsilon hat, and w decays after the step, the step with it."""
    m, v = _averages(g, s, *betas)
    rate = lr * math.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t) if correct_bias else lr
    return (w - rate * m / (np.sqrt(v) + eps)) * (1 - lr * weight_decay)


def addons_adamw(
    w: Array,
    g: Array,
    s: State,
    t: int,
    weight_decay: float,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    amsgrad: bool,
) -> Array:
    """TensorFlow Addons: Keras's Adam after w has shrunk by weight_decay, which lr has no part in."""
    w = w - weight_decay * w
    return keras_adam(w, g, s, t, learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=0.0)
