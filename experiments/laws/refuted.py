"""False claims, each with a counterexample: the map and its smoothness."""

import math

import numpy as np

from experiments.laws.law import false
from experiments.laws.notation import norm, u

EPS = 2.0**-20


def _ratio(psi, w, v):
    """|Psi(w) - Psi(v)| / |w - v|."""
    return norm(psi(w).astype(np.float64) - psi(v), 2) / norm(w.astype(np.float64) - v, 2)


@false("F1", "smoothing", "64 u", w=[1.0, EPS], v=[1.0, 0.0], value=math.sqrt(2) / (1 + EPS))
def agr_does_not_raise_the_lipschitz_constant_of_the_gradient(psi, w, v):
    r"""$\|\Psi(\nabla L(w)) - \Psi(\nabla L(v))\| \le \beta \|w - v\|$ if $\nabla L$ is $\beta$-Lipschitz.

    For $L(w) = \tfrac12 \|w\|^2$, so $\nabla L(w) = w$ and $\beta = 1$: the quotient of the two is at
    most 1.

    Counterexample. $w = (1, \varepsilon)$, $v = (1, 0)$, $\varepsilon = 2^{-20}$. $\Psi(v) = 0$, as $v$
    is one-hot. $\Psi(w) = \frac{\varepsilon}{1 + \varepsilon} (1, 1)$, while $\|w - v\| = \varepsilon$.
    The quotient is $\sqrt2 / (1 + \varepsilon)$. Where the second element moves, the first moves with
    it.
    """
    return _ratio(psi, w, v), 1


@false("F2", "smoothing", "64 u", n=[4.0, 16.0, 64.0, 256.0], value=0.5)
def its_lipschitz_constant_does_not_depend_on_the_size_of_the_tensor(psi, n):
    r"""There is a constant $K$, the same for all $n$, with $\|\Psi(a) - \Psi(b)\|_2 \le K \|a - b\|_2$.

    Then the quotient would stop growing with $n$: its slope over $n$, in logarithms, would go to 0.

    Counterexample. $w = (1, \varepsilon, \dots, \varepsilon)$, $v = (1, 0, \dots, 0)$, and
    $S = 1 + (n - 1) \varepsilon$. $\Psi(v) = 0$, $\Psi(w)_1 = (n - 1) \varepsilon / S$,
    $\Psi(w)_j = \varepsilon (1 - \varepsilon / S)$, and $\|w - v\| = \varepsilon \sqrt{n - 1}$. For
    $\varepsilon \to 0$ (here $2^{-60}$) the quotient is $\sqrt{(n - 1) + 1} = \sqrt n$, the worst that
    law 39 allows: 2, 4, 8 and 16 for $n = 4, 16, 64, 256$. The first element hears of each of the
    others, and adds them up. The slope of the logarithms is $\frac12$.
    """
    quotients = []
    for size in n.astype(int):
        w = np.full(size, 2.0**-60, n.dtype)
        w[0] = 1
        quotients.append(_ratio(psi, w, np.where(w == 1, w, 0)))
    slopes = np.diff(np.log(quotients)) / np.diff(np.log(n.astype(np.float64)))
    return slopes.min(), 0


@false(
    "F3",
    "smoothing",
    "1024 u",
    w=[1.0, 1.0, 2.0**-8, 2.0**-8],
    v=[1.0, 1.0, 0.0, 0.0],
    value=math.sqrt(1 / (4 * (1 + 2.0**-8) ** 2) + (1 - 2.0**-8 / (2 + 2.0**-7)) ** 2),
)
def only_nearly_one_hot_gradients_are_stretched(psi, w, v):
    r"""$\|\Psi(w) - \Psi(v)\| \le \|w - v\|$ where no element dominates.

    Counterexample. $v = (1, 1, 0, 0)$, $w = (1, 1, h, h)$, $h = 2^{-8}$. $S$ grows from 2 to $2 + 2h$,
    so each of the first two goes from $\frac12$ to $1 - \frac1{2 + 2h}$, a rise of
    $\frac{h}{2 (1 + h)}$; the others from 0 to $h (1 - \frac{h}{2 + 2h})$. The quotient is
    $\sqrt{\frac{1}{4 (1 + h)^2} + (1 - \frac{h}{2 + 2h})^2} = 1.115$, and $\sqrt{5/4}$ for $h \to 0$.
    Zeros in the gradient (units of a ReLU that are off) suffice.
    """
    return _ratio(psi, w, v), 1


@false("F4", "smoothing", "16 u", x=[2.0, 0.0], y=[1.0, 0.5], value=1 / 6)
def the_map_is_monotone(psi, x, y):
    r"""$\langle \Psi(x) - \Psi(y), x - y \rangle \ge 0$, as the gradient of every convex function has it.

    Counterexample. $x = (2, 0)$, $y = (1, \frac12)$. $\Psi(x) = 0$, $\Psi(y) = (\frac13, \frac13)$, and
    $\langle (-\frac13, -\frac13), (1, -\frac12) \rangle = -\frac16$. The number shown is the negative
    of it, claimed to be at most 0.
    """
    return -(psi(x).astype(np.float64) - psi(y)) @ (x - y).astype(np.float64), 0


@false(
    "F5",
    "smoothing",
    "64 u",
    low=[2.0, 1.0],
    high=[3.0, 2.0],
    value=5 * math.log(5 / 4) - 3 * math.log(4 / 3),
)
def agr_descends_a_smoothed_loss(psi, low, high):
    r"""$w \mapsto \Psi(\nabla L(w))$ is the gradient of some function.

    Then its circulation, the integral along a closed path, would be 0.

    Counterexample. $L = \tfrac12 \|w\|^2$, $n = 2$, so that the field is $\frac{p q}{p + q} (1, 1)$ at
    $w = (p, q) > 0$. Go counter-clockwise round the rectangle $[2, 3] \times [1, 2]$. Along an edge
    with one coordinate fixed at $q$, $\int \frac{p q}{p + q} \, dp = q \, [p - q \log (p + q)]$; the
    four edges give $1 - \log \frac43$, $3 - 9 \log \frac54$, $-2 + 4 \log \frac54$ and
    $-2 + 4 \log \frac43$, together $3 \log \frac43 - 5 \log \frac54 = -0.2527$. The number shown is the
    negative of it. There is no loss that AGR makes smoother: what it changes is the step.
    """
    nodes, weights = np.polynomial.legendre.leggauss(12)
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    circulation = 0.0
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        a, b = np.array(a), np.array(b)
        for t, weight in zip(nodes, weights, strict=True):
            point = a + (b - a) * low.dtype.type((t + 1) / 2)
            circulation += weight / 2 * float(psi(point).astype(np.float64) @ (b - a))
    return -circulation, 0


@false("F6", "definition", "4 u", g=[3.0, 1.0], value=0.375)
def twice_is_the_same_as_once(psi, g):
    r"""$\Psi(\Psi(g)) = \Psi(g)$.

    Counterexample. $\Psi(3, 1) = (\frac34, \frac34)$, and
    $\Psi(\frac34, \frac34) = (\frac38, \frac38)$. An optimizer that regularizes a gradient that a hook
    has regularized already shrinks it again.
    """
    once = psi(g)
    return np.abs(once.astype(np.float64) - psi(once)).max(), 0


@false("F7", "definition", "4 u", a=[1.0, 0.0], b=[0.0, 1.0], value=0.5)
def the_map_is_additive(psi, a, b):
    r"""$\Psi(a + b) = \Psi(a) + \Psi(b)$: micro-batches may be regularized before they are added.

    Counterexample. $\Psi(1, 0) = \Psi(0, 1) = 0$, but $\Psi(1, 1) = (\frac12, \frac12)$. AGR belongs
    after the accumulation, and after the sum over devices.
    """
    return np.abs(psi(a + b).astype(np.float64) - psi(a) - psi(b)).max(), 0


@false("F8", "definition", "4 u", g=[1.0, 1.0], value=0.5)
def the_map_follows_a_shift(psi, g):
    r"""$\Psi(g + c) = \Psi(g) + c$.

    Counterexample. $\Psi((1, 1) + (1, 1)) = (1, 1)$, but $\Psi(1, 1) + (1, 1) = (\frac32, \frac32)$.
    """
    return np.abs(psi(g + g).astype(np.float64) - psi(g) - g).max(), 0


@false(
    "F9",
    "variance",
    "16 u",
    eps=[2.0**-7],
    value=3 / (1 + 3 * 2.0**-7) ** 2 + (1 - 2.0**-7 / (1 + 3 * 2.0**-7)) ** 2,
)
def the_variance_over_steps_falls(psi, eps):
    r"""The variance of a stochastic gradient, from step to step, is not larger after AGR than before.

    Summed over the elements; the number is the quotient of the two, claimed to be at most 1. (Over the
    elements of one gradient it does fall: law 26.)

    Counterexample. $n = 4$; the gradient is $(1, 0, 0, 0)$ or
    $(1, \varepsilon, \varepsilon, \varepsilon)$, with probability $\frac12$ each,
    $\varepsilon = 2^{-7}$. Two equally likely values at a distance $d$ have the variance $d^2 / 4$:
    before, $3 \varepsilon^2 / 4$. After, the first is 0, and the second, with $S = 1 + 3 \varepsilon$,
    is $3 \varepsilon / S$ and three times $\varepsilon (1 - \varepsilon / S)$. The quotient is
    $3 / S^2 + (1 - \varepsilon / S)^2 = 3.849$; it goes to $n$ for $\varepsilon \to 0$.
    """
    g, noise = np.array([1, 0, 0, 0], eps.dtype), np.array([0, 1, 1, 1], eps.dtype) * eps
    after = np.var([psi(g), psi(g + noise)], axis=0, dtype=np.float64).sum()
    return after / np.var([g, g + noise], axis=0, dtype=np.float64).sum(), 1


@false("F10", "training", "4 u", a=[1.0, 1.0], b=[1.0, -1.0], value=0.5)
def the_mean_of_the_result_is_the_result_of_the_mean(psi, a, b):
    r"""$\mathrm{E} \, \Psi(g) = \Psi(\mathrm{E} \, g)$: a stochastic gradient stays as unbiased as it was.

    Counterexample. $g$ is $(1, 1)$ or $(1, -1)$, with probability $\frac12$ each. Its mean is $(1, 0)$
    and $\Psi$ of that is 0; but the mean of $(\frac12, \frac12)$ and $(\frac12, -\frac12)$ is
    $(\frac12, 0)$. This bias is what frees a noisy method from the one-hot gradients at which a
    deterministic one stands still.
    """
    mean = (psi(a).astype(np.float64) + psi(b)) / 2
    return np.abs(mean - psi((a + b) / 2)).max(), 0


@false("F11", "smoothing", "4 u", x=[1.0, 1.0], y=[0.75, 1.5], value=math.sqrt(0.25**2 + 0.5**2))
def different_gradients_have_different_images(psi, x, y):
    r"""$\Psi$ is injective, and stably so: $\|x - y\| \le 10^6 \, \|\Psi(x) - \Psi(y)\|$.

    Counterexample. $n = 2$: $\Psi(1, 1) = (\frac12, \frac12)$, and
    $\Psi(\frac34, \frac32) = (\frac12, \frac12)$, for $1 / \frac34 + 1 / \frac32 = 2 = 1 + 1$ (law 32).
    But $\|x - y\| = \sqrt{5} / 4 = 0.559$. With three elements that are not zero there is an inverse,
    at least nearby (law 55).
    """
    return norm(x.astype(np.float64) - y, 2), 1e6 * norm(psi(x).astype(np.float64) - psi(y), 2)


@false("F12", "learning rate", "16 u", g=[3.0, 1.0], value=0.5)
def smaller_gradients_have_larger_shares(psi, g):
    r"""$\alpha$ is larger where the gradient is smaller (so a review of the paper has it).

    The number is $\alpha_1 - \alpha_2$ with $|g_1| > |g_2|$, claimed to be at most 0.

    Counterexample. $g = (3, 1)$: $\alpha = (\frac34, \frac14)$. It is the effective learning rate,
    $\eta (1 - \alpha)$, that is larger where the gradient is smaller.
    """
    alpha = 1 - psi(g).astype(np.float64) / g
    return alpha[0] - alpha[1], 0


@false("F13", "definition", "4 u", g=[1.0, 0.5, 0.5], value=1.0)
def the_three_lines_of_code_have_a_small_relative_error(psi, g):
    r"""Computed as written, $g - g |g| / S$ has a relative error of a few $u$ in every element.

    Counterexample. $g = (1, u/2, u/2)$, where $u$ is half the distance from 1 to the next number. The
    sum $1 + u$ lies in the middle between two numbers and rounds to 1; so $\alpha_1 = 1$ and the result
    is 0, but $\Psi_1 = u / (1 + u)$: an error of 100 %. Its error is small relative to $g_i$ alone.
    `optim.agr` computes $g R / S$ for the largest element (law 1).
    """
    g = (g * np.array([1, u(g), u(g)])).astype(g.dtype)
    written = g - g * (np.abs(g) / np.abs(g).sum())
    truth = u(g) / (1 + u(g))
    return abs(float(written[0]) - truth) / truth, 1000 * u(g)
