"""Descent and flow: where gradient descent goes with AGR."""

import numpy as np

from experiments.laws.domains import CLOSE, SEED, Reals, Vectors
from experiments.laws.law import law
from experiments.laws.notation import excess, magnitudes, norm, u
from experiments.laws.play import play


@law("46", "training", "32 u |A|_2 |w|_2^2", w=CLOSE, seed=SEED, part=Reals(0.05, 1.95))
def descent_on_quadratics_never_goes_up(agr, w, seed, part):
    r"""With a learning rate below $2 / \beta$ the loss $\tfrac12 w^T A w$, $\beta = \|A\|_2$, never rises.

    The same range of learning rates as for gradient descent, in every step, from everywhere.

    Proof. For every loss with a $\beta$-Lipschitz gradient $g$,
    $L(w - \eta \Psi) \le L(w) - \eta \langle g, \Psi \rangle + \tfrac12 \beta \eta^2 \|\Psi\|^2$, which
    by law 22 is at most $L(w) - \eta (1 - \tfrac12 \beta \eta) \langle g, \Psi \rangle$, and
    $\langle g, \Psi \rangle \ge 0$. If $L$ is bounded below, $\langle g, \Psi \rangle \to 0$: every
    limit point has a gradient that is zero or one-hot in each tensor.
    """
    square = np.random.default_rng(seed).standard_normal((len(w), len(w)))
    A = square @ square.T / len(w)
    path = play(agr, agr.SGD, [w], lambda _, v: [A @ v[0]], 30, lr=part / norm(A, 2), agr=True)
    losses = [v @ A @ v / 2 for (v,) in path]
    return excess(losses[1:], losses[:-1]), u(w) * norm(A, 2) * norm(w, 2) ** 2


@law("47", "training", "1e-4 max|w|", w=Vectors(sizes=(2, 8), decades=(0.7, 0.7), zeros=False))
def the_flow_stops_at_a_product_of_gaps(psi, w):
    r"""On $\tfrac12 \|w\|^2$ the flow with AGR ends at $x_{\max} \prod_{j \ne \max} (1 - x_j / x_{\max})$.

    The flow is $\dot w = -\Psi(w)$, and $x = |w(0)|$. This is what remains of the largest coordinate;
    all others go to 0. It is not the minimum unless the largest magnitude occurs twice, which for
    almost no start is so.

    Proof. From the closed form of law 56: as $t \to \infty$, $\psi \to 1 / x_{\max}$, so that
    $e^{-t} / (1 - \psi x_j) \to 0$ for $x_j < x_{\max}$; and for the largest
    $e^{-t} / (1 - \psi x_{\max}) = \prod_{j \ne \max} (1 - \psi x_j)$.
    """
    x = magnitudes(w)
    top = x.argmax()
    expected = np.zeros_like(x)
    expected[top] = x[top] * np.prod(1 - np.delete(x, top) / x[top])
    # Where the two largest nearly tie, the flow needs for ever; the limit is then nearly 0 anyway.
    gap = np.min(1 - np.delete(x, top) / x[top])
    error = np.abs(magnitudes(_flow(psi, w, time=20, steps=200)) - expected)
    return error * (gap > 1e-3), x[top]


@law("56", "training", "1e-4 max|w|", w=Vectors(sizes=(2, 8), decades=(0.7, 0.7)), time=Reals(0.1, 3))
def the_flow_has_a_closed_form(psi, w, time):
    r"""On $\tfrac12 \|w\|^2$ the flow with AGR is $|w_i(t)| = e^{-t} x_i / (1 - \psi(t) \, x_i)$.

    Here $x = |w(0)|$, and $\psi(t)$ is the solution of $\prod_j (1 - \psi x_j) = e^{-t}$ between 0 and
    $1 / x_{\max}$.

    Proof. Let $y = |w|$ and $S = \sum y$. As $\dot y_i = -y_i (1 - y_i / S)$, the reciprocals obey
    $\frac{d}{dt} \frac1{y_i} = \frac1{y_i} - \frac1S$, so
    $\frac1{y_i} = e^t \bigl(\frac1{x_i} - \psi\bigr)$ with $\dot \psi = e^{-t} / S$ and $\psi(0) = 0$.
    Last, the logarithm of $\prod_j (1 - \psi x_j)$ falls at the rate
    $\dot \psi \sum_j x_j / (1 - \psi x_j) = \dot \psi \, e^t S = 1$.
    """
    x = magnitudes(w)
    if not x.any():
        return magnitudes(_flow(psi, w, time, steps=60)), 0
    low, high = 0.0, 1 / x.max()
    for _ in range(200):  # bisection: the product falls in psi
        middle = (low + high) / 2
        low, high = (middle, high) if np.prod(1 - middle * x) > np.exp(-time) else (low, middle)
    factor = np.exp(-time) / np.maximum(1 - low * x, 1e-300)
    return np.abs(magnitudes(_flow(psi, w, time, steps=60)) - factor * x), x.max()


@law(
    "57", "training", "16 t u max|w|", w=Vectors(sizes=(2, 2), decades=(1, 1), zeros=False), lr=Reals(0.05, 1)
)
def two_coordinates_keep_their_distance(agr, w, lr):
    r"""For $n = 2$, descent on $\tfrac12 \|w\|^2$ with $\eta \le 1$ leaves $|w_1| - |w_2|$ as it is.

    Proof. Both magnitudes lose the same, $\eta x_1 x_2 / S$ (law 33), and neither is overshot, as it
    loses at most $\eta$ times itself.
    """
    steps = 40
    path = play(agr, agr.SGD, [w], lambda _, v: v, steps, lr=lr, agr=True)
    gaps = [abs(v[0]) - abs(v[1]) for (v,) in path]
    return np.abs(np.array(gaps) - gaps[0]), steps * u(w) * magnitudes(w).max()


def _flow(psi, w, time, steps):
    """Where the gradient flow of |w|^2 / 2 with AGR is after `time`, by Runge and Kutta's method."""
    h = w.dtype.type(time / steps)
    for _ in range(steps):
        a = psi(w)
        b = psi(w - h / 2 * a)
        c = psi(w - h / 2 * b)
        d = psi(w - h * c)
        w = w - h / 6 * (a + 2 * b + 2 * c + d)
    return w
