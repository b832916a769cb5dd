"""Adan: Adam with Nesterov's look-ahead, from the difference of two gradients."""

import math
from typing import Any, ClassVar

from minigrad.backend import Array, array_module
from minigrad.tensor import Tensor
from optim.agr import AGR
from optim.fused import Kernel
from optim.gradient import Gradient
from optim.optimizer import Group, Optimizer, Params


class Adan(Optimizer):
    """Adaptive Nesterov momentum.

    Parameters
    ----------
    params : iterable
        Tensors, named parameters, or dicts of parameter groups.
    lr : float
        Learning rate.
    betas : (float, float, float)
        Decay of the averages of the gradient (m), of its differences (v) and of the squared look-ahead (n).
        These are decays, as in the authors' code: the paper's betas are 1 minus these.
    eps : float
        Added to the square root of n, after the bias correction.
    weight_decay : float
        Decoupled weight decay.
    max_grad_norm : float
        If above 0, all gradients together are scaled down to at most this L2 norm. One value for all groups.
    no_prox : bool
        Decay before the step, as in AdamW, in place of the proximal step.
    agr : bool or AGR
        Regularize the gradient (see `optim.AGR`). `max_grad_norm` still refers to the raw gradients.

    Notes
    -----
    As in the authors' code the bias correction counts the steps of the group, not of the parameter. Their
    norm is summed in float32; ours is summed in float64.

    References
    ----------
    X. Xie, P. Zhou, H. Li, Z. Lin, S. Yan: Adan, adaptive Nesterov momentum algorithm for faster optimizing
    deep models, Algorithm 1 (line 7 is the proximal step), arXiv:2208.06677, and github.com/sail-sg/Adan.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor([1.0, 1.0], requires_grad=True)
    >>> w.grad = mg.tensor([1000.0, -0.001])
    >>> Adan([w], lr=0.5).step()
    >>> [round(value, 3) for value in w.tolist()]
    [0.5, 1.5]
    """

    kernel: ClassVar[Kernel | None] = Kernel(
        "adan", ("exp_avg", "exp_avg_sq", "exp_avg_diff", "neg_pre_grad")
    )

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        max_grad_norm: float = 0.0,
        no_prox: bool = False,
        agr: bool | AGR = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "max_grad_norm": max_grad_norm,
            "no_prox": no_prox,
            "agr": agr,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """Raise TypeError or ValueError if a hyper-parameter of `group` makes no sense."""
        super().check(group)
        self.check_betas(group, 3)

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters, as in `Optimizer`; but `max_grad_norm` cannot differ between groups."""
        limit = self.defaults["max_grad_norm"]
        if isinstance(param_group, dict) and param_group.get("max_grad_norm", limit) != limit:
            raise ValueError(
                "Adan: max_grad_norm limits the norm of all gradients together, so a parameter group cannot "
                f"have its own: got {param_group['max_grad_norm']}, the optimizer has {limit}"
            )
        super().add_param_group(param_group)

    def state_arrays(self, group: Group) -> tuple[str, ...]:
        """The averages m, n and v, and the last gradient, negated."""
        return ("exp_avg", "exp_avg_sq", "exp_avg_diff", "neg_pre_grad")

    def gradients(self, params: list[Tensor], group: Group) -> list[Gradient]:
        """The gradients as the update gets them: regularized, times the clip coefficient of the raw ones."""
        gradients = super().gradients(params, group)
        c = self._clip_coefficient()
        return gradients if c is None else [g.scaled(c) for g in gradients]

    def _clip_coefficient(self) -> Any:
        """min(1, max_grad_norm / (norm + eps)), with the eps of the last group; None if there is no limit."""
        limit, eps = self.param_groups[0]["max_grad_norm"], self.param_groups[-1]["eps"]
        if not limit:
            return None
        squares = [_sum_of_squares(p.grad.data) for p in self._params() if p.grad is not None]
        if not squares:
            return None
        xp = array_module(*squares)
        return xp.minimum(limit / (xp.sqrt(sum(squares)) + eps), 1.0)

    def update(self, w: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        """One step for one tensor."""
        xp = array_module(w)
        lr, weight_decay, eps, t = group["lr"], group["weight_decay"], group["eps"], group["step"]
        beta1, beta2, beta3 = group["betas"]
        m, v, n = state["exp_avg"], state["exp_avg_diff"], state["exp_avg_sq"]

        # d_t = g_t - g_{t-1},  but d = 0 at the first gradient of the parameter
        d = g + state["neg_pre_grad"] if state["step"] > 1 else xp.zeros_like(g)
        # m_t = beta1 m_{t-1} + (1 - beta1) g_t
        m *= beta1
        m += (1 - beta1) * g
        # v_t = beta2 v_{t-1} + (1 - beta2) d_t
        v *= beta2
        v += (1 - beta2) * d
        # n_t = beta3 n_{t-1} + (1 - beta3) (g_t + beta2 d_t)^2
        ahead = g + beta2 * d
        n *= beta3
        n += (1 - beta3) * ahead * ahead

        # u_t = (m^ + beta2 v^) / (sqrt(n^) + eps),  where ^ divides by 1 - beta^t
        u = m / (1 - beta1**t) + beta2 / (1 - beta2**t) * v
        u /= xp.sqrt(n) / math.sqrt(1 - beta3**t) + eps
        if group["no_prox"]:
            # w_t = (1 - lr lambda) w_{t-1} - lr u_t
            w *= 1 - lr * weight_decay
            w -= lr * u
        else:
            # w_t = (w_{t-1} - lr u_t) / (1 + lr lambda)
            w -= lr * u
            w /= 1 + lr * weight_decay
        xp.negative(g, out=state["neg_pre_grad"])

    def kernel_arguments(self, step: int, group: Group) -> tuple[tuple[bool, ...], tuple[float, ...]]:
        """The switches and the numbers of `cuda/adan.cu`."""
        lr, weight_decay, t = group["lr"], group["weight_decay"], group["step"]
        beta1, beta2, beta3 = group["betas"]
        return (step == 1, group["no_prox"]), (
            *(lr, group["eps"]),
            *(beta1, 1 - beta1, beta2, 1 - beta2, beta3, 1 - beta3),
            *(1 - beta1**t, beta2 / (1 - beta2**t), math.sqrt(1 - beta3**t)),
            *(1 - lr * weight_decay, 1 + lr * weight_decay),
        )

    def update_in_place(
        self, w: Array, g: Array, state: dict[str, Any], group: Group, t: Array, h: Array
    ) -> None:
        """`update`, line by line, without temporary arrays: what was the last gradient holds d and u."""
        xp = array_module(w)
        lr, weight_decay, steps = group["lr"], group["weight_decay"], group["step"]
        beta1, beta2, beta3 = group["betas"]
        m, v, n = state["exp_avg"], state["exp_avg_diff"], state["exp_avg_sq"]
        correction = math.sqrt(1 - beta3**steps)

        d = state["neg_pre_grad"]
        if state["step"] > 1:
            d += g
        else:
            d[...] = 0
        m *= beta1
        m += xp.multiply(g, 1 - beta1, out=t)
        v *= beta2
        v += xp.multiply(d, 1 - beta2, out=t)
        d *= beta2
        d += g
        xp.multiply(d, math.sqrt(1 - beta3), out=t)
        n *= beta3
        n += xp.square(t, out=t)

        # (m^ + beta2 v^) / (sqrt(n^) + eps) with two of the bias corrections taken out of the fraction
        u = xp.multiply(v, beta2 * (1 - beta1**steps) / (1 - beta2**steps), out=d)
        u += m
        xp.sqrt(n, out=t)
        t += group["eps"] * correction
        u /= t
        u *= lr * correction / (1 - beta1**steps)
        if group["no_prox"]:
            w *= 1 - lr * weight_decay
            w -= u
        else:
            w -= u
            w *= 1 / (1 + lr * weight_decay)
        xp.negative(g, out=state["neg_pre_grad"])


def _sum_of_squares(g: Array) -> Any:
    g = g.astype("float64", copy=False)
    return (g * g).sum()
