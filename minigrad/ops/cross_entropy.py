"""Losses of classification: the negative log probability of the right class."""

import math
from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.channels import row_blocks
from minigrad.backend.half import wide
from minigrad.dtypes import is_floating
from minigrad.engine import Fused
from minigrad.graph import is_autocasting
from minigrad.ops.autocast import autocasting
from minigrad.ops.embedding import one_hot, require_ids
from minigrad.ops.index import getitem
from minigrad.ops.operands import cast, require_floating, widened
from minigrad.ops.reduce import mean, sum
from minigrad.ops.shape import permute, reshape
from minigrad.ops.softmax import log_softmax
from minigrad.tensor import Tensor

_BLOCK = 1 << 18  # elements of logits: 64 rows of 4000 classes


def reduced(losses: Any, reduction: str, name: str) -> Any:
    """All losses, their sum, or their mean.

    Raises
    ------
    ValueError
        If `reduction` is none of 'none', 'sum', 'mean'.
    """
    if reduction == "none":
        return losses
    if reduction == "sum":
        return sum(losses)
    if reduction == "mean":
        return mean(losses)
    raise ValueError(f"{name}: reduction must be 'none', 'mean' or 'sum', got {reduction!r}")


def _softmax_nll_forward(x: Array, labels: Array, smoothing: float) -> tuple[Array, tuple[Array, Array]]:
    # Kept are two numbers a row, from which the backward pass rebuilds softmax = exp(x - top) / scale. To
    # keep the gradient would save that exponential, and hold a second array of the size of the logits.
    xp, (count, classes) = array_module(x), x.shape
    ones = xp.ones(classes, x.dtype)
    top, scale, average = xp.empty((3, count), x.dtype)
    for block in row_blocks(x, _BLOCK):
        top[block] = x[block].max(1)
        values = x[block] - top[block, None]
        if smoothing:
            average[block] = values @ ones / classes
        scale[block] = xp.exp(values, out=values) @ ones
    losses = xp.log(scale) - (1 - smoothing) * (x[xp.arange(count), labels] - top)
    if smoothing:
        losses -= smoothing * average
    return losses, (top, scale)


def _softmax_nll_backward(
    g: Array, needs: tuple[bool], kept: tuple[Array, Array], x: Array, labels: Array, smoothing: float
) -> tuple[Array]:
    xp, (count, classes), (top, scale) = array_module(x), x.shape, kept
    dx = xp.empty(x.shape, x.dtype)
    for block in row_blocks(x, _BLOCK):
        values = xp.subtract(x[block], top[block, None], out=dx[block])
        xp.exp(values, out=values)
        values *= (g[block] / scale[block])[:, None]
        if smoothing:
            values -= (g[block] * (smoothing / classes))[:, None]
    dx[xp.arange(count), labels] -= (1 - smoothing) * g
    return (dx,)


def _softmax_nll_twin(x: Any, labels: Array, smoothing: float) -> Any:
    return _expected_nll(x, one_hot(labels, x.shape[1]).astype(x.dtype), None, smoothing)


def _expected_nll(x: Any, probabilities: Any, weight: Array | None, smoothing: float) -> Any:
    """`-log_softmax(x)`, averaged in each row over the target's probabilities."""
    if smoothing:
        probabilities = probabilities * (1 - smoothing) + smoothing / x.shape[1]
    if weight is not None:
        probabilities = probabilities * weight
    return -sum(probabilities * log_softmax(x, 1), 1)


_softmax_nll = Fused(_softmax_nll_forward, _softmax_nll_backward, _softmax_nll_twin, inputs=1)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """The negative log probability of the target classes under `softmax(input)`.

    Parameters
    ----------
    input : floating Tensor, (N, C), (N, C, d1, ...) or (C,)
        Logits.
    target : Tensor
        Class indices, integers of the shape of `input` without C; or probabilities, of the shape of `input`.
    weight : Tensor, (C,), optional
        The weight of each class. It gets no gradient.
    ignore_index : int
        Samples with this index count neither in the loss nor in the mean.
    reduction : {'mean', 'sum', 'none'}
        'mean' divides by the sum of the targets' weights, or for probabilities by the number of samples.
    label_smoothing : float
        How much of each target is spread evenly over all classes.

    Raises
    ------
    IndexError
        If a class index is out of range.
    ValueError
        If the batch sizes of `input` and `target` differ, or for another `reduction`.
    RuntimeError
        If other sizes or dtypes do not fit, or `label_smoothing` is not between 0 and 1.

    Notes
    -----
    Label smoothing: Szegedy et al., "Rethinking the Inception Architecture", 2015,
    https://arxiv.org/abs/1512.00567, section 7.

    Examples
    --------
    >>> import minigrad as mg
    >>> logits = mg.tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> [round(v, 4) for v in cross_entropy(logits, mg.tensor([0, 1]), reduction="none").tolist()]
    [0.1269, 0.6931]
    """
    if is_autocasting():
        options = {"reduction": reduction, "label_smoothing": label_smoothing}
        arguments = (input, target, weight)
        return autocasting("cross_entropy", cross_entropy, *arguments, ignore_index=ignore_index, **options)
    require_floating(input, "cross_entropy")
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"cross_entropy: label_smoothing must be between 0 and 1, got {label_smoothing}")
    weight = _class_weight(weight, input, "cross_entropy")
    weight = None if weight is None else wide(weight)
    rows = _class_rows(widened(input), "cross_entropy")
    if target.shape == input.shape:
        _require_probabilities(target, ignore_index)
        probabilities = _class_rows(widened(target), "cross_entropy")
        losses = _expected_nll(rows, probabilities, weight, label_smoothing)
        loss = reduced(reshape(losses, _without_classes(input.shape)), reduction, "cross_entropy")
        return cast(loss, input.dtype)

    labels, counts = _labels(input, target, ignore_index, "cross_entropy")
    if weight is None:
        losses = _softmax_nll(rows, labels, label_smoothing)
    else:
        chosen = one_hot(labels, rows.shape[1]).astype(rows.dtype)
        losses = _expected_nll(rows, chosen, weight, label_smoothing)
    loss = _reduced_over_labels(losses, labels, counts, weight, target.shape, reduction, "cross_entropy")
    return cast(loss, input.dtype)


def nll_loss(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    """The negative log probability of the target classes, given log probabilities (from `log_softmax`).

    Parameters
    ----------
    input : floating Tensor, (N, C), (N, C, d1, ...) or (C,)
        Log probabilities.
    target : integer Tensor, the shape of `input` without C
        Class indices.
    weight, ignore_index, reduction
        As for `cross_entropy`.

    Raises
    ------
    IndexError
        If a class index is out of range.
    ValueError
        If the batch sizes of `input` and `target` differ, or for another `reduction`.
    RuntimeError
        If other sizes or dtypes do not fit.

    Examples
    --------
    >>> import minigrad as mg
    >>> log_p = mg.tensor([[-0.25, -1.5], [-3.0, -0.125]])
    >>> nll_loss(log_p, mg.tensor([0, 0]), reduction="none").tolist()
    [0.25, 3.0]
    """
    if is_autocasting():
        options = {"ignore_index": ignore_index, "reduction": reduction}
        return autocasting("nll_loss", nll_loss, input, target, weight, **options)
    require_floating(input, "nll_loss")
    weight = _class_weight(weight, input, "nll_loss")
    rows = _class_rows(input, "nll_loss")
    labels, counts = _labels(input, target, ignore_index, "nll_loss")
    losses = -getitem(rows, (array_module(labels).arange(len(labels)), labels))
    losses, weight = widened(losses), None if weight is None else wide(weight)
    if weight is not None:
        losses = losses * weight[labels]
    loss = _reduced_over_labels(losses, labels, counts, weight, target.shape, reduction, "nll_loss")
    return cast(loss, input.dtype)


# ---------------------------------------------------------------------- arguments


def _class_rows(input: Any, name: str) -> Any:
    """The classes, dimension 1 (or 0 without a batch), brought to the end: (N * d1 * ..., C)."""
    if input.ndim == 0:
        raise RuntimeError(
            f"{name}: expected an input of shape (N, C), (N, C, d1, ...) or (C,), got a 0-d tensor"
        )
    if input.ndim > 2:
        input = permute(input, (0, *range(2, input.ndim), 1))
    return input if input.ndim == 2 else reshape(input, (math.prod(input.shape[:-1]), input.shape[-1]))


def _without_classes(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:1], *shape[2:]) if len(shape) > 1 else ()


def _classes(input: Any) -> int:
    return input.shape[min(1, input.ndim - 1)] if input.ndim else 0


def _class_weight(weight: Any, input: Any, name: str) -> Any:
    """The weights of the classes as an array."""
    if weight is None:
        return None
    if weight.shape != (_classes(input),):
        raise RuntimeError(
            f"{name}: weight needs an entry for each of {_classes(input)} classes, got shape {weight.shape}"
        )
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"{name}: weight must have the dtype of the input, {input.dtype.name}, got {weight.dtype.name}"
        )
    if isinstance(weight, Tensor):
        if weight.requires_grad:
            raise RuntimeError(f"{name}: the gradient for weight is not supported; pass weight.detach()")
        return weight.data
    return weight


def _require_probabilities(target: Any, ignore_index: int) -> None:
    if not is_floating(target.dtype):
        raise RuntimeError(
            "cross_entropy: a target of the shape of the input holds probabilities and must be floating, "
            f"got {target.dtype.name}"
        )
    if ignore_index >= 0:
        raise RuntimeError("cross_entropy: ignore_index is not supported for a target of class probabilities")


def _labels(input: Any, target: Any, ignore_index: int, name: str) -> tuple[Array, Array]:
    """The class indices in one dimension, 0 for ignored samples; and as booleans, which samples count."""
    labels = target.data if isinstance(target, Tensor) else target
    expected = _without_classes(input.shape)
    if labels.dtype.kind not in "iu":
        raise RuntimeError(f"{name}: target must hold integers (class indices), got {labels.dtype.name}")
    if labels.shape != expected:
        batch_differs = labels.ndim == len(expected) and labels.shape[:1] != expected[:1]
        raise (ValueError if batch_differs else RuntimeError)(
            f"{name}: target must have shape {expected} for input of shape {input.shape}, got {labels.shape}"
        )
    labels = labels.ravel()
    counts = labels != ignore_index
    labels = array_module(labels).where(counts, labels, 0)
    require_ids(labels, _classes(input), f"{name}: target")
    return labels.astype("int64"), counts


def _reduced_over_labels(
    losses: Any, labels: Array, counts: Array, weight: Any, shape: tuple[int, ...], reduction: str, name: str
) -> Any:
    """The losses (one a row) without ignored samples; 'mean' divides by the weights of those that count."""
    if not counts.all():
        losses = losses * counts
    if reduction != "mean":
        return reduced(reshape(losses, shape), reduction, name)
    amount = float(counts.sum() if weight is None else (weight[labels] * counts).sum())
    return sum(losses) * (1 / amount) if amount else sum(losses) + math.nan
