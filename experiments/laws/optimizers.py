"""AGR in AdamW and Adan: what of it gets through to the weights."""

from itertools import pairwise

import numpy as np

from experiments.laws.domains import CLOSE, SEED, Integers, Reals, Vectors
from experiments.laws.law import law
from experiments.laws.notation import difference, magnitudes, u
from experiments.laws.play import play, step, tensors

W = Vectors(sizes=(6, 6), decades=(0.3, 0.3), zeros=False)
ONE = Vectors(sizes=(1, 1), decades=(0.3, 0.3), zeros=False)


def _noise(w, seed, steps=12):
    """Three weights cut from w, and gradients for them: a matrix, one element, a vector; sometimes zeros."""
    rng = np.random.default_rng(seed)
    weights = [w[:4].reshape(2, 2), w[4:5], w]
    scales = rng.choice([0.0, 0.1, 1.0, 3.0], (steps, 3))
    return weights, [
        [(c * rng.standard_normal(v.shape)).astype(w.dtype) for c, v in zip(row, weights, strict=True)]
        for row in scales
    ]


def _apart(path, other):
    """The largest difference between two paths."""
    pairs = [pair for x, y in zip(path, other, strict=True) for pair in zip(x, y, strict=True)]
    return np.max([difference(a, b).max() for a, b in pairs])


@law("43", "training", "1 (1e-6 + 64 u) max|w|", g=CLOSE, seed=SEED)
def a_constant_gradient_does_not_feel_it(agr, g, seed):
    r"""If the gradient is the same in every step, AdamW and Adan go the same way with AGR and without.

    Up to their epsilon; and unless $\Psi(g)$ has zeros, that is, unless $n = 1$ or $g$ is one-hot.

    Proof. Then $\Psi(g)$ is constant, too, and each element differs from $g_i$ by the constant factor
    $1 - \alpha_i > 0$, which $m / \sqrt v$ divides out. What AGR leaves in Adam's update is the change
    of $\alpha$ over time alone.
    """
    w = np.random.default_rng(seed).standard_normal(len(g)).astype(g.dtype)
    errors = []
    for cls in (agr.AdamW, agr.Adan):
        with_agr, without = (play(agr, cls, [w], lambda *_: [g], 50, agr=on) for on in (True, False))
        errors.append(_apart(with_agr, without))
    return errors, (1e-6 + 64 * u(g)) * magnitudes(w).max()


@law("44", "training", "2 t u |w|", w=ONE, g=Reals(1e-3, 1e3), decay=Reals(0.01, 1))
def a_single_element_only_decays(agr, w, g, decay):
    r"""Of a tensor with one element AdamW(AGR) leaves $w_0 (1 - \eta \lambda)^t$.

    And Adan(AGR) leaves $w_0 / (1 + \eta \lambda)^t$. It is never trained. Without weight decay it does
    not move at all.

    Proof. $\Psi(g) = 0$ (law 13), so that all moments stay 0, and the update is the weight decay's
    alone.
    """
    lr, t = 0.01, 40
    gradient = np.full_like(w, g)
    decayed = {agr.AdamW: (1 - lr * decay) ** t, agr.Adan: (1 + lr * decay) ** -t}
    errors = []
    for cls, factor in decayed.items():
        for weight_decay, expected in ((decay, factor * w), (0.0, w)):
            path = play(agr, cls, [w], lambda *_: [gradient], t, lr=lr, weight_decay=weight_decay, agr=True)
            errors.append(difference(path[-1][0], expected))
    return errors, t * u(w) * magnitudes(w)


@law("45", "training", "8 u max|m|", w=W, seed=SEED)
def zero_gradients_let_the_moments_decay(agr, w, seed):
    r"""After a step with $g = 0$, $m_t = \beta_1 m_{t-1}$, and all weights are finite.

    Proof. $\Psi(0) = 0$ (law 12) enters the moving average as every gradient does. An undefined $0 / 0$
    would stay in $m$ for ever.
    """
    g, errors, scale = np.random.default_rng(seed).standard_normal(len(w)).astype(w.dtype), [], 0.0
    for cls, beta in ((agr.AdamW, 0.9), (agr.Adan, 0.98)):
        optimizer, moments = cls(tensors(agr, [w]), agr=True), []
        for i in range(5):
            (now,) = step(optimizer, [g if i == 0 else 0 * g])
            moments.append(optimizer.state_dict()["state"][0]["exp_avg"].numpy().astype(np.float64))
            errors.append(np.where(np.isfinite(now), 0, np.inf).max())
        errors += [difference(b, beta * a).max() for a, b in pairwise(moments)]
        scale = max(scale, np.abs(moments[0]).max())
    return errors, u(w) * scale


@law("48", "learning rate", "1 (1e-5 lr + 4 u |w|)", w=W, seed=SEED)
def the_first_step_of_adan_is_the_sign(agr, w, seed):
    r"""Adan's first step is $-\eta \operatorname{sign}(g)$, with AGR and without.

    Up to its epsilon, and where $\Psi_i \ne 0$.

    Proof. The first difference of gradients is 0 by definition; with the bias corrections $\hat m = g$,
    $\hat v = 0$ and $\hat n = g^2$, so $u = g / (|g| + \epsilon)$; and AGR keeps signs (law 2).
    """
    rng, lr = np.random.default_rng(seed), 0.01
    g = (rng.choice([-1, 1], len(w)) * rng.uniform(0.5, 2, len(w))).astype(w.dtype)
    paths = [play(agr, agr.Adan, [w], lambda *_: [g], 1, lr=lr, agr=on) for on in (True, False)]
    errors = [difference(path[1][0] - path[0][0], -lr * np.sign(g)) for path in paths]
    return errors, 1e-5 * lr + 4 * u(w) * magnitudes(w)


@law("49", "definition", "256 u max|w|", w=W, seed=SEED, limit=Reals(0.05, 5))
def adan_clips_by_the_norm_of_the_raw_gradients(agr, w, seed, limit):
    r"""Adan(AGR) with `max_grad_norm` is Adan on $c \, \Psi(g)$, with $c$ from the norm of the raw gradients.

    $c = \min(1, M / (\|g\|_2 + \epsilon))$ for a `max_grad_norm` of $M$. The norm is of all raw
    gradients together, and the differences are of what was regularized and clipped.

    Proof. The order of the authors' code. As $\Psi(c g) = c \Psi(g)$ (law 7), AGR before or after the
    clipping are the same; but the norm of $\Psi(g)$ in place of $\|g\|$ would be another $c$.
    """
    weights, grads = _noise(w, seed)

    def regularized(i, _):
        size = np.sqrt(sum(float(np.square(g, dtype=np.float64).sum()) for g in grads[i]))
        c = min(1.0, limit / (size + 1e-8))
        return [c * agr(g) for g in grads[i]]

    got = play(agr, agr.Adan, weights, lambda i, _: grads[i], len(grads), max_grad_norm=limit, agr=True)
    want = play(agr, agr.Adan, weights, regularized, len(grads))
    return _apart(got, want), u(w) * magnitudes(w).max()


@law("50", "definition", "exact", w=W, seed=SEED)
def maximizing_is_minimizing_the_negative(agr, w, seed):
    r"""AdamW(AGR) with `maximize` on $g$ goes, bit for bit, where AdamW(AGR) goes on $-g$.

    Proof. $-\Psi(g) = \Psi(-g)$ (law 5), so it does not matter on which side of AGR the sign is
    changed.
    """
    weights, grads = _noise(w, seed)
    up = play(agr, agr.AdamW, weights, lambda i, _: grads[i], len(grads), maximize=True, agr=True)
    down = play(agr, agr.AdamW, weights, lambda i, _: [-g for g in grads[i]], len(grads), agr=True)
    return _apart(up, down), 0


@law("58", "definition", "256 u max|w|", w=W, seed=SEED)
def the_optimizers_see_the_regularized_gradient_of_each_tensor(agr, w, seed):
    r"""SGD, AdamW and Adan with AGR go where they go without it, if they are given $\Psi(g)$ of each tensor.

    Moments, differences of gradients and weight decay come after it; each tensor has a sum of its own.

    Measured. This is how the authors' code defines them. It holds to a few roundings: an update
    computes $\Psi$ in a single pass that rounds otherwise than `optim.agr`.
    """
    weights, grads = _noise(w, seed)
    errors = []
    for cls in (agr.SGD, agr.AdamW, agr.Adan):
        hyper = {"lr": 1e-3, "weight_decay": 0.1}
        got = play(agr, cls, weights, lambda i, _: grads[i], len(grads), agr=True, **hyper)
        want = play(agr, cls, weights, lambda i, _: [agr(g) for g in grads[i]], len(grads), **hyper)
        errors.append(_apart(got, want))
    return errors, u(w) * magnitudes(w).max()


@law("59", "training", "64 u max|w|", w=W, seed=SEED, k=Integers(-20, 20))
def the_scale_of_the_loss_does_not_matter(agr, w, seed, k):
    r"""AdamW(AGR) and Adan(AGR) with $\epsilon = 0$ go the same way if the loss is multiplied by $2^k$.

    Proof. $\Psi$ is homogeneous (law 7), and $m / \sqrt v$ is a quotient of two numbers of the scale of
    $g$.
    """
    rng = np.random.default_rng(seed)
    grads = rng.standard_normal((10, len(w))).astype(w.dtype)
    scale = w.dtype.type(2.0**k)
    paths = [
        [play(agr, cls, [w], lambda i, _, c=c: [c * grads[i]], 10, eps=0.0, agr=True) for c in (1, scale)]
        for cls in (agr.AdamW, agr.Adan)
    ]
    return [_apart(*pair) for pair in paths], u(w) * magnitudes(w).max()
