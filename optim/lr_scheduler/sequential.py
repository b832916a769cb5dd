"""Schedules one after the other, and the usual pair of them: warm-up and cosine."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from optim.lr_scheduler.decay import CosineAnnealingLR, LinearLR
from optim.lr_scheduler.scheduler import LRScheduler
from optim.optimizer import Optimizer


class SequentialLR(LRScheduler):
    """One schedule after the other; each starts at its own epoch 0.

    Parameters
    ----------
    optimizer : Optimizer
    schedulers : list of LRScheduler
        All of this optimizer.
    milestones : list of int
        The epochs at which the second, third, ... of them begins.
    last_epoch : int

    Raises
    ------
    ValueError
        If there is not one milestone less than schedulers, or one schedules another optimizer.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "SequentialLR expects one scheduler more than milestones, "
                f"got {len(schedulers)} schedulers and {len(milestones)} milestones"
            )
        for i, scheduler in enumerate(schedulers):
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    "SequentialLR expects all schedulers to belong to the same optimizer, "
                    f"but {type(scheduler).__name__} at index {i} has another one"
                )
        self.schedulers = list(schedulers)
        self.milestones = list(milestones)
        super().__init__(optimizer, last_epoch)

    def _set(self) -> None:
        i = bisect_right(self.milestones, self.last_epoch)
        current = self.schedulers[i]
        current.last_epoch = self.last_epoch - (self.milestones[i - 1] if i else 0)
        current._set()
        self._last_lr = current.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, in plain values."""
        return {**super().state_dict(), "schedulers": [child.state_dict() for child in self.schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned; the optimizer's own state holds the learning rates."""
        super().load_state_dict({**state_dict, "schedulers": self.schedulers})
        for child, saved in zip(self.schedulers, state_dict["schedulers"], strict=True):
            child.load_state_dict(saved)


def warmup_cosine(
    optimizer: Optimizer, warmup_steps: int, total_steps: int, eta_min: float = 0.0
) -> SequentialLR | CosineAnnealingLR:
    """A linear warm-up, then half a cosine down to `eta_min`: the usual schedule of transformers.

    Step k of the warm-up (from 0) has the learning rate base_lr (k + 1) / (warmup_steps + 1).

    Parameters
    ----------
    optimizer : Optimizer
    warmup_steps : int
        0 for none.
    total_steps : int
        Of warm-up and descent together.
    eta_min : float

    Raises
    ------
    ValueError
        Unless 0 <= warmup_steps < total_steps.

    Examples
    --------
    >>> import minigrad as mg
    >>> import optim
    >>> scheduler = warmup_cosine(optim.SGD([mg.zeros(1)], lr=1.0), warmup_steps=1, total_steps=3)
    >>> for step in range(4):
    ...     print(round(*scheduler.get_last_lr(), 2))
    ...     scheduler.step()
    0.5
    1.0
    0.5
    0.0
    """
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(
            f"warmup_cosine: expected 0 <= warmup_steps < total_steps, got {warmup_steps} and {total_steps}"
        )
    if not warmup_steps:
        return CosineAnnealingLR(optimizer, total_steps, eta_min)
    warmup = LinearLR(optimizer, start_factor=1 / (warmup_steps + 1), total_iters=warmup_steps)
    cosine = CosineAnnealingLR(optimizer, total_steps - warmup_steps, eta_min)
    return SequentialLR(optimizer, [warmup, cosine], [warmup_steps])
