"""SGD and RMSprop as they were once written."""

import numpy as np

import optim
from tests.museum.exhibit import FOLKLORE, exhibit

SGD = "test_sgd.test_equals_pytorch"
RMSPROP = "test_rmsprop.test_equals_pytorch"


def velocity(g, state, group):
    """The right one."""
    if not group["momentum"]:
        return g
    b, share = state["momentum_buffer"], 1 if state["step"] == 1 else 1 - group["dampening"]
    b[:] = group["momentum"] * b + share * g
    return g + group["momentum"] * b if group["nesterov"] else b


class Parts(optim.SGD):
    """SGD in parts, each right."""

    update_in_place = optim.Optimizer.update_in_place

    def update(self, w, g, state, group):
        g = self.decay(w, g, group)
        w -= group["lr"] * self.velocity(g, state, group)

    def decay(self, w, g, group):
        return g + group["weight_decay"] * w

    def velocity(self, g, state, group):
        return velocity(g, state, group)


Parts.__name__ = "SGD"


@exhibit(Parts, "decay", killed_by=SGD, source="https://github.com/chainer/chainer/issues/261", year=2015)
def decay_that_grows(self, w, g, group):
    """Chainer subtracted the decay from the gradient, so weights grew; nobody had noticed."""
    return g - group["weight_decay"] * w


@exhibit(Parts, "decay", killed_by=SGD, source="https://github.com/ml-explore/mlx/pull/473", year=2024)
def decay_needs_momentum(self, w, g, group):
    """MLX forgot the weight decay where there was no momentum."""
    return g + group["weight_decay"] * w if group["momentum"] else g


@exhibit(
    Parts,
    "decay",
    killed_by="test_optimizer.test_gradients_are_not_changed",
    source="https://github.com/pytorch/pytorch/issues/12218",
    year=2018,
)
def decay_in_the_gradient(self, w, g, group):
    """PyTorch and, in 2026, MLX added the decay to p.grad itself."""
    p = group["params"][0]
    p.grad.data += group["weight_decay"] * p.data
    return g


@exhibit(Parts, "velocity", killed_by=SGD, source="https://github.com/ml-explore/mlx/pull/473", year=2024)
def first_gradient_dampened(self, g, state, group):
    """MLX dampens also the first gradient, which enters PyTorch's velocity whole."""
    return velocity(g, {**state, "step": 2}, group)


@exhibit(
    Parts,
    "velocity",
    killed_by=SGD,
    source="https://github.com/kozistr/pytorch_optimizer/pull/516",
    year=2026,
)
def velocity_starts_anew(self, g, state, group):
    """pytorch_optimizer's SignSGD set its velocity to 0 at the start of every step."""
    if group["momentum"]:
        state["momentum_buffer"][:] = 0
    return velocity(g, state, group)


@exhibit(
    Parts,
    "velocity",
    killed_by=SGD,
    source="https://github.com/PaddlePaddle/Paddle/pull/12231",
    year=2018,
)
def nesterov_with_the_wrong_sign(self, g, state, group):
    """Paddle: w - lr g + lr mu v, which brakes where it should look ahead."""
    ahead = velocity(g, state, group)
    return g - group["momentum"] * state["momentum_buffer"] if group["nesterov"] else ahead


@exhibit(Parts, "velocity", killed_by=SGD, source="https://github.com/chainer/chainer/issues/4274", year=2018)
def nesterov_squared(self, g, state, group):
    """Chainer multiplies momentum^2 by the new velocity, the paper by the old one."""
    ahead, mu = velocity(g, state, group), group["momentum"]
    return (1 + mu) * g + mu**2 * state["momentum_buffer"] if group["nesterov"] else ahead


@exhibit(Parts, "velocity", killed_by=SGD, source="https://github.com/zc911/MatrixSlow/pull/17", year=2022)
def first_velocity_without_lr(self, g, state, group):
    """MatrixSlow keeps lr in the velocity, but not in the first one: a first step of the whole gradient."""
    if group["momentum"] and state["step"] == 1:
        return velocity(g / group["lr"], state, group)
    return velocity(g, state, group)


@exhibit(Parts, "velocity", killed_by=SGD, source=FOLKLORE, year=None)
def momentum_as_an_average(self, g, state, group):
    """mu v + (1 - mu) g: the velocity of Adam's m, and a learning rate that is 1 / (1 - mu) too small."""
    return velocity(g, state, {**group, "dampening": group["momentum"]})


@exhibit(
    optim.RMSprop,
    "update",
    killed_by=RMSPROP,
    source="https://github.com/pytorch/pytorch/issues/23796",
    year=2019,
)
def eps_inside_the_root(self, w, g, state, group):
    """TensorFlow's RMSprop, where eps = 1 is used: networks that train with one do not with the other."""
    _rmsprop(w, g, state, group, lambda variance: np.sqrt(np.maximum(variance, 0) + group["eps"]))


@exhibit(
    optim.RMSprop,
    "update",
    killed_by="test_in_place.test_a_variance_that_rounding_makes_negative_counts_as_zero",
    source="https://github.com/apache/mxnet/pull/6235",
    year=2017,
)
def root_of_a_negative_variance(self, w, g, state, group):
    """MXNet's centred RMSprop: for a constant gradient rounding makes v - mean^2 negative, and w NaN."""
    with np.errstate(invalid="ignore"):
        _rmsprop(w, g, state, group, lambda variance: np.sqrt(variance) + group["eps"])


def _rmsprop(w, g, state, group, root):
    g, alpha, v = g + group["weight_decay"] * w, group["alpha"], state["square_avg"]
    v[:] = alpha * v + (1 - alpha) * g**2
    variance = v
    if group["centered"]:
        mean = state["grad_avg"]
        mean[:] = alpha * mean + (1 - alpha) * g
        variance = v - mean**2
    u = g / root(variance)
    if group["momentum"]:
        u = state["momentum_buffer"] = np.add(
            group["momentum"] * state["momentum_buffer"], u, out=state["momentum_buffer"]
        )
    w -= group["lr"] * u
