"""RMSprop."""

import math
from typing import Any, ClassVar

from minigrad.backend import Array, array_module
from optim.agr import AGR
from optim.fused import Kernel
from optim.optimizer import Group, Optimizer, Params


class RMSprop(Optimizer):
    """RMSprop: the gradient divided by the root of its mean square.

    Parameters
    ----------
    params : iterable
        Tensors, named parameters, or dicts of parameter groups.
    lr : float
        Learning rate.
    alpha : float
        Decay of the averages.
    eps : float
        Added to the root.
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient.
    momentum : float
        Share of the last step that is kept.
    centered : bool
        Divide by the standard deviation: subtract the squared mean from the mean square.
    maximize : bool
        Ascend instead of descend.
    agr : bool or AGR
        Regularize the gradient first (see `optim.AGR`).

    References
    ----------
    G. Hinton: Neural networks for machine learning, lecture 6e, 2012.
    A. Graves: Generating sequences with recurrent neural networks (centered), arXiv:1308.0850.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor([1.0, 1.0], requires_grad=True)
    >>> w.grad = mg.tensor([1000.0, -0.001])
    >>> RMSprop([w], lr=0.5, alpha=0.75).step()
    >>> [round(value, 2) for value in w.tolist()]
    [0.0, 2.0]
    """

    kernel: ClassVar[Kernel | None] = Kernel("rmsprop", ("square_avg", "momentum_buffer", "grad_avg"))

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
        agr: bool | AGR = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
            "agr": agr,
        }
        super().__init__(params, defaults)

    def state_arrays(self, group: Group) -> tuple[str, ...]:
        """The mean square v and, where asked for, the velocity b and the mean g_bar."""
        momentum = ("momentum_buffer",) if group["momentum"] else ()
        centered = ("grad_avg",) if group["centered"] else ()
        return ("square_avg", *momentum, *centered)

    def update(self, w: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        """One step for one tensor."""
        xp = array_module(w)
        alpha, v = group["alpha"], state["square_avg"]

        # g <- g + lambda w
        if group["weight_decay"]:
            g = g + group["weight_decay"] * w

        # v_t = alpha v_{t-1} + (1 - alpha) g_t^2
        v *= alpha
        v += (1 - alpha) * g * g

        if group["centered"]:
            # g_bar_t = alpha g_bar_{t-1} + (1 - alpha) g_t;  variance = v_t - g_bar_t^2
            g_bar = state["grad_avg"]
            g_bar *= alpha
            g_bar += (1 - alpha) * g
            variance = xp.maximum(v - g_bar * g_bar, 0)  # rounding can make it negative
        else:
            variance = v

        # u_t = g_t / (sqrt(variance) + eps)
        u = g / (xp.sqrt(variance) + group["eps"])
        if group["momentum"]:
            # b_t = mu b_{t-1} + u_t
            b = state["momentum_buffer"]
            b *= group["momentum"]
            b += u
            u = b

        # w_t = w_{t-1} - lr u
        w -= group["lr"] * u

    def kernel_arguments(self, step: int, group: Group) -> tuple[tuple[bool, ...], tuple[float, ...]]:
        """The switches and the numbers of `cuda/rmsprop.cu`."""
        alpha = group["alpha"]
        others = (group["eps"], group["weight_decay"], group["momentum"])
        return (group["centered"],), (group["lr"], alpha, 1 - alpha, *others)

    def update_in_place(
        self, w: Array, g: Array, state: dict[str, Any], group: Group, t: Array, h: Array
    ) -> None:
        """`update`, line by line, without temporary arrays."""
        xp, alpha, v = array_module(w), group["alpha"], state["square_avg"]
        if group["weight_decay"]:
            xp.multiply(w, group["weight_decay"], out=t)
            g = xp.add(g, t, out=h)
        v *= alpha
        xp.multiply(g, math.sqrt(1 - alpha), out=t)
        v += xp.square(t, out=t)
        if group["centered"]:
            g_bar = state["grad_avg"]
            g_bar *= alpha
            g_bar += xp.multiply(g, 1 - alpha, out=t)
            xp.square(g_bar, out=t)
            xp.subtract(v, t, out=t)
            xp.maximum(t, 0, out=t)
            xp.sqrt(t, out=t)
        else:
            xp.sqrt(v, out=t)
        t += group["eps"]
        u = xp.divide(g, t, out=t)
        if group["momentum"]:
            b = state["momentum_buffer"]
            b *= group["momentum"]
            b += u
            u = xp.multiply(b, group["lr"], out=t)
        else:
            u *= group["lr"]
        w -= u
