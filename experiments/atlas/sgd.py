"""Momentum: is the learning rate inside the velocity, what does dampening dampen, and which Nesterov."""

from typing import Any

from experiments.atlas.convention import Array, Convention, Hyper, State, renaming

# The common terms, with the values that do nothing.
TERMS: Hyper = {
    "lr": 0.0,
    "momentum": 0.0,
    "dampening": 0.0,  # of every gradient but the first
    "nesterov": False,
    "squared_nesterov": False,  # Chainer's
    "lr_in_velocity": False,
    "l2": 0.0,  # added to the gradient, times w
    "decay": 0.0,  # w shrinks by lr times this
}

REASONS = {
    "dampening": "it dampens every gradient but the first, which no constant learning rate does",
    "lr_in_velocity": "the velocity holds the learning rates of the past, and the learning rate changes",
    "squared_nesterov": "its steps fall by momentum^3 / (1 + momentum + momentum^2) once, then by momentum",
    "nesterov": "one looks ahead and the other does not",
    "l2": "an L2 penalty passes through the velocity, a decoupled decay does not",
    "decay": "a decoupled decay does not pass through the velocity, an L2 penalty does",
    "momentum": "there is no momentum",
}


def simplest(terms: Hyper, constant_lr: bool) -> Hyper:
    """The same algorithm in a form that equal algorithms share."""
    c = {**TERMS, **terms}
    if constant_lr:
        c["lr_in_velocity"] = False  # velocities differ by the factor lr, steps do not
    if not c["momentum"]:
        c |= {"dampening": 0.0, "nesterov": False, "squared_nesterov": False, "lr_in_velocity": False}
        if not c["l2"]:
            c |= {"l2": c["decay"], "decay": 0.0}  # w - lr (g + l w), whichever it is called
    return c


def torch_sgd(
    w: Array,
    g: Array,
    s: State,
    t: int,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
) -> Array:
    """PyTorch: the first gradient enters the velocity whole."""
    g = g + weight_decay * w
    if momentum:
        s["b"] = momentum * s["b"] + (g if t == 1 else (1 - dampening) * g)
        g = g + momentum * s["b"] if nesterov else s["b"]
    return w - lr * g


def optax_sgd(
    w: Array, g: Array, s: State, t: int, learning_rate: float, momentum: float, nesterov: bool
) -> Array:
    """Optax: a trace of gradients, then the learning rate."""
    s["trace"] = g + momentum * s["trace"]
    return w - learning_rate * (g + momentum * s["trace"] if nesterov else s["trace"])


def keras_sgd(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
) -> Array:
    """Keras: the learning rate goes into the velocity; the decay is decoupled."""
    w = w - w * weight_decay * learning_rate
    s["v"] = momentum * s["v"] - learning_rate * g
    return w + (momentum * s["v"] - learning_rate * g if nesterov else s["v"])


def mlx_sgd(
    w: Array,
    g: Array,
    s: State,
    t: int,
    learning_rate: float,
    momentum: float,
    weight_decay: float,
    dampening: float,
    nesterov: bool,
) -> Array:
    """MLX: PyTorch's, but the first gradient is dampened too."""
    g = g + weight_decay * w
    if momentum > 0:
        s["v"] = momentum * s["v"] + (1 - dampening) * g
        g = g + momentum * s["v"] if nesterov else s["v"]
    return w - learning_rate * g


def _mlx_means(h: Hyper) -> Hyper:
    share = 1 - h["dampening"] if h["momentum"] else 1.0
    return {
        "lr": h["learning_rate"] * share,  # a velocity of dampened gradients is a dampened velocity
        "momentum": h["momentum"],
        "nesterov": h["nesterov"],
        "l2": h["weight_decay"],
    }


def _mlx_spells(c: Hyper) -> Hyper:
    return {
        "learning_rate": c["lr"],
        "momentum": c["momentum"],
        "weight_decay": c["l2"],
        "dampening": 0.0,
        "nesterov": c["nesterov"],
    }


def momentum_sgd(
    w: Array, g: Array, s: State, t: int, lr: float, momentum: float, weight_decay: float
) -> Array:
    """Chainer and DeZero: v points where w goes. WeightDecay is a hook that adds to the gradient."""
    s["v"] = momentum * s["v"] - lr * (g + weight_decay * w)
    return w + s["v"]


def chainer_nesterov(
    w: Array, g: Array, s: State, t: int, lr: float, momentum: float, weight_decay: float
) -> Array:
    """Chainer: momentum^2 times the new velocity, where the paper has the old one."""
    g = g + weight_decay * w
    s["v"] = momentum * s["v"] - lr * g
    return w + momentum**2 * s["v"] - (1 + momentum) * lr * g


def _velocity(**fixed: Any) -> dict[str, Any]:
    """`means` and `spells` of the optimizers that keep lr in the velocity."""
    pair = renaming(lr="lr", momentum="momentum", weight_decay="l2")
    means = pair["means"]
    return {**pair, "means": lambda h: {**means(h), "lr_in_velocity": True, **fixed}}


_keras = renaming(learning_rate="lr", momentum="momentum", nesterov="nesterov", weight_decay="decay")
_CHAINER = "https://github.com/chainer/chainer/blob/master/chainer/optimizers"

CONVENTIONS = [
    Convention(
        name="torch.SGD",
        version="2.13.0",
        family="SGD",
        lr="lr",
        defaults={"lr": 1e-3, "momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False},
        step=torch_sgd,
        **renaming(
            lr="lr", momentum="momentum", dampening="dampening", weight_decay="l2", nesterov="nesterov"
        ),
        source="https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
        checked="run",
        remark="the first gradient is not dampened",
    ),
    Convention(
        name="optax.sgd",
        version="0.2.8",
        family="SGD",
        lr="learning_rate",
        defaults={"learning_rate": 1e-3, "momentum": 0.0, "nesterov": False},
        step=optax_sgd,
        **renaming(learning_rate="lr", momentum="momentum", nesterov="nesterov"),
        source="https://github.com/google-deepmind/optax/blob/main/optax/transforms/_accumulation.py",
        checked="run",
        remark="no dampening and no decay of its own; the learning rate has no default",
    ),
    Convention(
        name="keras.SGD",
        version="3.15.1",
        family="SGD",
        lr="learning_rate",
        defaults={"learning_rate": 0.01, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
        step=keras_sgd,
        means=lambda h: {**_keras["means"](h), "lr_in_velocity": True},
        spells=_keras["spells"],
        source="https://github.com/keras-team/keras/blob/master/keras/src/optimizers/sgd.py",
        checked="run",
        remark="learning rate inside the velocity; weight_decay is decoupled also here",
    ),
    Convention(
        name="mlx.SGD",
        version="0.32.4",
        family="SGD",
        lr="learning_rate",
        defaults={
            "learning_rate": 1e-3,
            "momentum": 0.0,
            "weight_decay": 0.0,
            "dampening": 0.0,
            "nesterov": False,
        },
        step=mlx_sgd,
        means=_mlx_means,
        spells=_mlx_spells,
        source="https://github.com/ml-explore/mlx/blob/main/python/mlx/optimizers/optimizers.py",
        checked="run",
        remark="the first gradient is dampened too, so dampening only scales the learning rate",
    ),
    Convention(
        name="chainer.MomentumSGD",
        version="0290b82",
        family="SGD",
        lr="lr",
        defaults={"lr": 0.01, "momentum": 0.9, "weight_decay": 0.0},
        step=momentum_sgd,
        **_velocity(),
        source=f"{_CHAINER}/momentum_sgd.py",
        checked="read",
        remark="weight decay is the hook WeightDecay, an L2 penalty",
    ),
    Convention(
        name="chainer.NesterovAG",
        version="0c89f4d",
        family="SGD",
        lr="lr",
        defaults={"lr": 0.01, "momentum": 0.9, "weight_decay": 0.0},
        step=chainer_nesterov,
        **_velocity(squared_nesterov=True),
        source="https://github.com/chainer/chainer/issues/4274",
        checked="read",
        remark="momentum^2 meets the new velocity; everybody else's Nesterov has the old one",
    ),
    Convention(
        name="dezero.MomentumSGD",
        version="0.0.13",
        family="SGD",
        lr="lr",
        defaults={"lr": 0.01, "momentum": 0.9, "weight_decay": 0.0},
        step=momentum_sgd,
        **_velocity(),
        source="https://github.com/oreilly-japan/deep-learning-from-scratch-3/blob/master/dezero/optimizers.py",
        checked="run",
        remark="velocities are kept by id(param), so a saved model loses them",
    ),
]
