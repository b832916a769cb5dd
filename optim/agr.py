"""Adaptive gradient regularization (AGR): every gradient element gives up its own share of the sum.

    alpha_i = |g_i| / sum_j |g_j|           Psi(g)_i = g_i (1 - alpha_i)

`agr` is that map on one tensor. `AGR` says where an optimizer applies it; the optimizers take either
`agr=True`, which is the authors' code (every tensor, each by its own sum, always), or an `AGR`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from minigrad.backend import Array, array_module, is_array
from minigrad.backend.cuda import runs_kernels
from minigrad.dtypes import is_floating
from minigrad.tensor import Tensor
from optim.gradient import PIECE, Gradient

TensorOrArray = TypeVar("TensorOrArray", Tensor, Array)

SCOPES = ("tensor", "channel", "global")


def agr(grad: TensorOrArray) -> TensorOrArray:
    """Psi(g) = g (1 - |g| / sum |g|), with Psi(0) = 0.

    Signs are kept and no element grows, exactly, also in floating point. A tensor with one non-zero element
    (so every tensor with one element) becomes 0. Shape and dtype stay. The sum is accumulated in float64: in
    float16 it would overflow.

    Parameters
    ----------
    grad : Tensor or Array
        Any shape, floating dtype. It is not changed.

    Returns
    -------
    Tensor or Array
        As was given; a Tensor comes back without a graph.

    Raises
    ------
    TypeError
        If `grad` is neither a Tensor nor an array, or not of a floating dtype.

    References
    ----------
    H. Jiang, L. Yang, Y. Bao, R. Si, S. Yang: Adaptive Gradient Regularization: A Faster and Generalizable
    Optimization Technique for Deep Neural Networks, arXiv:2407.16944.

    Examples
    --------
    >>> agr(np.array([3.0, -1.0])).tolist()
    [0.75, -0.75]
    >>> agr(np.array([1.0, 1.0, -1.0, 1.0])).tolist()
    [0.75, 0.75, -0.75, 0.75]
    """
    if isinstance(grad, Tensor):
        return Tensor(agr(grad.data))
    if not is_array(grad) or not is_floating(grad.dtype):
        given = f"an array of {grad.dtype.name}" if is_array(grad) else type(grad).__name__
        raise TypeError(f"agr: expected a Tensor or an array of floating dtype, got {given}")
    return _psi(grad, blocks=1)


@dataclass(frozen=True)
class AGR:
    """Where and for how long an optimizer regularizes gradients.

    Parameters
    ----------
    scope : {'tensor', 'channel', 'global'}
        Over which elements the sum runs: each tensor (the authors' code); each output channel, that is each
        index of the first axis; or all tensors of the parameter group together. A finer scope shrinks more.
        A tensor with fewer than two axes is one channel: as many channels would set every bias gradient to 0.
    min_ndim : int
        Tensors with fewer axes keep their gradient. With 2 only the weights of fully connected and
        convolution layers are regularized, as the paper's text says; with 0 all are, as in the authors' code.
    until_step : int, optional
        The last step (counted from 1) that is regularized. None: every step.

    Raises
    ------
    ValueError
        If `scope` is unknown, or a number is negative.

    Examples
    --------
    >>> rows = np.array([[3.0, -1.0], [1.0, 1.0]])
    >>> AGR("channel")([rows], step=1)[0].tolist()
    [[0.75, -0.75], [0.5, 0.5]]
    >>> AGR(until_step=100)([rows], step=101)[0] is rows
    True
    """

    scope: str = "tensor"
    min_ndim: int = 0
    until_step: int | None = None

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise ValueError(f"AGR: scope must be one of {', '.join(map(repr, SCOPES))}, got {self.scope!r}")
        if self.min_ndim < 0:
            raise ValueError(f"AGR: min_ndim must be at least 0, got {self.min_ndim}")
        if self.until_step is not None and self.until_step < 0:
            raise ValueError(f"AGR: until_step must be None or at least 0, got {self.until_step}")

    def __call__(self, grads: Sequence[Array], step: int) -> list[Array]:
        """The regularized gradients of one parameter group, in new arrays.

        Parameters
        ----------
        grads : sequence of Array
        step : int
            The number of this optimizer step, from 1.
        """
        if self.is_over(step):
            return list(grads)
        chosen = [g for g in grads if g.ndim >= self.min_ndim]
        if self.scope == "global":
            changed = _psi_together(chosen)
        else:
            changed = [_psi(g, self.blocks(g)) for g in chosen]
        regularized = iter(changed)
        return [next(regularized) if g.ndim >= self.min_ndim else g for g in grads]

    def is_over(self, step: int) -> bool:
        """Whether `step`, from 1, comes after `until_step`."""
        return self.until_step is not None and step > self.until_step

    def blocks(self, g: Array) -> int:
        """Into how many parts, each with a sum of its own, a tensor falls."""
        return len(g) if self.scope == "channel" and g.ndim > 1 else 1

    def gradients(self, grads: Sequence[Array], step: int) -> list[Gradient]:
        """The same, but regularized only when an update gets to them, where that is as exact."""
        if self.scope != "tensor" or self.is_over(step):
            return [Gradient(g) for g in self(grads, step)]
        return [_later(g) if g.ndim >= self.min_ndim else Gradient(g) for g in grads]


def regularizer(agr: Any) -> AGR | None:
    """What an optimizer's `agr=` means: nothing for False, `AGR()` for True, or the given AGR.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if isinstance(agr, bool):
        return AGR() if agr else None
    if not isinstance(agr, AGR):
        raise TypeError(f"agr must be False, True or an optim.AGR(...), got {agr!r}")
    return agr


def _psi(g: Array, blocks: int) -> Array:
    """Psi of each of `blocks` equal consecutive pieces of `g`."""
    if g.size == 0:
        return g.copy()
    xp = array_module(g)
    rows = g.reshape(blocks, -1)
    x, largest, R, S = shares(rows)

    # Psi_i = g_i (1 - alpha_i), alpha_i = x_i / S: alpha first, for g_i x_i may overflow.
    xp.divide(x, S[:, None], out=x, casting="same_kind")
    xp.subtract(1, x, out=x)
    x *= rows
    # The same for the largest element, Psi = g R / S: there alpha may be so close to 1 that 1 - alpha
    # cancels. No other alpha exceeds 1/2.
    x[largest] = rows[largest] / S * R
    return x.astype(g.dtype, copy=False).reshape(g.shape)


def shares(rows: Array) -> tuple[Array, tuple[Array, Array], Array, Array]:
    """What alpha needs: the magnitudes x, and of each row R and S = R + x_max.

    `largest` is the index of each row's x_max, which is 0 in `x`; R is the sum of all the others.
    """
    xp = array_module(rows)
    x = xp.abs(rows).astype(np.promote_types(rows.dtype, np.float32), copy=False)  # float16 works in float32
    largest = xp.arange(len(rows)), x.argmax(axis=1)
    x_max = x[largest].astype(np.float64)
    x[largest] = 0
    # Near the largest float64 the sum would overflow. Shares do not change if all are scaled alike.
    scale = xp.where(x_max > 2.0**900, 2.0**-100, 1.0)
    x_max *= scale
    if x.dtype == np.float64:
        x *= scale[:, None]
    R = x.sum(axis=1, dtype=np.float64)
    S = R + x_max
    S[S == 0] = 1  # Psi(0) = 0, whatever it is divided by
    return x, largest, R, S


def _later(g: Array) -> Gradient:
    """Psi of `g`, of which only the sum is taken now; taken as a whole where that would not be exact."""
    if runs_kernels(g):
        return Gradient(g, pending=True)
    if array_module(g) is np and g.dtype != "float16" and g.size > 1:
        total, largest = _sum_and_largest(g)
        if largest <= total / 2 and 1e-30 < total < 1e30:  # false for NaN, too
            return Gradient(g, total=total)
    return Gradient(_psi(g, blocks=1))


def finished(gradient: Gradient) -> Gradient:
    """The same gradient with nothing left to the kernel of an update."""
    return replace(gradient, array=agr(gradient.array), pending=False) if gradient.pending else gradient


def _sum_and_largest(g: Array) -> tuple[float, float]:
    """The sum of all |g| and the largest, by pieces that stay in the cache."""
    flat, total, largest = g.reshape(-1), 0.0, 0.0
    scratch = np.empty(min(flat.size, PIECE), g.dtype)
    for start in range(0, flat.size, PIECE):
        piece = flat[start : start + PIECE]
        x = np.abs(piece, out=scratch[: piece.size])
        total += float(x.sum())
        largest = max(largest, float(x.max()))
    return total, largest


def _psi_together(grads: list[Array]) -> list[Array]:
    """Psi of all gradients laid end to end."""
    if not grads:
        return []
    xp = array_module(*grads)
    whole = _psi(xp.concatenate([g.reshape(-1) for g in grads]), blocks=1)
    ends = np.cumsum([g.size for g in grads]).tolist()
    return [
        whole[end - g.size : end].reshape(g.shape).astype(g.dtype, copy=False)
        for g, end in zip(grads, ends, strict=True)
    ]
