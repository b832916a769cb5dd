"""What may be done before or after: signs, scale, order, shape, padding, blocks."""

import numpy as np

from experiments.laws.domains import ANY, SEED, Integers, Reals, V
from experiments.laws.law import law
from experiments.laws.notation import difference, excess, magnitudes, u, ulp


@law("5", "definition", "exact", g=ANY)
def the_map_is_odd(psi, g):
    r"""$\Psi(-g) = -\Psi(g)$: it does not matter whether a loss is minimized, or its negative maximized.

    Proof. $\alpha$ depends on $|g|$ alone, and $g_i (1 - \alpha_i)$ is linear in the sign of $g_i$.
    """
    return difference(psi(-g), -psi(g)), 0


@law("6", "definition", "exact", g=V, k=Integers(-20, 20))
def powers_of_two_scale_exactly(psi, g, k):
    r"""$\Psi(2^k g) = 2^k \Psi(g)$, bit for bit: the loss scaling of mixed precision changes nothing.

    Proof. Multiplication by $2^k$ is exact (short of over- and underflow) and commutes with every
    rounding of the computation; $\alpha = |g| / S$ stays the same number.
    """
    scale = g.dtype.type(2.0**k)
    return difference(psi(scale * g), scale * psi(g)), 0


@law("7", "definition", "16 u |c g_i|", g=V, c=Reals(1e-3, 1e3))
def the_map_is_homogeneous(psi, g, c):
    r"""$\Psi(c g) = c \Psi(g)$ for every real $c$: gradients of any scale are treated alike.

    An epsilon in the sum would break this: it halves $\alpha$ where $S$ is as small as the epsilon.

    Proof. $S$ and $|g|$ both grow by $|c|$, so that $\alpha$ stays; and
    $c g_i (1 - \alpha_i) = c \Psi_i$.
    """
    c = g.dtype.type(c)
    return difference(psi(c * g), c * psi(g)), u(g) * magnitudes(c * g)


@law("8", "definition", "8 ulp of g_i", g=ANY, seed=SEED)
def the_order_of_the_elements_does_not_matter(psi, g, seed):
    r"""$\Psi(P g) = P \Psi(g)$ for every permutation $P$; up to the order in which $S$ is summed.

    Proof. A sum does not depend on the order of its terms, and everything else is elementwise.
    """
    order = np.random.default_rng(seed).permutation(len(g))
    return difference(psi(g[order]), psi(g)[order]), ulp(g[order])


@law("9", "definition", "exact", g=ANY)
def the_shape_does_not_matter(psi, g):
    r"""$\Psi$ of a reshaped tensor is the reshaped $\Psi$, bit for bit, if the order in memory stays.

    Proof. The same elements are added in the same order; everything else is elementwise.
    """
    pairs = len(g) // 2
    shapes = [(-1, 1), (1, -1), (1, -1, 1)]
    errors = [difference(psi(g.reshape(shape)).reshape(-1), psi(g)) for shape in shapes]
    matrix = g[: 2 * pairs].reshape(2, pairs)
    errors.append(difference(psi(matrix).reshape(-1), psi(matrix.reshape(-1))))
    return np.concatenate(errors), 0


@law("10", "definition", "exact", g=ANY, seed=SEED)
def signs_pass_through(psi, g, seed):
    r"""$\Psi(s \circ g) = s \circ \Psi(g)$ for all signs $s \in \{-1, 1\}^n$.

    Proof. As for oddness, element by element: $\alpha$ sees magnitudes alone.
    """
    s = np.random.default_rng(seed).choice([-1, 1], len(g)).astype(g.dtype)
    return difference(psi(s * g), s * psi(g)), 0


@law("11", "definition", "8 ulp of g_i", g=ANY, zeros=Integers(1, 9))
def appended_zeros_change_nothing(psi, g, zeros):
    r"""$\Psi(g, 0, \dots, 0) = (\Psi(g), 0, \dots, 0)$: it is the non-zero elements that count, not $n$.

    Proof. Zeros add nothing to $S$, and have $\Psi_i = 0 \cdot (1 - 0)$.
    """
    nothing = np.zeros(zeros, g.dtype)
    return difference(psi(np.concatenate([g, nothing])), np.concatenate([psi(g), nothing])), np.concatenate(
        [ulp(g), nothing]
    )


@law("36", "learning rate", "16 ulp of g_i", g=ANY, cut=Integers(0, 24))
def cutting_a_tensor_in_two_shrinks_more(psi, g, cut):
    r"""If $g$ is cut into blocks, each with a sum of its own, no $|\Psi_i|$ is larger than before.

    So what AGR does depends on how parameters are packed into tensors: the fused weight of queries,
    keys and values is shrunk less than the three apart, a channel more than its tensor, a tensor more
    than the model.

    Proof. The sum of a block is at most the sum of the whole, so every share is at least what it was.
    """
    parts = [psi(part) for part in np.split(g, [cut % len(g)]) if part.size]
    return excess(magnitudes(np.concatenate(parts)), magnitudes(psi(g))), ulp(g)
