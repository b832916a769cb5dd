"""RMSprop: eps inside or outside the root, where the average starts, the learning rate in the velocity."""

from typing import Any

import numpy as np

from experiments.atlas.convention import Array, Convention, Hyper, State, renaming

TERMS: Hyper = {
    "lr": 0.0,
    "alpha": 0.0,
    "eps": 0.0,  # outside the root
    "eps_root": 0.0,  # inside
    "start": 0.0,  # of the average
    "centered": False,
    "momentum": 0.0,
    "nesterov": False,
    "lr_in_velocity": False,
    "corrected": False,
    "l2": 0.0,
    "decay": 0.0,
}

REASONS = {
    "eps": "eps stands outside the root in one and inside in the other, and sqrt(v) + a is no sqrt(v + b)",
    "start": "the average of squares starts at 1 in one of them, so the first steps depend on the scale of g",
    "momentum": "one of them has no momentum",
    "centered": "one of them cannot subtract the squared mean",
    "nesterov": "one looks ahead and the other does not",
    "lr_in_velocity": "the velocity holds the learning rates of the past, and the learning rate changes",
    "corrected": "one of them corrects the bias of its averages",
    "l2": "an L2 penalty is divided by sqrt(v) like the gradient, a decoupled decay is not",
}
REASONS["eps_root"], REASONS["decay"] = REASONS["eps"], REASONS["l2"]


def simplest(terms: Hyper, constant_lr: bool) -> Hyper:
    """The same algorithm in a form that equal algorithms share."""
    c = {**TERMS, **terms}
    if not c["momentum"]:
        c |= {"nesterov": False, "lr_in_velocity": False}
    if constant_lr:
        c["lr_in_velocity"] = False  # velocities differ by the factor lr, steps do not
    return c


def _spread(g: Array, s: State, alpha: float, centered: bool, start: float = 0.0) -> Array:
    """The mean square of the gradient, or its variance."""
    s["v"] = alpha * s.get("v", start) + (1 - alpha) * g**2
    if not centered:
        return s["v"]
    s["mean"] = alpha * s["mean"] + (1 - alpha) * g
    return np.maximum(s["v"] - s["mean"] ** 2, 0)


def torch_rmsprop(
    w: Array,
    g: Array,
    s: State,
    t: int,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
) -> Array:
    """PyTorch: eps outside the root, the learning rate outside the velocity."""
    g = g + weight_decay * w
    s["b"] = momentum * s["b"] + g / (np.sqrt(_spread(g, s, alpha, centered)) + eps)
    return w - lr * s["b"]


def keras_rmsprop(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    rho: float,
    momentum: float,
    epsilon: float,
    centered: bool,
    weight_decay: float,
) -> Array:
    """Keras: epsilon inside the root, the learning rate inside the velocity."""
    w = w - w * weight_decay * learning_rate
    s["b"] = momentum * s["b"] + learning_rate * g / np.sqrt(_spread(g, s, rho, centered) + epsilon)
    return w - s["b"]


def optax_rmsprop(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    decay: float,
    eps: float,
    initial_scale: float,
    eps_in_sqrt: bool,
    centered: bool,
    momentum: float,
    nesterov: bool,
) -> Array:
    """Optax: as one likes it; the learning rate is inside the trace."""
    v = _spread(g, s, decay, centered, initial_scale)
    u = learning_rate * g / (np.sqrt(v + eps) if eps_in_sqrt else np.sqrt(v) + eps)
    s["trace"] = u + momentum * s["trace"]
    return w - (u + momentum * s["trace"] if nesterov else s["trace"])


def _optax_means(h: Hyper) -> Hyper:
    return {
        "lr": h["learning_rate"],
        "alpha": h["decay"],
        "eps_root" if h["eps_in_sqrt"] else "eps": h["eps"],
        "start": h["initial_scale"],
        "lr_in_velocity": True,
        **{name: h[name] for name in ("centered", "momentum", "nesterov")},
    }


def _optax_spells(c: Hyper) -> Hyper:
    return {
        "learning_rate": c["lr"],
        "decay": c["alpha"],
        "eps": c["eps"] or c["eps_root"],
        "eps_in_sqrt": not c["eps"],
        "initial_scale": c["start"],
        **{name: c[name] for name in ("centered", "momentum", "nesterov")},
    }


def timm_rmsprop(
    w: Array,
    g: Array,
    s: State,
    t: int,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    decoupled_decay: bool,
    lr_in_momentum: bool,
) -> Array:
    """Timm's RMSpropTF: the average starts at 1, as in TensorFlow 1."""
    if decoupled_decay:
        w = w * (1 - lr * weight_decay)
    else:
        g = g + weight_decay * w
    u = g / np.sqrt(_spread(g, s, alpha, centered, start=1.0) + eps)
    s["b"] = momentum * s["b"] + (lr * u if lr_in_momentum else u)
    return w - (s["b"] if lr_in_momentum else lr * s["b"])


def _timm_means(h: Hyper) -> Hyper:
    return {
        "eps_root": h["eps"],
        "start": 1.0,
        "lr_in_velocity": h["lr_in_momentum"],
        "decay" if h["decoupled_decay"] else "l2": h["weight_decay"],
        **{name: h[name] for name in ("lr", "alpha", "momentum", "centered")},
    }


def _timm_spells(c: Hyper) -> Hyper:
    return {
        "eps": c["eps_root"],
        "weight_decay": c["decay"] or c["l2"],
        "decoupled_decay": bool(c["decay"]),
        "lr_in_momentum": c["lr_in_velocity"],
        **{name: c[name] for name in ("lr", "alpha", "momentum", "centered")},
    }


def mlx_rmsprop(
    w: Array, g: Array, s: State, t: int, learning_rate: float, alpha: float, eps: float
) -> Array:
    """MLX: eps outside the root; no momentum."""
    return w - learning_rate * g / (np.sqrt(_spread(g, s, alpha, False)) + eps)


def chainer_rmsprop(
    w: Array, g: Array, s: State, t: int, lr: float, alpha: float, eps: float, eps_inside_sqrt: bool
) -> Array:
    """Chainer: an option says where eps stands."""
    v = _spread(g, s, alpha, False)
    return w - lr * g / (np.sqrt(v + eps) if eps_inside_sqrt else np.sqrt(v) + eps)


def _chainer_means(h: Hyper) -> Hyper:
    return {
        "lr": h["lr"],
        "alpha": h["alpha"],
        "eps_root" if h["eps_inside_sqrt"] else "eps": h["eps"],
    }


def _chainer_spells(c: Hyper) -> Hyper:
    return {
        "lr": c["lr"],
        "alpha": c["alpha"],
        "eps": c["eps"] or c["eps_root"],
        "eps_inside_sqrt": not c["eps"],
    }


_torch = {name: name for name in ("lr", "alpha", "eps", "momentum", "centered")}
_keras: dict[str, Any] = renaming(
    learning_rate="lr",
    rho="alpha",
    momentum="momentum",
    epsilon="eps_root",
    centered="centered",
    weight_decay="decay",
)

CONVENTIONS = [
    Convention(
        name="torch.RMSprop",
        version="2.13.0",
        family="RMSprop",
        lr="lr",
        defaults={
            "lr": 0.01,
            "alpha": 0.99,
            "eps": 1e-8,
            "weight_decay": 0.0,
            "momentum": 0.0,
            "centered": False,
        },
        step=torch_rmsprop,
        **renaming(**_torch, weight_decay="l2"),
        source="https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html",
        checked="run",
        remark="eps outside the root",
    ),
    Convention(
        name="keras.RMSprop",
        version="3.15.1",
        family="RMSprop",
        lr="learning_rate",
        defaults={
            "learning_rate": 0.001,
            "rho": 0.9,
            "momentum": 0.0,
            "epsilon": 1e-7,
            "centered": False,
            "weight_decay": 0.0,
        },
        step=keras_rmsprop,
        means=lambda h: {**_keras["means"](h), "lr_in_velocity": True},
        spells=_keras["spells"],
        source="https://github.com/keras-team/keras/blob/master/keras/src/optimizers/rmsprop.py",
        checked="run",
        remark="epsilon inside the root, though its docstring calls it epsilon hat",
    ),
    Convention(
        name="optax.rmsprop",
        version="0.2.8",
        family="RMSprop",
        lr="learning_rate",
        defaults={
            "learning_rate": 1e-3,
            "decay": 0.9,
            "eps": 1e-8,
            "initial_scale": 0.0,
            "eps_in_sqrt": True,
            "centered": False,
            "momentum": 0.0,
            "nesterov": False,
        },
        step=optax_rmsprop,
        means=_optax_means,
        spells=_optax_spells,
        source="https://github.com/google-deepmind/optax/issues/532",
        checked="run",
        remark="eps inside the root unless eps_in_sqrt=False",
    ),
    Convention(
        name="timm.RMSpropTF",
        version="1.0.31",
        family="RMSprop",
        lr="lr",
        defaults={
            "lr": 0.01,
            "alpha": 0.9,
            "eps": 1e-10,
            "weight_decay": 0.0,
            "momentum": 0.0,
            "centered": False,
            "decoupled_decay": False,
            "lr_in_momentum": True,
        },
        step=timm_rmsprop,
        means=_timm_means,
        spells=_timm_spells,
        source="https://github.com/huggingface/pytorch-image-models/blob/main/timm/optim/rmsprop_tf.py",
        checked="run",
        remark="the average of squares starts at 1, as in TensorFlow 1",
    ),
    Convention(
        name="mlx.RMSprop",
        version="0.32.4",
        family="RMSprop",
        lr="learning_rate",
        defaults={"learning_rate": 1e-3, "alpha": 0.99, "eps": 1e-8},
        step=mlx_rmsprop,
        **renaming(learning_rate="lr", alpha="alpha", eps="eps"),
        source="https://github.com/ml-explore/mlx/blob/main/python/mlx/optimizers/optimizers.py",
        checked="run",
        remark="eps outside the root; no momentum",
    ),
    Convention(
        name="chainer.RMSprop",
        version="0a068c9",
        family="RMSprop",
        lr="lr",
        defaults={"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "eps_inside_sqrt": False},
        step=chainer_rmsprop,
        means=_chainer_means,
        spells=_chainer_spells,
        source="https://github.com/chainer/chainer/issues/4754",
        checked="read",
        remark="eps_inside_sqrt was added for those who come from TensorFlow",
    ),
]
