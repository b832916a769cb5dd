"""What all learning-rate schedules share."""

from collections.abc import Sequence
from typing import Any

from optim.optimizer import Optimizer


class LRScheduler:
    """Base class of all schedules; a subclass defines `get_lr`.

    Parameters
    ----------
    optimizer : Optimizer
        Its groups get an entry `initial_lr`.
    last_epoch : int
        The last epoch already done; -1 to start.

    Attributes
    ----------
    base_lrs : list of float
        The learning rate of each parameter group before any schedule.
    last_epoch : int
        The epoch whose learning rate is set now.

    Raises
    ------
    TypeError
        If `optimizer` is none.
    KeyError
        If `last_epoch` is given for an optimizer that has not been scheduled before.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        refuse_other_than_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"'initial_lr' is not specified in param_groups[{i}]: to resume with last_epoch="
                    f"{last_epoch}, first load the optimizer's state"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def get_lr(self) -> list[float]:
        """The learning rate of each parameter group at `last_epoch`."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """The learning rates that were set last, one for each parameter group."""
        return self._last_lr

    def step(self) -> None:
        """Go to the next epoch; call it after the optimizer's `step`."""
        self.last_epoch += 1
        self._set()

    def _set(self) -> None:
        self._last_lr = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, in plain values."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` returned; the optimizer's own state holds the learning rates.

        Raises
        ------
        ValueError
            If it comes from another kind of schedule.
        """
        other = set(state_dict) ^ set(self.state_dict())
        if other:
            raise ValueError(
                f"{type(self).__name__}: the loaded state is that of another schedule: "
                f"only one of the two has {', '.join(sorted(other))}"
            )
        self.__dict__.update(state_dict)


def refuse_other_than_optimizer(optimizer: Optimizer) -> None:
    """Raise TypeError if `optimizer` is none."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def for_each_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """One value for each parameter group, given one for all or a sequence of them.

    Raises
    ------
    ValueError
        If the sequence has another length.
    """
    refuse_other_than_optimizer(optimizer)
    count = len(optimizer.param_groups)
    if not isinstance(value, Sequence):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} needs one value for each of the {count} parameter groups, got {len(value)}")
    return list(value)


def positive(name: str, value: int) -> int:
    """`value`, if it is at least 1.

    Raises
    ------
    ValueError
        If it is not.
    """
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return value
