"""Adam: where eps stands, whether the means are corrected, what decay is multiplied by, whose maximum."""

import math
from typing import Any

import numpy as np

from experiments.atlas.convention import Array, Convention, Hyper, State, renaming

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


def _chainer_means(h: Hyper) -> Hyper:
    names = ("beta1", "beta2", "amsgrad")
    return {
        "lr": h["eta"] * h["alpha"],
        "eps_hat": h["eps"],
        "decay_per_step": h["eta"] * h["weight_decay_rate"],
        **{name: h[name] for name in names},
    }


def _chainer_spells(c: Hyper) -> Hyper:
    return {
        "alpha": c["lr"],
        "beta1": c["beta1"],
        "beta2": c["beta2"],
        "eps": c["eps_hat"] or c["eps"],
        "eta": 1.0,
        "weight_decay_rate": c["decay_per_step"] + c["lr"] * c["decay"],
        "amsgrad": c["amsgrad"],
    }


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


def _decaying_after(terms: Hyper) -> Hyper:
    """The same with the decay after the step, which shrinks the step as well."""
    shrink = terms["lr"] * terms["decay"]
    if not 0 < shrink < 1:
        return terms
    return {**terms, "lr": terms["lr"] / (1 - shrink), "decay_after": terms["decay"] * (1 - shrink)}


def _either_eps(own: str, pair: dict[str, Any], **fixed: Any) -> dict[str, Any]:
    """For an optimizer with epsilon hat: what others call eps may mean the same (see `simplest`)."""
    means, spells = pair["means"], pair["spells"]
    return {
        "means": lambda h: {**means(h), **fixed},
        "spells": lambda c: {**spells(c), own: c["eps_hat"] or c["eps"]},
    }


_torch = {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "amsgrad": "amsgrad"}
_torch_defaults = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
_keras = _either_eps(
    "epsilon",
    renaming(
        learning_rate="lr",
        beta_1="beta1",
        beta_2="beta2",
        epsilon="eps_hat",
        amsgrad="amsgrad",
        weight_decay="decay",
    ),
)
_keras_defaults = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}
_optax = {"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "eps": "eps", "eps_root": "eps_root"}
_optax_defaults = {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "eps_root": 0.0}
_amsgrad = renaming(**_optax)
_transformers = _either_eps(
    "eps",
    renaming(
        lr="lr",
        betas=("beta1", "beta2"),
        eps="eps_hat",
        weight_decay="decay_after",
        correct_bias="corrected",
    ),
)
_addons = _either_eps(
    "epsilon",
    renaming(
        learning_rate="lr",
        beta_1="beta1",
        beta_2="beta2",
        epsilon="eps_hat",
        amsgrad="amsgrad",
        weight_decay="decay_per_step",
    ),
)
_mlx = {"learning_rate": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "bias_correction": "corrected"}
_mlx_defaults = {"learning_rate": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "bias_correction": False}
_bert = renaming(learning_rate="lr", weight_decay_rate="decay", beta_1="beta1", beta_2="beta2", epsilon="eps")
_PYTORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim"
_KERAS = "https://github.com/keras-team/keras/blob/master/keras/src/optimizers"
_OPTAX = "https://github.com/google-deepmind/optax/blob/main/optax/_src"
_MLX = "https://github.com/ml-explore/mlx/blob/main/python/mlx/optimizers/optimizers.py"


def _entry(
    name: str,
    version: str,
    lr: str,
    defaults: Hyper,
    step: Any,
    pair: dict[str, Any],
    source: str,
    checked: str = "run",
    remark: str = "",
) -> Convention:
    return Convention(
        name, version, "Adam", lr, defaults, step, **pair, source=source, checked=checked, remark=remark
    )


CONVENTIONS = [
    _entry(
        "torch.Adam",
        "2.13.0",
        "lr",
        {**_torch_defaults, "weight_decay": 0.0, "amsgrad": False},
        torch_adam,
        renaming(**_torch, weight_decay="l2"),
        f"{_PYTORCH}.Adam.html",
        remark="weight_decay is an L2 penalty; amsgrad's maximum is that of the uncorrected v",
    ),
    _entry(
        "torch.AdamW",
        "2.13.0",
        "lr",
        {**_torch_defaults, "weight_decay": 1e-2, "amsgrad": False},
        torch_adamw,
        renaming(**_torch, weight_decay="decay"),
        f"{_PYTORCH}.AdamW.html",
        remark="weight_decay is multiplied by lr, unlike in the paper",
    ),
    _entry(
        "keras.Adam",
        "3.15.1",
        "learning_rate",
        {**_keras_defaults, "weight_decay": 0.0},
        keras_adam,
        _keras,
        f"{_KERAS}/adam.py",
        remark="epsilon is added before the bias correction; weight_decay is decoupled",
    ),
    _entry(
        "keras.AdamW",
        "3.15.1",
        "learning_rate",
        {**_keras_defaults, "weight_decay": 0.004},
        keras_adam,
        _keras,
        f"{_KERAS}/adamw.py",
        remark="the same class as Adam with another default",
    ),
    _entry(
        "optax.adam",
        "0.2.8",
        "learning_rate",
        _optax_defaults,
        optax_adamw,
        renaming(**_optax),
        f"{_OPTAX}/transform.py",
        remark="eps_root is added to the corrected v, inside the root",
    ),
    _entry(
        "optax.adamw",
        "0.2.8",
        "learning_rate",
        {**_optax_defaults, "weight_decay": 1e-4},
        optax_adamw,
        renaming(**_optax, weight_decay="decay"),
        f"{_OPTAX}/alias.py",
        remark="the default weight_decay is a hundredth of PyTorch's",
    ),
    _entry(
        "optax.amsgrad",
        "0.2.8",
        "learning_rate",
        _optax_defaults,
        optax_amsgrad,
        {
            "means": lambda h: {**_amsgrad["means"](h), "amsgrad_corrected": True},
            "spells": _amsgrad["spells"],
        },
        "https://github.com/pytorch/pytorch/issues/142323",
        remark="the maximum is that of the corrected v",
    ),
    _entry(
        "mlx.Adam",
        "0.32.4",
        "learning_rate",
        _mlx_defaults,
        mlx_adamw,
        renaming(**_mlx),
        _MLX,
        remark="no bias correction unless bias_correction=True",
    ),
    _entry(
        "mlx.AdamW",
        "0.32.4",
        "learning_rate",
        {**_mlx_defaults, "weight_decay": 0.01},
        mlx_adamw,
        renaming(**_mlx, weight_decay="decay"),
        _MLX,
        remark="no bias correction unless bias_correction=True",
    ),
    _entry(
        "chainer.Adam",
        "026c01a",
        "alpha",
        {
            "alpha": 1e-3,
            "beta1": 0.9,
            "beta2": 0.999,
            "eps": 1e-8,
            "eta": 1.0,
            "weight_decay_rate": 0.0,
            "amsgrad": False,
        },
        chainer_adam,
        {"means": _chainer_means, "spells": _chainer_spells},
        "https://github.com/chainer/chainer/blob/026c01a/chainer/optimizers/adam.py",
        "read",
        "weight_decay_rate is not multiplied by alpha; eps before the correction; "
        "on a CPU this revision forgets amsgrad's maximum (see the museum)",
    ),
    _entry(
        "dezero.Adam",
        "0.0.13",
        "alpha",
        {"alpha": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
        dezero_adam,
        _either_eps(
            "eps", renaming(alpha="lr", beta1="beta1", beta2="beta2", eps="eps_hat", weight_decay="l2")
        ),
        "https://github.com/oreilly-japan/deep-learning-from-scratch-3/blob/master/dezero/optimizers.py",
        remark="eps before the correction; averages are kept by id(param)",
    ),
    _entry(
        "bert.AdamWeightDecayOptimizer",
        "02102db",
        "learning_rate",
        {
            "learning_rate": 1e-3,
            "weight_decay_rate": 0.0,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-6,
        },
        bert_adamw,
        {**_bert, "means": lambda h: {**_bert["means"](h), "corrected": False}},
        "https://github.com/google-research/bert/blob/master/optimization.py",
        "read",
        "no bias correction at all",
    ),
    _entry(
        "transformers.AdamW",
        "ad1fc96",
        "lr",
        {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-6, "weight_decay": 0.0, "correct_bias": True},
        transformers_adamw,
        {**_transformers, "spells": lambda c: _transformers["spells"](_decaying_after(c))},
        "https://github.com/huggingface/transformers/blob/ad1fc96/src/transformers/optimization.py",
        "read",
        "w decays after the step; eps before the correction",
    ),
    _entry(
        "tensorflow_addons.AdamW",
        "077924c",
        "learning_rate",
        {"weight_decay": 0.0, **_keras_defaults},
        addons_adamw,
        {
            **_addons,
            "spells": lambda c: {
                **_addons["spells"](c),
                "weight_decay": c["decay_per_step"] + c["lr"] * c["decay"],
            },
        },
        "https://github.com/tensorflow/addons/issues/2282",
        "read",
        "weight_decay is not multiplied by the learning rate and has no default",
    ),
]
