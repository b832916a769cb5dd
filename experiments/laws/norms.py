"""Norms, identities and bounds of the regularized gradient."""

import numpy as np

from experiments.laws.domains import ANY, NONZERO, V
from experiments.laws.law import law
from experiments.laws.notation import (
    difference,
    excess,
    magnitudes,
    norm,
    others,
    power_sum,
    relative,
    shares,
    total,
    u,
    ulp,
)

# Identities are written for g / S and Psi / S, so that no power overflows.


def _relative(psi, g):
    """The gradient and the result, both divided by S, and alpha."""
    S = total(g)
    return relative(g, S), relative(psi(g), S), shares(g)


@law("16", "smoothing", "16 u S", g=V)
def the_one_norm_loses_the_concentration(psi, g):
    r"""$\|\Psi(g)\|_1 = S - \|g\|_2^2 / S = S (1 - H)$, where $H = \sum_i \alpha_i^2$.

    $H$ (Herfindahl's index) is between $1/n$, for equal magnitudes, and 1, for a one-hot gradient.

    Proof. $\sum_i x_i (1 - \alpha_i) = S \sum_i (\alpha_i - \alpha_i^2) = S (1 - H)$, and
    $H = \|g\|_2^2 / S^2$.
    """
    _, b, a = _relative(psi, g)
    return difference(norm(b, 1), power_sum(a, 1) - power_sum(a, 2)), u(g)


@law("17", "training", "16 u |g|_2^2", g=V)
def the_inner_product_with_the_gradient(psi, g):
    r"""$\langle g, \Psi(g) \rangle = \|g\|_2^2 - \|g\|_3^3 / S$.

    This is the rate at which the loss falls along $-\Psi(g)$.

    Proof. $\sum_i g_i^2 (1 - \alpha_i)$, and $g_i^2 \alpha_i = x_i^3 / S$.
    """
    unit, b, a = _relative(psi, g)
    return difference(unit @ b, power_sum(a, 2) - power_sum(a, 3)), u(g) * power_sum(a, 2)


@law("18", "smoothing", "32 u |g|_2^2", g=V)
def the_squared_two_norm(psi, g):
    r"""$\|\Psi(g)\|_2^2 = \|g\|_2^2 - 2 \|g\|_3^3 / S + \|g\|_4^4 / S^2$.

    Proof. $x_i^2 (1 - \alpha_i)^2 = x_i^2 - 2 x_i^2 \alpha_i + x_i^2 \alpha_i^2$, and
    $\alpha_i = x_i / S$.
    """
    _, b, a = _relative(psi, g)
    expected = power_sum(a, 2) - 2 * power_sum(a, 3) + power_sum(a, 4)
    return difference(b @ b, expected), u(g) * power_sum(a, 2)


@law("19", "smoothing", "16 u |g|_p", g=V)
def every_norm_shrinks_by_one_minus_the_concentration(psi, g):
    r"""$\|\Psi(g)\|_p \le (1 - H) \|g\|_p \le (1 - \tfrac1n) \|g\|_p$ for $1 \le p \le \infty$.

    This is the fair reading of "the Lipschitz constant of the loss falls": a step is shorter. The loss
    itself is what it was.

    Proof. The shares of $\Psi$ are majorised by those of $g$ (law 28), and $p$-norms are Schur-convex:
    $\|\Psi\|_p / \|\Psi\|_1 \le \|g\|_p / \|g\|_1$. Put in $\|\Psi\|_1 = (1 - H) \|g\|_1$ (law 16).
    Last, $H \ge 1/n$ by the inequality of Cauchy and Schwarz. Equality holds for equal magnitudes, so
    no better constant exists.
    """
    _, b, a = _relative(psi, g)
    H, orders = power_sum(a, 2), (1, 2, 3, 8, np.inf)
    before = np.array([norm(a, p) for p in orders])
    after = np.array([norm(b, p) for p in orders])
    between = (1 - H) * before
    bound = (1 - 1 / len(g)) * before
    return np.maximum(excess(after, between), excess(between, bound)), u(g) * before


@law("20", "training", "8 u |g|_2", g=V)
def the_two_norm_keeps_the_part_of_the_smallest_factor(psi, g):
    r"""$\|\Psi(g)\|_2 \ge (1 - \alpha_{\max}) \|g\|_2$.

    Proof. Each element keeps the part $1 - \alpha_i \ge 1 - \alpha_{\max}$. (No positive constant would
    do for all $g$: for one-hot gradients the left side is 0.)
    """
    _, b, a = _relative(psi, g)
    return excess(others(a)[a.argmax()] * norm(a, 2), norm(b, 2)), u(g) * norm(a, 2)


@law("21", "training", "16 u |g|_2^2", g=V)
def the_descent_is_between_two_bounds(psi, g):
    r"""$(1 - \alpha_{\max}) \|g\|_2^2 \le \langle g, \Psi(g) \rangle \le (1 - H) \|g\|_2^2$.

    Proof. $\langle g, \Psi \rangle / \|g\|_2^2 = 1 - \sum \alpha^3 / \sum \alpha^2$. The fraction is an
    average of the $\alpha_i$ with weights $\alpha_i^2$, so at most $\alpha_{\max}$; and since these
    weights favour large $\alpha_i$ more than the weights $\alpha_i$ do, it is at least the average with
    those, $H$ (Chebyshev's sum inequality).
    """
    unit, b, a = _relative(psi, g)
    q, product = a @ a, unit @ b
    low, high = others(a)[a.argmax()] * q, (1 - power_sum(a, 2)) * q
    return [excess(low, product), excess(product, high)], u(g) * q


@law("22", "training", "8 u |g|_2^2", g=V)
def the_squared_norm_is_at_most_the_inner_product(psi, g):
    r"""$\|\Psi(g)\|_2^2 \le \langle g, \Psi(g) \rangle$: a step is no longer than the descent pays for.

    Proof. $(1 - \alpha_i)^2 \le 1 - \alpha_i$, element by element.
    """
    unit, b, a = _relative(psi, g)
    return excess(b @ b, unit @ b), u(g) * power_sum(a, 2)


@law("23", "training", "16 u", g=NONZERO)
def the_angle_to_the_gradient_is_below_45_degrees(psi, g):
    r"""$\cos(g, \Psi(g)) \ge 1/\sqrt2$, and no larger constant would do.

    Proof. Write $M, T, F$ for the sums of $\alpha^2, \alpha^3, \alpha^4$. Squared, and after
    multiplication by the denominators, the claim is $2 (M - T)^2 \ge M (M - 2T + F)$, or
    $(M - T)^2 \ge M F - T^2$. As $\sum \alpha = 1$,
    $M - T = \sum_{i<j} \alpha_i \alpha_j (\alpha_i + \alpha_j)$. The square of a sum of non-negative
    terms is at least the sum of their squares, and
    $(\alpha_i + \alpha_j)^2 \ge (\alpha_i - \alpha_j)^2$, so
    $(M - T)^2 \ge \sum_{i<j} \alpha_i^2 \alpha_j^2 (\alpha_i - \alpha_j)^2$, which is $M F - T^2$ by
    Lagrange's identity. The bound is approached at $(1, \varepsilon)$, where $\Psi$ points to $(1, 1)$.
    """
    unit, b, a = _relative(psi, g)
    return excess(np.sqrt(0.5), unit @ b / (norm(a, 2) * norm(b, 2))), u(g)


@law("31", "learning rate", "8 u S", g=V)
def no_element_exceeds_a_quarter_of_the_sum(psi, g):
    r"""$\max_i |\Psi_i| \le S / 4$.

    Proof. $|\Psi_i| = S \alpha_i (1 - \alpha_i)$, and $t (1 - t) \le 1/4$.
    """
    return excess(magnitudes(psi(g)), total(g) / 4), u(g) * total(g)


@law("32", "learning rate", "12 ulp of Psi_i", g=ANY)
def an_element_and_the_others_are_resistors_in_parallel(psi, g):
    r"""$|\Psi_i| = \dfrac{x_i R_i}{x_i + R_i}$, or $\dfrac1{|\Psi_i|} = \dfrac1{x_i} + \dfrac1{R_i}$.

    Here $R_i$ is the sum of all other magnitudes. As $x_i$ grows, $|\Psi_i|$ grows towards $R_i$ and no
    further.

    Proof. $1 - x_i / S = R_i / S$, and $S = x_i + R_i$.
    """
    x, y = magnitudes(g), psi(g)
    R = others(x)
    S = np.where(x + R > 0, x + R, 1.0)
    larger = np.maximum(x, R)
    return difference(magnitudes(y), larger / S * np.minimum(x, R)), ulp(y)
