"""What may look on while an optimizer steps."""

from typing import TYPE_CHECKING, Protocol

from minigrad.tensor import Tensor
from optim.gradient import Gradient
from optim.saving import Group

if TYPE_CHECKING:
    from optim.optimizer import Optimizer


class Observer(Protocol):
    """An entry of `Optimizer.observers`: called at every step, once for each parameter group.

    It must leave everything as it is.
    """

    def before(
        self, optimizer: "Optimizer", group: Group, params: list[Tensor], gradients: list[Gradient]
    ) -> None:
        """Called before the update of `params`, those of the group's parameters that have a gradient."""

    def after(self, optimizer: "Optimizer", group: Group, params: list[Tensor]) -> None:
        """Called when they are updated."""
