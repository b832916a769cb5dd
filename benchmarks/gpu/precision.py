"""How exactly products are computed: float32 as it says, or the faster and coarser ways of a GPU.

`float32` switches TensorFloat-32 off on both sides; PyTorch's convolutions would use it by default. `tf32`
switches it on, on both sides. `float16` and `bfloat16` are mixed precision: weights and sums in float32,
products in the shorter type, and for float16 the loss is scaled so that small gradients do not vanish.
"""

from typing import Any

from benchmarks.library import Library
from benchmarks.workloads.base import Training, TrainingStep

PRECISIONS = ("float32", "tf32", "float16", "bfloat16")
MIXED = ("float16", "bfloat16")


def set_products(lib: Library, precision: str) -> None:
    """Let the framework use TensorFloat-32, or not."""
    tf32 = precision == "tf32"
    if tf32 or hasattr(lib.top, "set_float32_matmul_precision"):
        _offered(lib, "set_float32_matmul_precision")("high" if tf32 else "highest")
    if lib.top.__name__ == "torch":
        lib.top.backends.cudnn.allow_tf32 = tf32


class MixedStep(TrainingStep):
    """A training step in mixed precision, as PyTorch's documentation writes it."""

    def __init__(self, workload: Training, lib: Library, network: Any, optimizer: Any, dtype: str) -> None:
        super().__init__(workload, lib, network, optimizer)
        self.autocast, self.dtype = _offered(lib, "autocast"), getattr(lib.top, dtype, dtype)
        self.device = lib.device.partition(":")[0]
        # Not the usual 65536: it starts with steps that overflow and are left out, to find a smaller scale.
        self.scaler = _offered(lib, "amp").GradScaler(
            self.device, init_scale=1024.0, enabled=dtype == "float16"
        )

    def output(self) -> Any:
        with self.autocast(self.device, dtype=self.dtype):
            return super().output().float()  # NumPy has no bfloat16

    def run(self) -> None:
        with self.autocast(self.device, dtype=self.dtype):
            loss = self.workload.loss(self.lib, self.network, self.x, self.labels)
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.last = loss.item()


def in_precision(step: TrainingStep, precision: str) -> TrainingStep:
    """The same step in this precision."""
    if precision not in MIXED:
        return step
    mixed = MixedStep(step.workload, step.lib, step.network, step.optimizer, precision)
    mixed.x = step.x  # in its own memory format
    return mixed


def _offered(lib: Library, name: str) -> Any:
    value = getattr(lib.top, name, None)
    if value is None:
        raise ValueError(f"{lib.top.__name__}.{name} does not exist: this precision needs it")
    return value
