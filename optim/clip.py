"""Limiting gradients before the step."""

from collections.abc import Iterable

import numpy as np

from minigrad.backend import Array, array_module
from minigrad.engine import mutated
from minigrad.tensor import Tensor, tensor


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients, in place and by one factor, so that their common norm is at most `max_norm`.

    The factor is min(1, max_norm / (norm + 1e-6)), as in PyTorch.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    max_norm : float
    norm_type : float
        The p of the p-norm; `float('inf')` for the largest magnitude.
    error_if_nonfinite : bool
        Refuse to scale by a norm that is infinite or NaN.

    Returns
    -------
    Tensor
        The norm of all gradients before, 0-d.

    Raises
    ------
    RuntimeError
        If the norm is not finite and `error_if_nonfinite` is set; the gradients are unchanged then.

    Examples
    --------
    >>> w = tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tensor([3.0, 4.0])
    >>> clip_grad_norm_(w, max_norm=1.0).item()
    5.0
    >>> [round(value, 3) for value in w.grad.tolist()]
    [0.6, 0.8]
    """
    grads = _gradients(parameters)
    if not grads:
        return tensor(0.0)
    xp = array_module(*grads)
    # The norm of the tensors' norms, in float64: in float16 and float32 the sum may overflow.
    norms = [xp.linalg.norm(g.reshape(-1).astype("float64", copy=False), norm_type) for g in grads]
    norm = xp.linalg.norm(xp.stack(norms), norm_type)
    if error_if_nonfinite and not xp.isfinite(norm):
        raise RuntimeError(
            f"clip_grad_norm_: the norm of order {norm_type} of the gradients is non-finite ({float(norm)}), "
            "so it cannot be clipped; with error_if_nonfinite=False they are scaled by it anyway"
        )
    factor = xp.minimum(max_norm / (norm + 1e-6), 1.0)  # stays on the device, and a NaN stays NaN
    for g in grads:
        g *= factor
        mutated(g)
    return Tensor(xp.asarray(norm, dtype=xp.result_type(np.float32, *[g.dtype for g in grads])))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every gradient element, in place, to [-clip_value, clip_value].

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    clip_value : float

    Examples
    --------
    >>> w = tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tensor([3.0, -0.5])
    >>> clip_grad_value_(w, 1.0)
    >>> w.grad.tolist()
    [1.0, -0.5]
    """
    for g in _gradients(parameters):
        array_module(g).clip(g, -clip_value, clip_value, out=g)
        mutated(g)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Array]:
    tensors: Iterable[Tensor] = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad.data for p in tensors if p.grad is not None]
