"""Adan, taken apart, and what has gone wrong with each part."""

import numpy as np

import optim
from tests.museum.exhibit import FOLKLORE, exhibit

DEFINITION = "test_adan.test_equals_its_definition"


class Parts(optim.Adan):
    """Adan in parts, each right."""

    update_in_place = optim.Optimizer.update_in_place

    def update(self, w, g, state, group):
        t, betas, lr, decay = group["step"], group["betas"], group["lr"], group["weight_decay"]
        d = self.difference(g, state)
        ahead = self.weight_of_the_difference(betas)
        m, v, n = self.averages(g, d, ahead, state, betas)
        u = self.numerator(m, v, ahead, betas, t) / (np.sqrt(n / (1 - betas[2] ** t)) + group["eps"])
        if group["no_prox"]:
            w *= 1 - lr * decay
            w -= lr * u
        else:
            w -= lr * u
            w /= 1 + lr * decay
        state["neg_pre_grad"][:] = -g

    def difference(self, g, state):
        return g + state["neg_pre_grad"] if state["step"] > 1 else 0 * g

    def weight_of_the_difference(self, betas):
        return betas[1]

    def averages(self, g, d, ahead, state, betas):
        m, v, n = (state[name] for name in ("exp_avg", "exp_avg_diff", "exp_avg_sq"))
        for average, beta, new in zip((m, v, n), betas, (g, d, (g + ahead * d) ** 2), strict=True):
            average[:] = beta * average + (1 - beta) * new
        return m, v, n

    def numerator(self, m, v, ahead, betas, t):
        return m / (1 - betas[0] ** t) + ahead * v / (1 - betas[1] ** t)


Parts.__name__ = "Adan"


@exhibit(
    Parts,
    "weight_of_the_difference",
    killed_by=DEFINITION,
    source="https://github.com/google-deepmind/optax/pull/1715",
    year=2026,
)
def the_other_beta(self, betas):
    """Optax took the paper's 1 - beta2 for betas that are decays already; the first step does not show it."""
    return 1 - betas[1]


@exhibit(
    Parts,
    "numerator",
    killed_by=DEFINITION,
    source="https://github.com/kozistr/pytorch_optimizer/pull/77",
    year=2022,
)
def difference_not_corrected(self, m, v, ahead, betas, t):
    """pytorch_optimizer forgot the bias correction of the averaged difference."""
    return m / (1 - betas[0] ** t) + ahead * v


@exhibit(
    Parts,
    "difference",
    killed_by=DEFINITION,
    source="https://github.com/NoteDance/optimizers/issues/4",
    year=2025,
)
def always_the_same_gradient(self, g, state):
    """NoteDance made the current gradient the previous one before the difference was taken."""
    return g - g


@exhibit(Parts, "difference", killed_by=DEFINITION, source=FOLKLORE, year=None)
def first_difference_is_the_gradient(self, g, state):
    """A previous gradient that starts at 0: the first step is the same, for 1 + beta2 cancels."""
    return g + state["neg_pre_grad"]


@exhibit(
    Parts,
    "difference",
    killed_by=DEFINITION,
    source="https://github.com/kozistr/pytorch_optimizer/blob/0283cf5/pytorch_optimizer/optimizer/adan.py",
    year=None,
)
def first_difference_with_the_old_sign(self, g, state):
    """pytorch_optimizer, with maximize: the previous gradient is stored before the sign is turned."""
    return g + state["neg_pre_grad"] if state["step"] > 1 else 2 * g


@exhibit(
    Parts,
    "update",
    killed_by=DEFINITION,
    source="https://github.com/lucidrains/Adan-pytorch/blob/main/adan_pytorch/adan.py",
    year=None,
)
def first_call_waits(self, w, g, state, group):
    """adan-pytorch 0.1.0: the first call decays w and remembers the gradient, but makes no step."""
    if state["step"] > 1:
        Parts.update(self, w, g, state, group)
    else:
        w /= 1 + group["lr"] * group["weight_decay"]
        state["neg_pre_grad"][:] = -g


@exhibit(Parts, "_clip_coefficient", killed_by=DEFINITION, source=FOLKLORE, year=None)
def clipped_tensor_by_tensor(self):
    """The norm of the first tensor only, in place of that of all gradients."""
    limit, p = self.param_groups[0]["max_grad_norm"], self.param_groups[0]["params"][0]
    if not limit or p.grad is None:
        return None
    return min(1.0, limit / (np.linalg.norm(p.grad.data) + self.param_groups[-1]["eps"]))
