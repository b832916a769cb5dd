"""The Jacobian of the map: how it stretches the differences of gradients."""

import numpy as np

from experiments.laws.domains import CLOSE, NONZERO, SEED, V, Vectors
from experiments.laws.law import law
from experiments.laws.notation import (
    difference,
    excess,
    jacobian,
    jacobian_bound,
    magnitudes,
    norm,
    shares,
    u,
)


@law("37", "smoothing", "64 u^(2/3)", g=CLOSE)
def the_jacobian_has_two_kinds_of_entries(psi, g):
    r"""Where no element is zero, $J_{ii} = (1 - \alpha_i)^2$ and $J_{ij} = s_i s_j \alpha_i^2$ for $j \ne i$.

    Here $s = \operatorname{sign}(g)$. It is measured by central differences with
    $h = u^{1/3} \min |g|$.

    Proof. From $\Psi_i = g_i - s_i g_i^2 / S$ and $\partial S / \partial g_j = s_j$:
    $\partial \Psi_i / \partial g_j = \delta_{ij} (1 - 2 \alpha_i) + s_i s_j \alpha_i^2$.
    """
    return difference(_differences(psi, g), jacobian(g)), u(g) ** (2 / 3)


@law("38", "smoothing", "16 u max|g|", g=NONZERO)
def the_jacobian_maps_the_gradient_to_the_result(psi, g):
    r"""$J g = \Psi(g)$. So along the gradient itself nothing is stretched: $\|J g\| \le \|g\|$.

    That is probably the most that "the Lipschitz constant falls" can mean for the gradient of the loss.

    Proof. Euler's theorem for a function that is homogeneous of degree 1 (law 7).
    """
    return difference(jacobian(g) @ g.astype(np.float64), psi(g)), u(g) * magnitudes(g).max()


@law("39", "smoothing", "64 u n", g=NONZERO)
def the_jacobian_is_bounded_by_the_root_of_n(psi, g):
    r"""$\|J\|_2^2 \le \max_k \bigl[(1 - \alpha_k)^3 + (n - 1) \sum_{i \ne k} \alpha_i^3\bigr] \le n$.

    The constant $\sqrt n$ is the best one: it is approached at $(1, \varepsilon, \dots, \varepsilon)$,
    see F2.

    Proof. Up to signs, $(J v)_i = (1 - \alpha_i) (1 - \alpha_i) v_i + \alpha_i \cdot \alpha_i t_i$ with
    $t_i = \sum_{j \ne i} v_j$. As the weights $1 - \alpha_i$ and $\alpha_i$ sum to 1, the square is at
    most $(1 - \alpha_i)^3 v_i^2 + \alpha_i^3 t_i^2$ (Jensen), and $t_i^2 \le (n - 1)(1 - v_i^2)$ for a
    unit vector $v$ (Cauchy and Schwarz). The sum over $i$ is linear in the $v_i^2$, which sum to 1,
    hence at most its largest coefficient. And $\sum_{i \ne k} \alpha_i^3 \le (1 - \alpha_k)^3 \le 1$.
    """
    # 1 - 2 alpha is Psi / g - alpha, from what psi computes.
    a, s = shares(g), np.sign(g.astype(np.float64))
    computed = np.diag(psi(g) / g.astype(np.float64) - a) + np.outer(s * a**2, s)
    squared, bound = norm(computed, 2) ** 2, jacobian_bound(a)
    return [excess(squared, bound), excess(bound, len(g))], u(g) * len(g)


@law("40", "smoothing", "16 u sqrt(n) (|a|_2 + |b|_2)", a=V, seed=SEED)
def the_map_is_lipschitz_with_the_root_of_n(psi, a, seed):
    r"""$\|\Psi(a) - \Psi(b)\|_2 \le \sqrt n \, \|a - b\|_2$, for all gradients $a, b$.

    Proof. $\Psi$ is continuous, and differentiable along all but finitely many points of the segment
    from $a$ to $b$, or of one as near as we like; there law 39 bounds the derivative.
    """
    rng = np.random.default_rng(seed)
    step = (
        10 ** rng.uniform(-6, 0) * np.abs(a).max() * rng.standard_normal(len(a)) * (rng.random(len(a)) < 0.7)
    )
    b = (a + step).astype(a.dtype)
    before, after = a.astype(np.float64) - b, psi(a).astype(np.float64) - psi(b)
    root = np.sqrt(len(a))
    return excess(norm(after, 2), root * norm(before, 2)), u(a) * root * (
        norm(magnitudes(a), 2) + norm(magnitudes(b), 2)
    )


@law("55", "smoothing", "64 u^(2/3)", g=Vectors(sizes=(3, 3), decades=(0.5, 0.5), zeros=False))
def three_elements_keep_a_positive_volume(psi, g):
    r"""$\det J = 2 \alpha_1 \alpha_2 \alpha_3 > 0$ if $n = 3$ and no element is zero.

    So near $g$ different gradients have different images. With two elements the determinant is 0, see
    F11.

    Proof. $J$ is, up to signs, a diagonal matrix plus one of rank 1, so that
    $\det J = \prod_i (1 - 2 \alpha_i) + \sum_i \alpha_i^2 \prod_{j \ne i} (1 - 2 \alpha_j)$. With
    $e_2, e_3$ for the elementary symmetric polynomials, and $e_1 = 1$, the first term is
    $-1 + 4 e_2 - 8 e_3$ and the second $1 - 4 e_2 + 10 e_3$.
    """
    return difference(np.linalg.det(_differences(psi, g)), 2 * shares(g).prod()), u(g) ** (2 / 3)


def _differences(psi, g):
    """The Jacobian by central differences."""
    h = g.dtype.type(u(g) ** (1 / 3) * magnitudes(g).min())
    up, down = g + h * np.eye(len(g), dtype=g.dtype), g - h * np.eye(len(g), dtype=g.dtype)
    rise = np.array([psi(a).astype(np.float64) - psi(b) for a, b in zip(up, down, strict=True)]).T
    return rise / (np.diag(up).astype(np.float64) - np.diag(down))
