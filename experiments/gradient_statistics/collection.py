"""Gradients taken from a training run."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import optim
from minigrad import nn
from minigrad.backend import Array, to_numpy
from minigrad.nn import functional as F


def collect(
    model: nn.Module,
    batches: Iterable[tuple[Any, Any]],
    steps: Sequence[int],
    optimizer: optim.Optimizer | None = None,
    loss: Callable[[Any, Any], Any] = F.cross_entropy,
) -> dict[int, dict[str, Array]]:
    """Train a model, and keep its gradients at some of the steps.

    Parameters
    ----------
    model : nn.Module
        It is trained, in training mode.
    batches : iterable of (inputs, targets)
        Gone through again when it ends.
    steps : sequence of int
        Counted from 1: with 1 the gradient of the untrained model. The last one ends the training.
    optimizer : Optimizer, optional
        AdamW with its usual settings if None.
    loss : callable
        `loss(model(inputs), targets)`.

    Returns
    -------
    dict of int to dict of str to array
        For each step the gradient of each parameter that got one, on the host.

    Raises
    ------
    ValueError
        If there are no batches, or a step is less than 1.

    Examples
    --------
    >>> import minigrad as mg
    >>> found = collect(nn.Linear(3, 2), [(mg.ones(4, 3), mg.tensor([0, 1, 1, 0]))], steps=[1, 10])
    >>> {step: {name: g.shape for name, g in gradients.items()} for step, gradients in found.items()}
    {1: {'weight': (2, 3), 'bias': (2,)}, 10: {'weight': (2, 3), 'bias': (2,)}}
    """
    if not steps or min(steps) < 1:
        raise ValueError(f"collect: steps must be numbers from 1, got {list(steps)}")
    optimizer = optimizer or optim.AdamW(model.parameters())
    gradients: dict[int, dict[str, Array]] = {}
    model.train()
    step = 0
    while True:
        before = step
        for inputs, targets in batches:
            step += 1
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            if step in steps:
                gradients[step] = {
                    name: to_numpy(p.grad.data).copy()
                    for name, p in model.named_parameters()
                    if p.grad is not None
                }
            if step == max(steps):
                return gradients
            optimizer.step()
        if step == before:
            raise ValueError("collect: there are no batches")
