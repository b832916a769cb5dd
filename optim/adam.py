"""Adam and AdamW: one update, two places for the weight decay."""

import math
from typing import Any, ClassVar

from minigrad.backend import Array, array_module
from optim.agr import AGR
from optim.fused import Kernel
from optim.optimizer import Group, Optimizer, Params


class Adam(Optimizer):
    """Adam: steps of the size lr, whatever the scale of the gradient.

    Parameters
    ----------
    params : iterable
        Tensors, named parameters, or dicts of parameter groups.
    lr : float
        Learning rate.
    betas : (float, float)
        Decay of the averages of the gradient (m) and of its square (v).
    eps : float
        Added to the square root of v, after the bias correction and outside the root.
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient, and so divided by sqrt(v) with it.
    amsgrad : bool
        Divide by the largest v so far.
    maximize : bool
        Ascend instead of descend.
    agr : bool or AGR
        Regularize the gradient first (see `optim.AGR`).

    References
    ----------
    D. Kingma, J. Ba: Adam, a method for stochastic optimization, Algorithm 1, arXiv:1412.6980.
    S. Reddi, S. Kale, S. Kumar: On the convergence of Adam and beyond (amsgrad), arXiv:1904.09237; as in
    PyTorch, the maximum is taken before the bias correction.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor([1.0, 1.0], requires_grad=True)
    >>> w.grad = mg.tensor([1000.0, -0.001])
    >>> Adam([w], lr=0.5).step()
    >>> [round(value, 3) for value in w.tolist()]
    [0.5, 1.5]
    """

    kernel: ClassVar[Kernel | None] = Kernel("adam", ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"))
    decoupled: ClassVar[bool] = False

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        agr: bool | AGR = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "agr": agr,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """Raise TypeError or ValueError if a hyper-parameter of `group` makes no sense."""
        super().check(group)
        self.check_betas(group, 2)

    def state_arrays(self, group: Group) -> tuple[str, ...]:
        """The averages m and v and, for amsgrad, the largest v."""
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 3 if group["amsgrad"] else 2]

    def update(self, w: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        """One step for one tensor."""
        xp = array_module(w)
        lr, weight_decay, eps = group["lr"], group["weight_decay"], group["eps"]
        beta1, beta2 = group["betas"]
        t, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]

        if weight_decay:
            if self.decoupled:
                # w <- w - lr lambda w
                w *= 1 - lr * weight_decay
            else:
                # g <- g + lambda w
                g = g + weight_decay * w

        # m_t = beta1 m_{t-1} + (1 - beta1) g_t
        m *= beta1
        m += (1 - beta1) * g
        # v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
        v *= beta2
        v += (1 - beta2) * g * g

        # amsgrad: s_t = max(s_{t-1}, v_t);  else s_t = v_t
        s = xp.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"]) if group["amsgrad"] else v

        # w_t = w_{t-1} - lr m^ / (sqrt(s^) + eps),  m^ = m_t / (1 - beta1^t),  s^ = s_t / (1 - beta2^t)
        w -= lr / (1 - beta1**t) * m / (xp.sqrt(s) / math.sqrt(1 - beta2**t) + eps)

    def kernel_arguments(self, step: int, group: Group) -> tuple[tuple[bool, ...], tuple[float, ...]]:
        """The switches and the numbers of `cuda/adam.cu`."""
        lr, weight_decay, (beta1, beta2) = group["lr"], group["weight_decay"], group["betas"]
        return (self.decoupled, group["amsgrad"]), (
            *(weight_decay, 1 - lr * weight_decay, beta1, 1 - beta1, beta2, 1 - beta2),
            *(lr / (1 - beta1**step), math.sqrt(1 - beta2**step), group["eps"]),
        )

    def update_in_place(
        self, w: Array, g: Array, state: dict[str, Any], group: Group, t: Array, h: Array
    ) -> None:
        """`update`, line by line, without temporary arrays."""
        xp = array_module(w)
        weight_decay, (beta1, beta2) = group["weight_decay"], group["betas"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        correction = math.sqrt(1 - beta2 ** state["step"])

        if weight_decay:
            if self.decoupled:
                w *= 1 - group["lr"] * weight_decay
            else:
                xp.multiply(w, weight_decay, out=t)
                g = xp.add(g, t, out=h)

        m *= beta1
        m += xp.multiply(g, 1 - beta1, out=t)
        v *= beta2
        xp.multiply(g, math.sqrt(1 - beta2), out=t)
        v += xp.square(t, out=t)
        s = xp.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"]) if group["amsgrad"] else v

        # m^ / (sqrt(s^) + eps) with the bias corrections taken out of the fraction, as one factor
        xp.sqrt(s, out=t)
        t += group["eps"] * correction
        xp.divide(m, t, out=t)
        t *= group["lr"] * correction / (1 - beta1 ** state["step"])
        w -= t


class AdamW(Adam):
    """Adam with decoupled weight decay: the parameter itself shrinks by lr * weight_decay a step.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, amsgrad, maximize, agr
        As for `Adam`, but the weight decay does not pass through m and v.

    References
    ----------
    I. Loshchilov, F. Hutter: Decoupled weight decay regularization, Algorithm 2, arXiv:1711.05101; as in
    PyTorch, the decay is multiplied by lr. With `agr=True` this is the AdamW(AGR) of arXiv:2407.16944.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor([2.0], requires_grad=True)
    >>> w.grad = mg.tensor([0.0])
    >>> AdamW([w], lr=0.5, weight_decay=0.5).step()
    >>> w.tolist()
    [1.5]
    """

    decoupled: ClassVar[bool] = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        agr: bool | AGR = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, agr=agr)
