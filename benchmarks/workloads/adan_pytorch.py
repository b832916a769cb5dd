"""Adan for PyTorch, which has none: Algorithm 1 of Xie et al. (2022), arXiv:2208.06677.

Betas are decays, as in the authors' code (the paper's are 1 minus these). The `torch._foreach_*` functions
take lists of tensors, which is how PyTorch's own optimizers are written.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch


class Adan(torch.optim.Optimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "t": 0})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            group["t"] += 1
            self._step(group, [p for p in group["params"] if p.grad is not None])

    def _step(self, group: dict[str, Any], params: list[Any]) -> None:
        grads = [p.grad for p in params]
        for p, grad in zip(params, grads, strict=True):
            if not self.state[p]:
                self.state[p] = {name: torch.zeros_like(p) for name in "mvn"} | {"last": grad.clone()}
        m, v, n, last = ([self.state[p][name] for p in params] for name in ("m", "v", "n", "last"))
        beta1, beta2, beta3 = group["betas"]
        corrections = [1 - beta ** group["t"] for beta in group["betas"]]

        differences = torch._foreach_sub(grads, last)
        torch._foreach_lerp_(m, grads, 1 - beta1)
        torch._foreach_lerp_(v, differences, 1 - beta2)
        torch._foreach_mul_(differences, beta2)
        torch._foreach_add_(differences, grads)  # the gradient where the step would lead
        torch._foreach_mul_(n, beta3)
        torch._foreach_addcmul_(n, differences, differences, 1 - beta3)

        denominator = torch._foreach_sqrt(n)
        torch._foreach_div_(denominator, math.sqrt(corrections[2]))
        torch._foreach_add_(denominator, group["eps"])
        torch._foreach_addcdiv_(params, m, denominator, -group["lr"] / corrections[0])
        torch._foreach_addcdiv_(params, v, denominator, -group["lr"] * beta2 / corrections[1])
        torch._foreach_div_(params, 1 + group["lr"] * group["weight_decay"])
        torch._foreach_copy_(last, grads)
