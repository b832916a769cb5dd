"""Stochastic gradient descent."""

from typing import Any, ClassVar

from minigrad.backend import Array, array_module
from optim.agr import AGR
from optim.fused import Kernel
from optim.optimizer import Group, Optimizer, Params


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

    Parameters
    ----------
    params : iterable
        Tensors, named parameters, or dicts of parameter groups.
    lr : float
        Learning rate.
    momentum : float
        Share of the last velocity that is kept.
    dampening : float
        Share of the gradient that is kept out of the velocity, from the second step on.
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient.
    nesterov : bool
        Look ahead along the velocity.
    maximize : bool
        Ascend instead of descend.
    agr : bool or AGR
        Regularize the gradient first (see `optim.AGR`).

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and momentum in deep
    learning, 2013. As in PyTorch, the velocity does not contain the learning rate.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor([1.0, -2.0], requires_grad=True)
    >>> w.grad = mg.tensor([1.0, 2.0])
    >>> SGD([w], lr=0.5).step()
    >>> w.tolist()
    [0.5, -3.0]
    """

    kernel: ClassVar[Kernel | None] = Kernel("sgd", ("momentum_buffer",))

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        agr: bool | AGR = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "agr": agr,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """Raise TypeError or ValueError if a hyper-parameter of `group` makes no sense."""
        super().check(group)
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def state_arrays(self, group: Group) -> tuple[str, ...]:
        """The velocity b, if there is momentum."""
        return ("momentum_buffer",) if group["momentum"] else ()

    def update(self, w: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        """One step for one tensor."""
        momentum = group["momentum"]

        # g <- g + lambda w
        if group["weight_decay"]:
            g = g + group["weight_decay"] * w

        if momentum:
            b = state["momentum_buffer"]
            # b_t = mu b_{t-1} + (1 - dampening) g_t,  but b_1 = g_1
            b *= momentum
            b += g if state["step"] == 1 else (1 - group["dampening"]) * g
            # Nesterov: g_t + mu b_t;  else b_t
            g = g + momentum * b if group["nesterov"] else b

        # w_t = w_{t-1} - lr g
        w -= group["lr"] * g

    def kernel_arguments(self, step: int, group: Group) -> tuple[tuple[bool, ...], tuple[float, ...]]:
        """The switches and the numbers of `cuda/sgd.cu`."""
        kept = 1 if step == 1 else 1 - group["dampening"]
        return (group["nesterov"],), (group["lr"], group["momentum"], kept, group["weight_decay"])

    def update_in_place(
        self, w: Array, g: Array, state: dict[str, Any], group: Group, t: Array, h: Array
    ) -> None:
        """`update`, line by line, without temporary arrays."""
        xp, momentum, dampening = array_module(w), group["momentum"], group["dampening"]
        if group["weight_decay"]:
            xp.multiply(w, group["weight_decay"], out=t)
            g = xp.add(g, t, out=h)
        if momentum:
            b = state["momentum_buffer"]
            b *= momentum
            b += g if state["step"] == 1 or not dampening else xp.multiply(g, 1 - dampening, out=t)
            if group["nesterov"]:
                xp.multiply(b, momentum, out=t)
                g = xp.add(g, t, out=h)
            else:
                g = b
        w -= xp.multiply(g, group["lr"], out=t)
