"""False claims, each with a counterexample: where training ends."""

import numpy as np

from experiments.laws.law import false
from experiments.laws.notation import norm
from experiments.laws.play import play


@false("F14", "training", "1e-5", w=[2.0, 1.0], value=1.0)
def gradient_descent_with_agr_reaches_the_minimum(agr, w):
    r"""On $\tfrac12 \|w\|^2$ descent with $\eta = \frac12$ comes as near to the minimum as without AGR.

    The number is $\|w\|$ after 100 steps; the bound is a thousandth of the start's.

    Counterexample. From $(2, 1)$. The two magnitudes keep their distance (law 57): $w$ ends at
    $(1, 0)$, where the gradient is one-hot. Without AGR it is $2^{-100} w$.
    """
    path = play(agr, agr.SGD, [w], lambda _, v: v, 100, lr=0.5, agr=True)
    return norm(path[-1][0], 2), norm(w, 2) / 1000


@false("F15", "training", "exact", w=[1.0, 0.0], value=1.0)
def gradient_descent_with_agr_moves_unless_the_gradient_is_zero(agr, w):
    r"""On $\tfrac12 (w_1^2 + 10 w_2^2)$ descent moves wherever the gradient is not zero.

    The number is $w_1$ after 50 steps with $\eta = 0.1$; without AGR it is $0.9^{50}$, the bound.

    Counterexample. At $(1, 0)$ the gradient is $(1, 0)$, one-hot, and $\Psi = 0$ (law 14): it stays,
    for ever.
    """
    path = play(agr, agr.SGD, [w], _valley, 50, lr=0.1, agr=True)
    return path[-1][0][0], play(agr, agr.SGD, [w], _valley, 50, lr=0.1)[-1][0][0]


@false("F16", "training", "exact", w=[1.0, 0.0], value=1.0)
def adamw_with_agr_moves_unless_the_gradient_is_zero(agr, w):
    r"""On $\tfrac12 (w_1^2 + 10 w_2^2)$ AdamW(AGR) gets where AdamW does, thanks to its normalisation.

    The number is $w_1$ after 200 steps with $\eta = 0.01$ and no weight decay; the bound is what AdamW
    has then.

    Counterexample. At $(1, 0)$, $\Psi = 0$ in every step: $m = v = 0$, and the update $0 / \epsilon$ is
    0.
    """
    hyper = {"lr": 0.01, "weight_decay": 0.0}
    with_agr, without = (play(agr, agr.AdamW, [w], _valley, 200, agr=on, **hyper) for on in (True, False))
    return with_agr[-1][0][0], without[-1][0][0]


@false("F17", "training", "2e-3", w=[2.0, 1.0], value=1.0)
def adamw_with_agr_reaches_the_minimum_from_a_generic_start(agr, w):
    r"""On $\tfrac12 \|w\|^2$, from a start that is not one-hot, AdamW(AGR) gets where AdamW does.

    The number is $\|w\|$ after 1000 steps with $\eta = 0.01$ and no weight decay; the bound is what
    AdamW has then.

    Counterexample. From $(2, 1)$. Both elements of $\Psi$ are equal (law 33), so AdamW moves both
    alike, and the second arrives at 0 when the first is at 1. There the gradient is all but one-hot,
    and it stays for thousands of steps, until rounding or noise in the gradient frees it (F10).
    """
    hyper = {"lr": 0.01, "weight_decay": 0.0}
    with_agr, without = (
        play(agr, agr.AdamW, [w], lambda _, v: v, 1000, agr=on, **hyper) for on in (True, False)
    )
    return norm(with_agr[-1][0], 2), norm(without[-1][0], 2)


def _valley(_, weights):
    return [np.array([1.0, 10.0]) * weights[0]]
