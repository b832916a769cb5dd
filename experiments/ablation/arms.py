"""The arms of the ablation: what happens to the gradients between the backward pass and the optimizer.

AGR shortens every gradient, by a share that is larger for large elements, and so changes its direction a
little. The other arms do one of these without the others: they are what AGR has to be better than.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad as mg
import optim
from experiments import setup
from experiments.config import TrainConfig
from minigrad.backend import Array, device_of, to_device
from optim.agr import AGR

Change = Callable[[list[Array], np.random.Generator], list[Array]]


@dataclass(frozen=True)
class Arm:
    """One way to treat gradients.

    Parameters
    ----------
    description : str
        A few words for tables.
    agr : callable, optional
        From the number of steps of a run, the `agr=` of the optimizer.
    change : callable, optional
        From the gradients of all parameters and a generator, the gradients that the optimizer gets.
    """

    description: str
    agr: Callable[[int], bool | AGR] = lambda steps: False
    change: Change | None = None


def _norm(arrays: list[Array]) -> float:
    """The L2 norm of all arrays together, in float64."""
    return math.sqrt(sum(float((a * a).sum()) for a in (a.astype(np.float64) for a in arrays)))


def centralize(grads: list[Array], rng: np.random.Generator) -> list[Array]:
    """Gradient centralization (arXiv:2004.01461): each output channel of a weight loses its mean."""
    return [g - g.mean(tuple(range(1, g.ndim)), keepdims=True) if g.ndim > 1 else g for g in grads]


def normalize(grads: list[Array], rng: np.random.Generator) -> list[Array]:
    """Each tensor's gradient divided by its root mean square; a gradient of zeros stays."""
    return [g * (math.sqrt(g.size) / (_norm([g]) or 1.0)) for g in grads]


def clip(grads: list[Array], rng: np.random.Generator) -> list[Array]:
    """All gradients together scaled down to an L2 norm of at most 1."""
    return [g * min(1.0, 1.0 / max(_norm(grads), 1e-12)) for g in grads]


def shrink(grads: list[Array], rng: np.random.Generator) -> list[Array]:
    """Each tensor's gradient scaled to the norm that AGR gives it: AGR's length without its direction."""
    return [g * (_norm([optim.agr(g)]) / (_norm([g]) or 1.0)) for g in grads]


def disturb(grads: list[Array], rng: np.random.Generator) -> list[Array]:
    """Relative noise on each element, as far from the gradient as AGR goes: its size without its sense."""
    changed = []
    for g in grads:
        noise = g * to_device(rng.standard_normal(g.shape).astype(g.dtype), device_of(g))
        wanted, found = _norm([g - optim.agr(g)]), _norm([noise])
        changed.append(g + noise * (wanted / found) if found else g)
    return changed


ARMS = {
    "none": Arm("raw gradient"),
    "agr": Arm("AGR, each tensor by its own sum", agr=lambda steps: True),
    "agr-channel": Arm("AGR, each output channel by its own sum", agr=lambda steps: AGR("channel")),
    "agr-global": Arm("AGR, all tensors by one sum", agr=lambda steps: AGR("global")),
    "agr-first-half": Arm("AGR, in the first half only", agr=lambda steps: AGR(until_step=steps // 2)),
    "centralized": Arm("channel means removed", change=centralize),
    "normalized": Arm("each tensor of unit root mean square", change=normalize),
    "clipped": Arm("global norm at most 1", change=clip),
    "shrunk": Arm("scaled to the norm that AGR gives", change=shrink),
    "disturbed": Arm("random relative noise of AGR's size", change=disturb),
}


class Changed:
    """An optimizer whose gradients are changed before every step.

    Parameters
    ----------
    optimizer : optim.Optimizer
    change : Change
    seed : int
        For arms that draw random numbers; the order of the data draws from others.
    """

    def __init__(self, optimizer: optim.Optimizer, change: Change, seed: int) -> None:
        self.optimizer, self.change = optimizer, change
        self.rng = np.random.default_rng(seed)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.optimizer.zero_grad()

    def step(self) -> None:
        """One step of the optimizer with the changed gradients."""
        params = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        changed = self.change([p.grad.data for p in params], self.rng)
        for p, g in zip(params, changed, strict=True):
            p.grad = mg.tensor(g, dtype=p.dtype)
        self.optimizer.step()


def build(name: str, config: TrainConfig, model: mg.nn.Module, steps: int) -> tuple[optim.Optimizer, Any]:
    """The optimizer of an arm, for the schedule, and what the training loop is to step.

    Parameters
    ----------
    name : str
        A key of `ARMS`.
    config : TrainConfig
    model : Module
    steps : int
        Of the whole run.

    Raises
    ------
    ValueError
        If there is no such arm.
    """
    if name not in ARMS:
        raise ValueError(f"an arm is one of {', '.join(ARMS)}; got {name!r}")
    arm = ARMS[name]
    optimizer = setup.optimizer(config, model)
    for group in optimizer.param_groups:
        group["agr"] = arm.agr(steps)
    return optimizer, optimizer if arm.change is None else Changed(optimizer, arm.change, config.seed)
