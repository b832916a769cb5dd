"""Order and spread within one gradient: the paper's claim about the variance, which is true."""

import numpy as np

from experiments.laws.domains import ANY, NONZERO, Integers, Reals, V, Vectors
from experiments.laws.law import law
from experiments.laws.notation import difference, excess, magnitudes, shares, u, ulp, variation


@law("24", "learning rate", "8 u max|g|", g=V)
def larger_stays_larger(psi, g):
    r"""If $|g_i| \ge |g_j|$, then $|\Psi_i| \ge |\Psi_j|$.

    Proof. $|\Psi_i| - |\Psi_j| = (x_i - x_j) \bigl(1 - (x_i + x_j) / S\bigr)$, and two elements are at
    most the whole sum. A tie can only appear where these two are all there is.
    """
    y = magnitudes(psi(g))[np.argsort(magnitudes(g), kind="stable")]
    return excess(y[:-1], y[1:]), u(g) * magnitudes(g).max()


@law("25", "variance", "8 u max|g|", g=V)
def no_two_elements_move_apart(psi, g):
    r"""$|\Psi_i - \Psi_j| \le |g_i - g_j|$ for all $i, j$.

    Proof. If $g_i, g_j$ have the same sign, the factor $1 - (x_i + x_j)/S$ of law 24 is in $[0, 1]$. If
    not, the distance was $x_i + x_j$ and is now $x_i + x_j - (x_i^2 + x_j^2) / S$.
    """
    before, after = g.astype(np.float64), psi(g).astype(np.float64)
    apart = np.abs(np.subtract.outer(after, after)), np.abs(np.subtract.outer(before, before))
    return excess(*apart), u(g) * magnitudes(g).max()


@law("26", "variance", "32 u max|g|^2", g=V)
def the_variance_of_the_magnitudes_falls(psi, g):
    r"""$\operatorname{Var}_i |\Psi_i| \le \operatorname{Var}_i |g_i|$, over the elements of one gradient.

    Proof. A variance is $\frac1{2n^2} \sum_{i,j}$ of squared distances, and no distance of magnitudes
    grows (law 25, applied to $|g|$, as $|\Psi(g)| = \Psi(|g|)$).
    """
    x = magnitudes(g)
    return excess(magnitudes(psi(g)).var(), x.var()), u(g) * x.max() ** 2


@law("27", "variance", "32 u max|g|^2", g=V)
def the_variance_of_the_signed_elements_falls(psi, g):
    r"""$\operatorname{Var}_i \Psi_i \le \operatorname{Var}_i g_i$.

    Proof. As law 26, with the distances of law 25 as they are.
    """
    after, before = psi(g).astype(np.float64), g.astype(np.float64)
    return excess(after.var(), before.var()), u(g) * magnitudes(g).max() ** 2


@law("28", "variance", "32 u", g=NONZERO)
def the_shares_are_majorised(psi, g):
    r"""The $k$ largest shares of $\Psi(g)$ sum to at most the $k$ largest shares of $g$, for every $k$.

    Every measure of inequality falls with it: coefficient of variation, Gini's, Herfindahl's; entropy
    rises.

    Proof. The share of $\Psi_i$ is $\alpha_i$ times $(1 - \alpha_i) / (1 - H)$. This factor averages to
    1 over all elements, weighted by $\alpha$, and is smaller for larger $\alpha_i$; so its average over
    the $k$ largest, which stay the $k$ largest (law 24), is at most 1.
    """
    before, after = (np.cumsum(np.sort(shares(v))[::-1]) for v in (g, psi(g)))
    return excess(after, before), u(g)


@law("29", "variance", "32 u max|log x|^2", g=NONZERO)
def the_variance_of_the_logarithms_falls(psi, g):
    r"""$\operatorname{Var}_i \log |\Psi_i| \le \operatorname{Var}_i \log |g_i|$.

    Proof. For $x_i \ge x_j$,
    $\log |\Psi_i| - \log |\Psi_j| = \log (x_i / x_j) + \log \frac{1 - \alpha_i}{1 - \alpha_j}$; the
    second term is at most 0 and the sum at least 0 (law 24). So no distance of logarithms grows.
    """
    before, after = np.log(magnitudes(g)), np.log(magnitudes(psi(g)))
    scale = max(1.0, np.abs(before).max(), np.abs(after).max())
    return excess(after.var(), before.var()), u(g) * scale**2


@law("30", "variance", "16 u", g=NONZERO)
def no_share_of_the_result_exceeds_one_half(psi, g):
    r"""$\max_i |\Psi_i| \le \frac12 \|\Psi(g)\|_1$: one application ends the dominance of any one element.

    Proof. The squares of the other shares sum to at most the square of their sum, $(1 - \alpha_i)^2$,
    so that $\sum_{j \ne i} |\Psi_j| = S \sum_{j \ne i} (\alpha_j - \alpha_j^2)$ is at least
    $S \bigl((1 - \alpha_i) - (1 - \alpha_i)^2\bigr) = S \alpha_i (1 - \alpha_i) = |\Psi_i|$. Equality
    holds if two elements are all there is.
    """
    return excess(shares(psi(g)), 0.5), u(g)


@law("33", "learning rate", "8 ulp of Psi_i", g=Vectors(sizes=(2, 2), extremes=True))
def two_elements_become_equally_large(psi, g):
    r"""If $n = 2$, then $|\Psi_1| = |\Psi_2| = x_1 x_2 / S$: a tensor with two elements gets sign descent.

    Proof. The others of the first are the second, and law 32 is symmetric in the two.
    """
    y = psi(g)
    return difference(abs(y[0]), abs(y[1])), ulp(y).max()


@law("34", "learning rate", "8 ulp of g_i", g=V, i=Integers(0, 23), c=Reals(1, 100))
def an_element_that_grows_is_not_shrunk_to_less(psi, g, i, c):
    r"""If $|g_i|$ grows and the others stay, $|\Psi_i|$ does not fall.

    Proof. $\partial |\Psi_i| / \partial x_i = (1 - \alpha_i)^2 \ge 0$.
    """
    i %= len(g)
    grown = g.copy()
    grown[i] *= g.dtype.type(c)
    return excess(magnitudes(psi(g))[i], magnitudes(psi(grown))[i]), ulp(g)[i]


@law("35", "learning rate", "8 ulp of g_j", g=V, i=Integers(0, 23), c=Reals(1, 100))
def an_element_that_grows_lets_the_others_grow(psi, g, i, c):
    r"""If $|g_i|$ grows, no other $|\Psi_j|$ falls: an outlier takes the shrinking upon itself.

    Proof. $\partial |\Psi_j| / \partial x_i = \alpha_j^2 \ge 0$: the sum grows, and the share of $j$
    falls.
    """
    i %= len(g)
    grown = g.copy()
    grown[i] *= g.dtype.type(c)
    falls = excess(magnitudes(psi(g)), magnitudes(psi(grown)))
    return np.delete(falls, i), np.delete(ulp(g), i)


@law("41", "smoothing", "exact", g=Vectors(decades=(2, 2), zeros=False))
def only_zero_is_a_fixed_point(psi, g):
    r"""$\max |\Psi(g)| < \max |g|$ unless $g = 0$.

    Proof. The largest element has $\alpha_{\max} \ge 1/n > 0$, and so becomes smaller; and it stays the
    largest (law 24).
    """
    return np.float64(magnitudes(psi(g)).max() >= magnitudes(g).max()), 0


@law("42", "variance", "64 u", g=NONZERO)
def applied_again_and_again_it_makes_magnitudes_equal(psi, g):
    r"""The coefficient of variation falls with every further $\Psi(\dots \Psi(g))$.

    Proof. Each application majorises (law 28). On $m$ non-zero elements the shares converge to $1/m$,
    and with them the direction to that of $\operatorname{sign}(g)$: AGR is a step on the way from the
    gradient to its sign.
    """
    spread = []
    for _ in range(6):
        spread.append(variation(g))
        g = psi(g)
    return excess(spread[1:], spread[:-1]), u(g)


@law("54", "variance", "8 ulp of max|g|", g=ANY)
def the_range_shrinks(psi, g):
    r"""$\max_i |\Psi_i| - \min_i |\Psi_i| \le \max_i |g_i| - \min_i |g_i|$.

    Proof. Law 25 for the largest and the smallest magnitude, which law 24 lets stay so.
    """
    return excess(np.ptp(magnitudes(psi(g))), np.ptp(magnitudes(g))), ulp(g).max()
