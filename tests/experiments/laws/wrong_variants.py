"""Wrong AGR: mistakes that have been made, or easily are, each as an `Implementation` for the laws.

The first kind changes the map Psi, and with it what the optimizers do; the second changes where and when an
optimizer applies it.
"""

import math

import numpy as np

import optim
from experiments.laws import Implementation
from optim.gradient import Gradient

VARIANTS = {}


def regularized_by(change, cls):
    """An optimizer that, where `agr` is on, regularizes by `change(gradients, parameters)`."""

    class Wrong(cls):
        def gradients(self, params, group):
            given = super().gradients(params, {**group, "agr": False})
            if not group["agr"]:
                return given
            grads = [g.array if g.factor is None else g.array * g.factor for g in given]
            return [
                Gradient(np.ascontiguousarray(g, p.dtype).reshape(p.shape))
                for g, p in zip(change(grads, params), params, strict=True)
            ]

    return Wrong


def optimizers(change):
    return {name: regularized_by(change, getattr(optim, name)) for name in ("SGD", "AdamW", "Adan")}


def planted(psi):
    """A map, and the optimizers that apply it to the gradient of each tensor."""
    return Implementation(psi=psi, **optimizers(lambda grads, params: [psi(g) for g in grads]))


def wrong_psi(psi):
    """Register a wrong map."""
    VARIANTS[psi.__name__] = planted(psi)
    return psi


def wrong_place(name, **made):
    """Register optimizers that apply the right map in the wrong way."""
    VARIANTS[name] = Implementation(**made)


def safe(total):
    return total if total != 0 else 1


# ---------------------------------------------------------------------- the map


@wrong_psi
def no_absolute_value(g):
    return g * (1 - g / safe(np.abs(g).sum()))


@wrong_psi
def signed_sum(g):
    return g * (1 - np.abs(g) / safe(g.sum()))


@wrong_psi
def epsilon_in_the_sum(g):
    return g * (1 - np.abs(g) / (np.abs(g).sum() + g.dtype.type(1e-8)))


@wrong_psi
def share_squared(g):
    return g * (1 - (np.abs(g) / safe(np.abs(g).sum())) ** 2)


@wrong_psi
def shares_of_the_squares(g):
    return g * (1 - g**2 / safe((g**2).sum()))


@wrong_psi
def mean_for_sum(g):
    return g * (1 - np.abs(g) / safe(np.abs(g).sum() / max(g.size, 1)))


@wrong_psi
def two_norm_for_sum(g):
    return g * (1 - np.abs(g) / safe(np.sqrt((g**2).sum())))


@wrong_psi
def largest_for_sum(g):
    return g * (1 - np.abs(g) / safe(np.abs(g).max(initial=0)))


@wrong_psi
def applied_twice(g):
    return optim.agr(optim.agr(g))


@wrong_psi
def one_element_passed_through(g):
    return optim.agr(g) if g.size > 1 else g.copy()


@wrong_psi
def not_a_number_at_zero(g):
    return g - g * (np.abs(g) / np.abs(g).sum())


@wrong_psi
def textbook_rounding(g):
    return g - g * (np.abs(g) / safe(np.abs(g).sum()))


@wrong_psi
def product_before_quotient(g):
    return g - g * np.abs(g) / safe(np.abs(g).sum())


@wrong_psi
def keeps_the_share_in_place_of_removing_it(g):
    return g * (np.abs(g) / safe(np.abs(g).sum()))


@wrong_psi
def in_place(g):
    g[...] = optim.agr(g)
    return g


@wrong_psi
def each_row_by_its_own_sum(g):
    return optim.AGR("channel")([g], step=1)[0]


# ---------------------------------------------------------------------- its place in an optimizer


def with_one_sum(cls):
    class Wrong(cls):
        def gradients(self, params, group):
            agr = optim.AGR("global") if group["agr"] else False
            return super().gradients(params, {**group, "agr": agr})

    return Wrong


wrong_place(
    "one_sum_for_all_tensors",
    **{name: with_one_sum(getattr(optim, name)) for name in ("SGD", "AdamW", "Adan")},
)


def shares_of_the_weights(grads, params):
    return [g * (1 - np.abs(p.data) / safe(np.abs(p.data).sum())) for g, p in zip(grads, params, strict=True)]


wrong_place("shares_of_the_weights", **optimizers(shares_of_the_weights))


class PsiAfterTheMoments(optim.AdamW):
    """m and v of the raw gradient, then Psi of m."""

    def gradients(self, params, group):
        return super().gradients(params, {**group, "agr": False})

    def update_in_place(self, w, g, state, group, t, h):
        if not group["agr"]:
            super().update_in_place(w, g, state, group, t, h)
            return
        (beta1, beta2), m, v, k = group["betas"], state["exp_avg"], state["exp_avg_sq"], state["step"]
        w *= 1 - group["lr"] * group["weight_decay"]
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g**2 - v)
        w -= group["lr"] / (1 - beta1**k) * optim.agr(m) / (np.sqrt(v / (1 - beta2**k)) + group["eps"])


wrong_place("psi_after_the_moments", AdamW=PsiAfterTheMoments)


class DifferencesOfRawGradients(optim.Adan):
    """d = g_t - g_{t-1} of what came before Psi."""

    def _update_parameter(self, p, gradient, group):
        raw = p.grad.data.reshape(-1).copy()
        if group["agr"] and self.state.get(p):
            regularized = optim.agr(raw)
            last = self.state[p]["neg_pre_grad"].reshape(-1)
            last[...] = raw - self.state[p]["raw"] - regularized  # Adan adds the gradient to it
        super()._update_parameter(p, gradient, group)
        self.state[p]["raw"] = raw


wrong_place("differences_of_raw_gradients", Adan=DifferencesOfRawGradients)


class ClippedByTheRegularizedNorm(optim.Adan):
    """The coefficient from the norm of Psi(g)."""

    def _clip_coefficient(self):
        raw = [p.grad for p in self._params()]
        for p, g in zip(self._params(), raw, strict=True):
            p.grad = optim.agr(g)
        c = super()._clip_coefficient()
        for p, g in zip(self._params(), raw, strict=True):
            p.grad = g
        return c


wrong_place("clipped_by_the_regularized_norm", Adan=ClippedByTheRegularizedNorm)


def signs_lost(grads, params):
    return [np.abs(optim.agr(g)) for g in grads]


def not_in_matrices(grads, params):
    return [optim.agr(g) if g.ndim < 2 else g for g in grads]


def rescaled_to_the_old_norm(grads, params):
    changed = [optim.agr(g) for g in grads]
    norms = [math.sqrt((g**2).sum()) for g in grads]
    return [y * n / safe(math.sqrt((y**2).sum())) for y, n in zip(changed, norms, strict=True)]


for change in (signs_lost, not_in_matrices, rescaled_to_the_old_norm):
    wrong_place(change.__name__, **optimizers(change))
