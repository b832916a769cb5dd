"""Steps of an optimizer with AGR: in ours an option, in PyTorch written before the step."""

from dataclasses import dataclass
from typing import Any

from benchmarks.library import Library
from benchmarks.workloads.base import Workload
from benchmarks.workloads.optimizers import OptimizerStep, OptimizerWorkload


@dataclass
class WithAGR(Workload):
    """An optimizer's workload, every gradient regularized first."""

    optimizer: OptimizerWorkload

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.optimizer.name}-agr"

    @property
    def title(self) -> str:
        return self.optimizer.title.replace(",", "(AGR),", 1)

    def side(self, lib: Library, settings: str = "default") -> OptimizerStep:
        def optimizer(params: list[Any], **options: Any) -> Any:
            return self.optimizer.optimizer(lib, settings, params, **options)

        if hasattr(lib.optim, "AGR"):
            return OptimizerStep(self.optimizer.shapes, lib, lambda params: optimizer(params, agr=True))
        return RegularizedStep(self.optimizer.shapes, lib, optimizer)


class RegularizedStep(OptimizerStep):
    """g (1 - |g| / sum |g|) by PyTorch's functions on lists of tensors, then the step."""

    def run(self) -> None:
        torch = self.lib.top
        gradients = [weight.grad for weight in self.weights]
        shares = torch._foreach_abs(gradients)
        torch._foreach_div_(shares, torch._foreach_norm(gradients, 1))
        for weight, g in zip(
            self.weights, torch._foreach_addcmul(gradients, gradients, shares, value=-1), strict=True
        ):
            weight.grad = g
        super().run()
