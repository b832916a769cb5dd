"""Steps an optimizer along gradients that are given as arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
import optim
from experiments.laws.law import Implementation

Arrays = list[np.ndarray]


def tensors(implementation: Implementation, weights: Arrays) -> list[mg.Tensor]:
    """Parameters with these values."""
    return [mg.tensor(w, device=implementation.device, requires_grad=True) for w in weights]


def step(optimizer: optim.Optimizer, grads: Arrays) -> Arrays:
    """One step of the optimizer with these gradients; the weights after it, in float64."""
    params = [p for group in optimizer.param_groups for p in group["params"]]
    for p, g in zip(params, grads, strict=True):
        p.grad = mg.tensor(np.asarray(g, p.dtype), device=p.device)
    optimizer.step()
    return [p.detach().numpy().astype(np.float64) for p in params]


def play(
    implementation: Implementation,
    optimizer: type[optim.Optimizer],
    weights: Arrays,
    gradients: Callable[[int, Arrays], Arrays],
    steps: int,
    **hyper: Any,
) -> list[Arrays]:
    """The weights at the start and after each step.

    Parameters
    ----------
    implementation : Implementation
        For its device.
    optimizer : type
    weights : list of numpy.ndarray
    gradients : callable
        From the number of the step (from 0) and the weights, in float64, to a gradient for each.
    steps : int
    **hyper
        For the optimizer.
    """
    made = optimizer(tensors(implementation, weights), **hyper)
    path = [[w.astype(np.float64) for w in weights]]
    for i in range(steps):
        path.append(step(made, gradients(i, path[-1])))
    return path
