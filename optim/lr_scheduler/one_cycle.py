"""The one-cycle policy: learning rate up and down, momentum down and up."""

import math
from collections.abc import Sequence
from typing import TypeAlias

from optim.lr_scheduler.scheduler import LRScheduler, for_each_group
from optim.optimizer import Optimizer

# The last step of a phase, and the entries of a parameter group between which lr and momentum move.
Phase: TypeAlias = tuple[float, str, str, str, str]


class OneCycleLR(LRScheduler):
    """From max_lr / div_factor up to max_lr, then down to max_lr / (div_factor * final_div_factor).

    The momentum (`momentum`, or the first of `betas`) goes the other way. Call `step` after every batch.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float or list of float
        The peak, for all parameter groups or for each.
    total_steps : int, optional
        Length of the cycle; if None, epochs * steps_per_epoch.
    epochs, steps_per_epoch : int, optional
    pct_start : float
        Share of the cycle in which the learning rate rises.
    anneal_strategy : {'cos', 'linear'}
    cycle_momentum : bool
    base_momentum, max_momentum : float or list of float
        The momentum at the peak of the learning rate, and that at both ends.
    div_factor, final_div_factor : float
    three_phase : bool
        Go down as fast as up, then a third phase from the start value to the final one.
    last_epoch : int

    Raises
    ------
    ValueError
        If an argument is out of its range, the optimizer has no momentum to cycle, or more than `total_steps`
        steps are made.

    References
    ----------
    L. Smith, N. Topin: Super-convergence, very fast training of neural networks using large learning rates,
    arXiv:1708.07120. Without `three_phase` it is the variant of fast.ai.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        peaks = for_each_group("max_lr", max_lr, optimizer)
        lows = for_each_group("base_momentum", base_momentum, optimizer)
        highs = for_each_group("max_momentum", max_momentum, optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', instead got {anneal_strategy!r}")
        if cycle_momentum and not {"momentum", "betas"} & set(optimizer.defaults):
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum

        top, last = pct_start * self.total_steps - 1, self.total_steps - 1
        self.phases: list[Phase] = [(top, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if three_phase:
            self.phases += [
                (2 * top, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                (last, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            self.phases += [(last, "max_lr", "min_lr", "base_momentum", "max_momentum")]

        if last_epoch == -1:
            for group, peak, low, high in zip(optimizer.param_groups, peaks, lows, highs, strict=True):
                initial = peak / div_factor
                group.update(initial_lr=initial, max_lr=peak, min_lr=initial / final_div_factor)
                if cycle_momentum:
                    group.update(base_momentum=low, max_momentum=high)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The learning rate of each parameter group at `last_epoch`."""
        (_, start, end, _, _), share = self._phase()
        return [self._between(group[start], group[end], share) for group in self.optimizer.param_groups]

    def _set(self) -> None:
        super()._set()
        if self.cycle_momentum:
            (_, _, _, start, end), share = self._phase()
            for group in self.optimizer.param_groups:
                momentum = self._between(group[start], group[end], share)
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum

    def _phase(self) -> tuple[Phase, float]:
        """The present phase, and which share of it is over."""
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is {self.total_steps}"
            )
        i = 0
        while i < len(self.phases) - 1 and step > self.phases[i][0]:
            i += 1
        start, end = self.phases[i - 1][0] if i else 0.0, self.phases[i][0]
        # A phase of no length is over at once.
        return self.phases[i], (step - start) / (end - start) if end > start else 1.0

    def _between(self, start: float, end: float, share: float) -> float:
        if self.anneal_strategy == "cos":
            share = (1 - math.cos(math.pi * share)) / 2
        return start + (end - start) * share


def _total_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        given = {"total_steps": total_steps}
    elif epochs is not None and steps_per_epoch is not None:
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    else:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {value}")
    return math.prod(given.values())
