"""Losses: how far predictions are from targets, as one number (or one per element, with reduction='none').

Those of classification have a file of their own, `cross_entropy.py`.
"""

import warnings
from typing import Any

from minigrad.backend import Array
from minigrad.engine import primitive
from minigrad.graph import is_autocasting
from minigrad.ops.activation import logsigmoid
from minigrad.ops.autocast import autocasting
from minigrad.ops.choice import abs, clamp, where
from minigrad.ops.cross_entropy import cross_entropy as cross_entropy
from minigrad.ops.cross_entropy import nll_loss as nll_loss
from minigrad.ops.cross_entropy import reduced
from minigrad.ops.elementwise import exp, log, square, sub
from minigrad.ops.operands import require_floating
from minigrad.ops.reduce import sum
from minigrad.tensor import Tensor

# ---------------------------------------------------------------------- regression


def _difference(input: Any, target: Any, weight: Any, name: str) -> Any:
    """`input - target`, after a look at the shapes."""
    if input.shape != target.shape:
        warnings.warn(
            f"{name}: the target of shape {target.shape} and the input of shape {input.shape} are broadcast, "
            "which is rarely what is meant; give them the same shape",
            stacklevel=3,
        )
    if weight is not None and weight.shape != input.shape:
        raise ValueError(
            f"{name}: weight must have the shape of the input, {input.shape}, got {weight.shape}"
        )
    return sub(input, target)


def _weighted(losses: Any, weight: Any, reduction: str, name: str) -> Any:
    """The losses times `weight`, reduced; their mean is the weighted one."""
    if weight is None:
        return reduced(losses, reduction, name)
    if reduction == "mean":
        return sum(losses * weight) / sum(weight)
    return reduced(losses * weight, reduction, name)


def mse_loss(input: Any, target: Any, *, reduction: str = "mean", weight: Any = None) -> Any:
    """The squared difference.

    Parameters
    ----------
    input, target : Tensors of one shape
        At least one of them floating.
    reduction : {'mean', 'sum', 'none'}
    weight : Tensor of the same shape, optional
        Multiplies the losses; the mean is then the weighted one.

    Raises
    ------
    ValueError
        For another `reduction`, or if `weight` has another shape.
    RuntimeError
        If shapes do not broadcast together, or both tensors are integer.

    Examples
    --------
    >>> import minigrad as mg
    >>> mse_loss(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 4.0])).item()
    2.0
    """
    if is_autocasting():
        return autocasting("mse_loss", mse_loss, input, target, reduction=reduction, weight=weight)
    difference = _difference(input, target, weight, "mse_loss")
    require_floating(difference, "mse_loss")
    return _weighted(square(difference), weight, reduction, "mse_loss")


def l1_loss(input: Any, target: Any, *, reduction: str = "mean", weight: Any = None) -> Any:
    """The absolute difference; arguments and errors as for `mse_loss`.

    Examples
    --------
    >>> import minigrad as mg
    >>> l1_loss(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 4.0])).item()
    1.0
    """
    if is_autocasting():
        return autocasting("l1_loss", l1_loss, input, target, reduction=reduction, weight=weight)
    return _weighted(abs(_difference(input, target, weight, "l1_loss")), weight, reduction, "l1_loss")


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """Half the squared difference up to `delta`, beyond that `delta * (difference - delta / 2)`.

    Parameters
    ----------
    input, target : Tensors of one shape
    reduction : {'mean', 'sum', 'none'}
    delta : float
        Where the parabola turns into its tangent.
    weight : Tensor of the same shape, optional
        Multiplies the losses; unlike in `mse_loss` the mean divides by their number, as in PyTorch.

    Raises
    ------
    ValueError
        For another `reduction`, or if `weight` has another shape.
    RuntimeError
        If `delta` is not positive, shapes do not broadcast together, or both tensors are integer.

    Notes
    -----
    Huber, "Robust Estimation of a Location Parameter", 1964.

    Examples
    --------
    >>> import minigrad as mg
    >>> huber_loss(mg.tensor([0.5, 3.0]), mg.tensor([0.0, 0.0]), reduction="none").tolist()
    [0.125, 2.5]
    """
    if is_autocasting():
        return autocasting("huber_loss", huber_loss, input, target, reduction, delta, weight)
    if delta <= 0:
        raise RuntimeError(f"huber_loss: delta must be positive, got {delta}")
    losses = _huber(_difference(input, target, weight, "huber_loss"), delta, "huber_loss")
    return reduced(losses if weight is None else losses * weight, reduction, "huber_loss")


def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Any:
    """`huber_loss` with delta = `beta`, divided by `beta`; for `beta` 0 it is `l1_loss`.

    Parameters
    ----------
    input, target : Tensors of one shape
    reduction : {'mean', 'sum', 'none'}
    beta : float

    Raises
    ------
    ValueError
        For another `reduction`.
    RuntimeError
        If `beta` is negative, shapes do not broadcast together, or both tensors are integer.

    Notes
    -----
    Girshick, "Fast R-CNN", 2015, https://arxiv.org/abs/1504.08083, equation 3.

    Examples
    --------
    >>> import minigrad as mg
    >>> smooth_l1_loss(mg.tensor([1.0, 4.0]), mg.tensor([0.0, 0.0]), beta=2.0, reduction="none").tolist()
    [0.25, 3.0]
    """
    if is_autocasting():
        return autocasting("smooth_l1_loss", smooth_l1_loss, input, target, reduction=reduction, beta=beta)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss: beta must not be negative, got {beta}")
    difference = _difference(input, target, None, "smooth_l1_loss")
    losses = abs(difference) if beta == 0 else _huber(difference, beta, "smooth_l1_loss") / beta
    return reduced(losses, reduction, "smooth_l1_loss")


def _huber(difference: Any, delta: float, name: str) -> Any:
    require_floating(difference, name)
    limited = clamp(difference, -delta, delta)
    return limited * (difference - 0.5 * limited)


# ---------------------------------------------------------------------- probabilities


def _log_at_least_minus_100(p: Any) -> Any:
    return clamp(log(p), min=-100.0)


# PyTorch's derivative: where p is exactly 0 or 1 it is large, but finite.
@primitive(
    p=lambda g, p, target: g * (p - target) / clamp((1 - p) * p, min=1e-12),
    target=lambda g, p: g * (_log_at_least_minus_100(1 - p) - _log_at_least_minus_100(p)),
)
def _binary_cross_entropy(p: Array, target: Array) -> Array:
    losses: Array = (target - 1) * _log_at_least_minus_100(1 - p) - target * _log_at_least_minus_100(p)
    return losses


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean") -> Any:
    """The negative log probability of yes-or-no targets, given the probability of yes.

    Parameters
    ----------
    input : floating Tensor
        Probabilities; their logarithms count as -100 where they are smaller.
    target : Tensor of the same shape and dtype
        0 for no, 1 for yes, or anything between.
    weight : Tensor, optional
        Multiplies the losses; broadcast to their shape.
    reduction : {'mean', 'sum', 'none'}

    Raises
    ------
    ValueError
        If shapes differ, or for another `reduction`.
    RuntimeError
        If dtypes differ, or a value is not between 0 and 1.

    Examples
    --------
    >>> import minigrad as mg
    >>> round(binary_cross_entropy(mg.tensor([0.5, 0.25]), mg.tensor([1.0, 0.0])).item(), 4)
    0.4904
    """
    if is_autocasting():
        return autocasting(
            "binary_cross_entropy", binary_cross_entropy, input, target, weight, reduction=reduction
        )
    _require_pair(input, target, "binary_cross_entropy")
    for name, value in (("input", input), ("target", target)):
        array = value.data if isinstance(value, Tensor) else value
        if ((array < 0) | (array > 1)).any():
            raise RuntimeError(
                f"binary_cross_entropy: all elements of {name} must be between 0 and 1 (sigmoid?)"
            )
    losses = _binary_cross_entropy(input, target)
    return reduced(losses if weight is None else losses * weight, reduction, "binary_cross_entropy")


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """The negative log probability of yes-or-no targets, where `sigmoid(input)` is the probability of yes.

    Parameters
    ----------
    input : floating Tensor
        Logits.
    target : Tensor of the same shape and dtype
        0 for no, 1 for yes, or anything between.
    weight : Tensor, optional
        Multiplies the losses; broadcast to their shape.
    reduction : {'mean', 'sum', 'none'}
    pos_weight : Tensor, optional
        Multiplies the loss for yes only; broadcast to the shape of `input`.

    Raises
    ------
    ValueError
        If the shapes of `input` and `target` differ, or for another `reduction`.
    RuntimeError
        If their dtypes differ, or weights do not broadcast.

    Examples
    --------
    >>> import minigrad as mg
    >>> round(binary_cross_entropy_with_logits(mg.tensor([0.0, 100.0]), mg.tensor([1.0, 1.0])).item(), 4)
    0.3466
    """
    if is_autocasting():
        function, options = (
            binary_cross_entropy_with_logits,
            {"reduction": reduction, "pos_weight": pos_weight},
        )
        return autocasting("binary_cross_entropy_with_logits", function, input, target, weight, **options)
    _require_pair(input, target, "binary_cross_entropy_with_logits")
    yes = logsigmoid(input)
    if pos_weight is not None:
        yes = yes * ((pos_weight - 1) * target + 1)
    losses = (1 - target) * input - yes
    return reduced(
        losses if weight is None else losses * weight, reduction, "binary_cross_entropy_with_logits"
    )


def _require_pair(input: Any, target: Any, name: str) -> None:
    require_floating(input, name)
    if target.shape != input.shape:
        raise ValueError(
            f"{name}: target must have the shape of the input, {input.shape}, got {target.shape}"
        )
    if target.dtype != input.dtype:
        raise RuntimeError(
            f"{name}: target must have the dtype of the input, {input.dtype.name}, got {target.dtype.name}"
        )


def kl_div(input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Any:
    """The Kullback-Leibler divergence of the target's distribution from the predicted one.

    Parameters
    ----------
    input : floating Tensor
        Log probabilities.
    target : Tensor
        Probabilities, or with `log_target` log probabilities.
    reduction : {'mean', 'batchmean', 'sum', 'none'}
        'batchmean' divides the sum by the size of dimension 0, as in the definition; 'mean', the default of
        PyTorch, by the number of elements.
    log_target : bool

    Raises
    ------
    ValueError
        For another `reduction`.
    RuntimeError
        If shapes do not broadcast together.

    Notes
    -----
    Kullback and Leibler, "On Information and Sufficiency", 1951.

    Examples
    --------
    >>> import minigrad as mg
    >>> round(kl_div(mg.tensor([[0.5, 0.5]]).log(), mg.tensor([[1.0, 0.0]]), reduction="batchmean").item(), 4)
    0.6931
    """
    if is_autocasting():
        return autocasting("kl_div", kl_div, input, target, reduction=reduction, log_target=log_target)
    if log_target:
        losses = exp(target) * (target - input)
    else:  # 0 * log(0) is 0
        losses = target * (log(where(target == 0, 1.0, target)) - input)
    if reduction == "batchmean":
        return sum(losses) / (input.shape[0] if input.ndim else 1)
    return reduced(losses, reduction, "kl_div")
