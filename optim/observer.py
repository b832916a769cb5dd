"""What may look on while an optimizer steps."""

from typing import TYPE_CHECKING, Protocol

from minigrad.tensor import Tensor
from optim.gradient import Gradient
from optim.saving import Group

if TYPE_CHECKING:
    from optim.optimizer import Optimizer


class Observer(Protocol):
    """An entry of `Optimizer.observers`."""

    def before_update(
        self, optimizer: "Optimizer", group: Group, params: list[Tensor], gradients: list[Gradient]
    ) -> None:
        """Called at every step for each parameter group, just before its update; must not change anything.

        Parameters
        ----------
        optimizer : Optimizer
        group : dict
        params : list of Tensor
            Those of the group that have a gradient.
        gradients : list of Gradient
            What their updates will get.
        """
