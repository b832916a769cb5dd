"""Adam and AdamW, taken apart, and what has gone wrong with each part."""

import numpy as np

import optim
from tests.museum.exhibit import exhibit

TRAJECTORIES = "test_adam.test_equals_pytorch"
DEFINITION = "test_adam.test_adamw_equals_its_definition"


class Parts:
    """The update of Adam in parts, each right; an exhibit replaces one of them."""

    update_in_place = optim.Optimizer.update_in_place

    def update(self, w, g, state, group):
        g = self.decay(w, g, group)
        m, v = self.averages(g, state, group)
        s = self.largest(v, state, group)
        u = self.direction(m, s, *group["betas"], group["eps"], self.count(state, group))
        self.move(w, u, group)

    def decay(self, w, g, group):
        if self.decoupled:
            w *= 1 - group["lr"] * group["weight_decay"]
            return g
        return g + group["weight_decay"] * w

    def averages(self, g, state, group):
        (b1, b2), m, v = group["betas"], state["exp_avg"], state["exp_avg_sq"]
        m[:] = b1 * m + (1 - b1) * g
        v[:] = b2 * v + (1 - b2) * g**2
        return m, v

    def largest(self, v, state, group):
        if not group["amsgrad"]:
            return v
        return np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])

    def count(self, state, group):
        return state["step"]

    def direction(self, m, s, b1, b2, eps, t):
        return m / (1 - b1**t) / (np.sqrt(s / (1 - b2**t)) + eps)

    def move(self, w, u, group):
        w -= group["lr"] * u


class Adam(Parts, optim.Adam):
    pass


class AdamW(Parts, optim.AdamW):
    pass


@exhibit(
    Adam,
    "direction",
    killed_by=TRAJECTORIES,
    source="https://github.com/pytorch/pytorch/pull/22628",
    year=2019,
)
def eps_before_the_correction(self, m, s, b1, b2, eps, t):
    """PyTorch until 2019 and nanochat until 2026: eps is corrected along with v."""
    return m * np.sqrt(1 - b2**t) / (1 - b1**t) / (np.sqrt(s) + eps)


@exhibit(
    Adam, "direction", killed_by=TRAJECTORIES, source="https://github.com/ml-explore/mlx/pull/1640", year=2024
)
def no_bias_correction(self, m, s, b1, b2, eps, t):
    """MLX's first Adam, after BERT's: the first steps are too large by a factor of 3."""
    return m / (np.sqrt(s) + eps)


@exhibit(
    Adam,
    "direction",
    killed_by=TRAJECTORIES,
    source="https://github.com/karpathy/convnetjs/pull/70",
    year=2016,
)
def correction_by_multiplication(self, m, s, b1, b2, eps, t):
    """ConvNetJS multiplied the averages by 1 - beta^t, which shrinks what has to grow."""
    return m * (1 - b1**t) / (np.sqrt(s * (1 - b2**t)) + eps)


@exhibit(
    Adam, "direction", killed_by=TRAJECTORIES, source="https://github.com/frgfm/Holocron/issues/1", year=2019
)
def correction_in_place(self, m, s, b1, b2, eps, t):
    """Holocron's RAdam corrected the stored average itself, so the correction accumulated."""
    m /= 1 - b1**t
    return m / (np.sqrt(s / (1 - b2**t)) + eps)


@exhibit(
    Adam, "direction", killed_by=TRAJECTORIES, source="https://github.com/torch/optim/pull/48", year=2015
)
def square_instead_of_root(self, m, s, b1, b2, eps, t):
    """Lua Torch divided by v^2 in place of sqrt(v)."""
    return m / (1 - b1**t) / ((s / (1 - b2**t)) ** 2 + eps)


@exhibit(
    Adam,
    "direction",
    killed_by=TRAJECTORIES,
    source="https://github.com/kozistr/pytorch_optimizer/issues/480",
    year=2026,
)
def eps_after_the_division(self, m, s, b1, b2, eps, t):
    """AdamP added eps to 1 / sqrt(v), which is infinite already where the gradient has been 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return m / (1 - b1**t) * (1 / np.sqrt(s / (1 - b2**t)) + eps)


@exhibit(
    Adam,
    "averages",
    killed_by=TRAJECTORIES,
    source="https://github.com/mila-iqia/blocks/issues/1159",
    year=2016,
)
def betas_backwards(self, g, state, group):
    """Blocks followed the first version of the paper, in which an average keeps 1 - beta."""
    (b1, b2), m, v = group["betas"], state["exp_avg"], state["exp_avg_sq"]
    m[:] = (1 - b1) * m + b1 * g
    v[:] = (1 - b2) * v + b2 * g**2
    return m, v


@exhibit(
    Adam,
    "largest",
    killed_by=TRAJECTORIES,
    source="https://github.com/chainer/chainer/blob/026c01a/chainer/optimizers/adam.py",
    year=None,
)
def amsgrad_forgets(self, v, state, group):
    """Chainer, on CPUs: the maximum is bound to a name and never stored, so amsgrad did nothing."""
    return np.maximum(state["max_exp_avg_sq"], v) if group["amsgrad"] else v


@exhibit(
    Adam,
    "largest",
    killed_by=TRAJECTORIES,
    source="https://github.com/pytorch/pytorch/issues/142323",
    year=2024,
)
def amsgrad_of_the_corrected(self, v, state, group):
    """PyTorch's documentation said so until 2024, optax does it: the maximum of the corrected v."""
    if not group["amsgrad"]:
        return v
    correction = 1 - group["betas"][1] ** state["step"]
    s = np.maximum(state["max_exp_avg_sq"], v / correction, out=state["max_exp_avg_sq"])
    return s * correction


@exhibit(
    Adam,
    "count",
    killed_by=TRAJECTORIES,
    source="https://github.com/flashlight/flashlight/issues/143",
    year=2020,
)
def count_of_all_parameters(self, state, group):
    """Flashlight and DiffSharp counted a step for every parameter, so the correction ended too soon."""
    self.steps = getattr(self, "steps", 0) + 1
    return self.steps


@exhibit(
    Adam,
    "count",
    killed_by=TRAJECTORIES,
    source="https://github.com/InfiniTensor/InfiniTrain/issues/235",
    year=2026,
)
def count_of_the_group(self, state, group):
    """InfiniTrain and DeepSpeed: a parameter whose gradient comes late is not corrected any more."""
    return group["step"]


@exhibit(
    Adam, "decay", killed_by=TRAJECTORIES, source="https://github.com/flagos-ai/FlagGems/pull/4989", year=2026
)
def adam_that_decouples(self, w, g, group):
    """FlagGems's fused Adam decayed the weights themselves, which is AdamW."""
    w *= 1 - group["lr"] * group["weight_decay"]
    return g


@exhibit(
    AdamW, "decay", killed_by=DEFINITION, source="https://github.com/nntrainer/nntrainer/pull/3527", year=2025
)
def adamw_that_is_adam(self, w, g, group):
    """nntrainer's AdamW put the decay into the gradient."""
    return g + group["weight_decay"] * w


@exhibit(
    AdamW, "decay", killed_by=DEFINITION, source="https://github.com/e-sensing/torchopt/pull/14", year=2023
)
def decay_of_everything_alike(self, w, g, group):
    """torchopt for R forgot to multiply by the parameter: all weights sink by the same amount."""
    w -= group["lr"] * group["weight_decay"]
    return g


@exhibit(
    AdamW, "decay", killed_by=DEFINITION, source="https://github.com/tensorflow/addons/issues/2282", year=2020
)
def decay_without_the_learning_rate(self, w, g, group):
    """TensorFlow Addons and Flashlight: w shrinks by weight_decay in each step, whatever lr is."""
    w *= 1 - group["weight_decay"]
    return g


@exhibit(
    AdamW,
    "move",
    killed_by=DEFINITION,
    source="https://github.com/bitsandbytes-foundation/bitsandbytes/pull/2040",
    year=2026,
)
def decay_after_the_step(self, w, u, group):
    """bitsandbytes's CUDA kernels decayed the new weights, and so the step as well."""
    w /= 1 - group["lr"] * group["weight_decay"]  # undoes what `decay` did
    w -= group["lr"] * u
    w *= 1 - group["lr"] * group["weight_decay"]


@exhibit(
    AdamW,
    "gradients",
    killed_by=DEFINITION,
    source="https://github.com/kozistr/pytorch_optimizer/pull/528",
    year=2026,
)
def maximize_negates_twice(self, params, group):
    """pytorch_optimizer's Adai turned the gradient round in two passes, so it went down after all."""
    return AdamW.gradients(self, params, {**group, "maximize": False})


@exhibit(
    AdamW,
    "gradients",
    killed_by=DEFINITION,
    source="https://github.com/hjiang24/AGR-method",
    year=2024,
)
def agr_of_a_zero_gradient(self, params, group):
    """The official AGR divides 0 by 0 for a layer that got no gradient, and its weights become NaN."""
    gradients = AdamW.gradients(self, params, {**group, "agr": False})
    if group["agr"]:
        for gradient in gradients:
            with np.errstate(invalid="ignore"):
                g = gradient.array
                gradient.array = g - g * (np.abs(g) / np.abs(g).sum())
    return gradients


@exhibit(
    AdamW,
    "gradients",
    killed_by="test_optimizer.test_gradients_are_not_changed",
    source="https://github.com/hjiang24/AGR-method",
    year=2024,
)
def agr_in_the_gradient(self, params, group):
    """The official AGR writes into p.grad: a second step without a new gradient applies it twice."""
    gradients = AdamW.gradients(self, params, group)
    for p, gradient in zip(params, gradients, strict=True):
        p.grad.data[...] = gradient.piece(slice(None), np.empty(p.shape))
    return gradients
