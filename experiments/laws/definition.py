"""The map itself: signs, sizes, zeros, rounding."""

from fractions import Fraction

import numpy as np

from experiments.laws.domains import ANY, MODERATE, Integers, V, Vectors
from experiments.laws.law import law
from experiments.laws.notation import (
    difference,
    exact,
    excess,
    magnitudes,
    others,
    power_sum,
    shares,
    u,
    ulp,
)


@law("1", "definition", "4 ulp of Psi_i", g=ANY)
def computed_values_are_within_four_units_in_the_last_place(psi, g):
    r"""The computed $\Psi_i$ is at most 4 units in the last place from $g_i (1 - x_i / S)$.

    Proof. $S$ is summed in float64, with a relative error of a few roundings. For all elements but the
    largest, $\alpha_i \le 1/2$, so that $1 - \alpha_i \ge 1/2$ loses at most a factor 2 of the relative
    error of $\alpha_i$; the product with $g_i$ adds one rounding. For the largest element $1 - \alpha$
    could cancel, and is not formed: $g R / S$, with $R$ the sum of the others, is made of one sum, one
    division and one product, each with a small relative error.
    """
    values, truths = psi(g), exact(g)
    unit = [float(np.spacing(g.dtype.type(abs(float(truth))))) for truth in truths]
    error = [
        float(abs(Fraction(float(value)) - truth)) if np.isfinite(value) else np.inf
        for value, truth in zip(values, truths, strict=True)
    ]
    return error, unit


@law("2", "definition", "exact", g=ANY)
def signs_stay(psi, g):
    r"""No element of $\Psi(g)$ has the opposite sign of its gradient, in exact and in computed numbers.

    Proof. $\Psi_i = g_i (1 - \alpha_i)$ and $0 \le \alpha_i \le 1$. In floating point a computed $S$ is
    at least the largest $x$, since adding a non-negative number never rounds below what was there;
    hence a computed $\alpha_i$ is at most 1, and a product of two non-negative numbers has no sign to
    lose.
    """
    return excess(0, np.sign(g) * psi(g)), 0


@law("3", "learning rate", "exact", g=ANY)
def no_element_grows(psi, g):
    r"""$|\Psi_i| \le |g_i|$ for every element, in exact and in computed numbers.

    So the effective learning rate of an element, $\eta (1 - \alpha_i)$, is never above $\eta$.

    Proof. $0 \le 1 - \alpha_i \le 1$; and rounding is monotone: the product of $|g_i|$ with a number
    that is at most 1 rounds to at most $|g_i|$.
    """
    return excess(magnitudes(psi(g)), magnitudes(g)), 0


@law("4", "definition", "exact", g=ANY)
def shape_and_dtype_stay_and_the_input_is_not_changed(psi, g):
    r"""$\Psi(g)$ is a new array of the shape and dtype of $g$; also without an axis, or with a length of 0.

    Proof. The definition is elementwise but for one number, $S$; nothing in it asks for the shape, and
    nothing is written into $g$. That the program does so too is for the numbers to show.
    """
    mistakes = 0
    for view in (g, g[:, None], g[None, :, None], g[:1].reshape(()), g[:0].reshape(0, 3)):
        before = view.copy()
        result = psi(view)
        mistakes += result.shape != view.shape or result.dtype != view.dtype
        mistakes += result is view or not np.array_equal(view, before)
    return mistakes, 0


@law("12", "definition", "exact", g=ANY)
def a_zero_gradient_stays_zero_without_a_warning(psi, g):
    r"""$\Psi(0) = 0$, for tensors of any shape, with no $0/0$ on the way.

    The authors' three lines give NaN here: a layer whose output is multiplied by 0 would be lost for
    ever.

    Proof. By definition, and the only sensible one: $|\Psi(g)| \le |g|$ squeezes $\Psi(g)$ to 0 as
    $g \to 0$.
    """
    mistakes = 0
    for zero in (np.zeros_like(g), np.zeros_like(g)[:, None], np.zeros((), g.dtype)):
        try:
            with np.errstate(divide="raise", invalid="raise"):
                mistakes += not (psi(zero) == 0).all()
        except FloatingPointError:
            mistakes += 1
    return mistakes, 0


@law("13", "training", "exact", g=Vectors(sizes=(1, 1), extremes=True))
def a_single_element_becomes_zero(psi, g):
    r"""$\Psi(g) = 0$ if $n = 1$: a tensor with one element gets no gradient.

    So a scalar scale, or the bias of a layer with one output, is never trained.

    Proof. $x_1 = S$, so $\alpha_1 = 1$.
    """
    return [magnitudes(psi(view)).max() for view in (g, g.reshape(()), g.reshape(1, 1, 1))], 0


@law("14", "training", "exact", g=ANY, i=Integers(0, 23))
def a_one_hot_gradient_becomes_zero(psi, g, i):
    r"""$\Psi(g) = 0$ if only one element of $g$ is not zero.

    Proof. For that element $x_i = S$, so $\alpha_i = 1$; the others were 0 already.
    """
    return magnitudes(psi(np.where(np.arange(len(g)) == i % len(g), g, 0))), 0


@law("15", "definition", "4 n u", g=MODERATE)
def the_shares_sum_to_one(psi, g):
    r"""$\sum_i \alpha_i = 1$, where $\alpha_i = 1 - \Psi_i / g_i$ is read off from what was computed.

    Proof. $\sum_i x_i / S = S / S$; elements that are zero have $\alpha_i = 0$ and are left out.
    """
    nonzero = g != 0
    alpha = 1 - psi(g)[nonzero].astype(np.float64) / g[nonzero]
    return difference(alpha.sum(), nonzero.any()), len(g) * u(g)


@law("51", "definition", "8 u |g_i|", g=MODERATE)
def the_removed_part_is_the_share_times_the_gradient(psi, g):
    r"""$g - \Psi(g) = \alpha \circ g$: what an element gives up is its share of the sum, times itself.

    Proof. The definition, rearranged. So $\|g - \Psi(g)\|_2 = \|g\|_4^2 / S$.
    """
    removed = g.astype(np.float64) - psi(g)
    return difference(removed, shares(g) * g), u(g) * magnitudes(g)


@law("52", "training", "exact", g=V)
def nothing_but_zero_and_one_hot_gradients_vanish(psi, g):
    r"""If two or more elements of $g$ are not zero, so are the same elements of $\Psi(g)$.

    With laws 12 and 14: gradient descent with AGR stands still exactly where each tensor's gradient is
    zero or one-hot. The latter are stationary points of the method that are none of the loss.

    Proof. $\Psi_i = 0$ with $g_i \ne 0$ needs $\alpha_i = 1$, that is $x_i = S$: all others are zero.
    """
    several = power_sum((g != 0).astype(float), 1) >= 2
    return several * ((psi(g) == 0) != (g == 0)), 0


@law("53", "learning rate", "16 u |g_i|", g=V)
def at_least_half_of_the_smaller_of_an_element_and_the_others_is_left(psi, g):
    r"""$\tfrac12 \min(x_i, R_i) \le |\Psi_i| \le \min(x_i, R_i)$, where $R_i$ is the sum of the others.

    A soft clip of each element, at the sum of all the others.

    Proof. $|\Psi_i| = x_i R_i / (x_i + R_i)$ (law 32) is the smaller of the two numbers times the
    larger one's part of their sum, which is between 1/2 and 1.
    """
    x, y = magnitudes(g), magnitudes(psi(g))
    smaller = np.minimum(x, others(x))
    return np.maximum(excess(smaller / 2, y), excess(y, smaller)), ulp(g)
