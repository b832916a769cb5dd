"""Adan as a plain PyTorch optimizer, from its algorithm box, with the authors' options and state."""

import torch


class Adan(torch.optim.Optimizer):
    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.98, 0.92, 0.99),
        eps=1e-8,
        weight_decay=0.0,
        max_grad_norm=0.0,
        no_prox=False,
    ):
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "max_grad_norm": max_grad_norm,
                "no_prox": no_prox,
            },
        )

    @torch.no_grad()
    def step(self):
        clip = self._clip_coefficient()
        for group in self.param_groups:
            group["step"] = group.get("step", 0) + 1
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, clip * p.grad, group)

    def _clip_coefficient(self):
        limit = self.param_groups[0]["max_grad_norm"]
        grads = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
        norm = torch.sqrt(sum(g.double().square().sum() for g in grads))
        return min(1.0, limit / (float(norm) + self.param_groups[-1]["eps"])) if limit else 1.0

    def _update(self, p, g, group):
        t, (b1, b2, b3), lr, decay = group["step"], group["betas"], group["lr"], group["weight_decay"]
        state = self.state[p]
        if "neg_pre_grad" not in state:
            for name in ("exp_avg", "exp_avg_diff", "exp_avg_sq"):
                state[name] = torch.zeros_like(p)
            state["neg_pre_grad"] = -g
        d = g + state["neg_pre_grad"]
        m = state["exp_avg"] = b1 * state["exp_avg"] + (1 - b1) * g
        v = state["exp_avg_diff"] = b2 * state["exp_avg_diff"] + (1 - b2) * d
        n = state["exp_avg_sq"] = b3 * state["exp_avg_sq"] + (1 - b3) * (g + b2 * d) ** 2
        u = (m / (1 - b1**t) + b2 * v / (1 - b2**t)) / ((n / (1 - b3**t)).sqrt() + group["eps"])
        if group["no_prox"]:
            p.mul_(1 - lr * decay).sub_(lr * u)
        else:
            p.sub_(lr * u).div_(1 + lr * decay)
        state["neg_pre_grad"] = -g
