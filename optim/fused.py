"""Updates on a GPU: one launch for all parameters of a group, in place of a dozen for each.

The kernels, `cuda/*.cu`, are the lines of `update` once more, for one element. A launch takes the parameters
that share a dtype, a device and a number of updates, so that its numbers are the same for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.backend import Array, array_module, is_array
from minigrad.backend.cuda import TensorTable, chunk_count, runs_kernels
from minigrad.mutation import mutated
from minigrad.tensor import Tensor
from optim.gradient import Gradient

if TYPE_CHECKING:
    from optim.optimizer import Optimizer

Update: TypeAlias = tuple[Tensor, Gradient, dict[str, Any]]
"""A parameter, its gradient and its state."""

FOLDER = Path(__file__).parent / "cuda"


@dataclass(frozen=True)
class Kernel:
    """What stands for an optimizer's `update` on a GPU.

    Parameters
    ----------
    name : str
        Of the kernel and of its source, `cuda/<name>.cu`.
    arrays : tuple of str
        The state that it finds in a row after the parameter, in this order; what is not kept is null.
    """

    name: str
    arrays: tuple[str, ...]


def kernel_of(optimizer: type) -> Kernel | None:
    """The kernel of a class; None where a subclass has written its own `update` and no kernel for it."""
    for cls in optimizer.__mro__:
        if "kernel" in vars(cls) or "update" in vars(cls):
            return vars(cls).get("kernel")
    return None


def update(
    optimizer: "Optimizer", params: Sequence[Tensor], gradients: Sequence[Gradient], group: dict[str, Any]
) -> list[tuple[Tensor, Gradient]]:
    """Update the parameters that a kernel takes, and return the others."""
    kernel, others = kernel_of(type(optimizer)), []
    launches: dict[Any, list[Update]] = {}
    for p, gradient in zip(params, gradients, strict=True):
        if kernel is None or not runs_kernels(p.data, gradient.array):
            others.append((p, gradient))
            continue
        state = optimizer.next_state(p, group)
        launches.setdefault((p.device, p.dtype, state["step"]), []).append((p, gradient, state))
    for (_, _, step), updates in launches.items():
        assert kernel is not None
        switches, numbers = optimizer.kernel_arguments(step, group)
        _launch(kernel, updates, (*map(bool, switches), *map(float, numbers)))
    return others


def _launch(kernel: Kernel, updates: list[Update], arguments: tuple[float, ...]) -> None:
    shares = _shares([gradient.array for _, gradient, _ in updates if gradient.pending])
    rows = []
    for p, gradient, state in updates:
        share = next(shares) if gradient.pending else None
        rows.append([gradient.array, share, p.data, *(state.get(name) for name in kernel.arrays)])
    # A factor is a number, or in the GPU's memory, where the step that computes it need not wait for it.
    factor = updates[0][1].factor
    factors = (1.0, factor) if is_array(factor) else (1.0 if factor is None else factor, None)
    TensorTable(rows).launch(FOLDER / f"{kernel.name}.cu", kernel.name, (*factors, *arguments))
    for p, _, _ in updates:
        mutated(p.data)


def _shares(grads: list[Array]) -> Any:
    """For each gradient what Psi has to know of it, three numbers that stay on the GPU."""
    if not grads:
        return iter(())
    xp = array_module(grads[0])
    *first, chunks = accumulate(map(chunk_count, grads), initial=0)
    table = TensorTable(list(zip(grads, first, strict=True)))
    parts, shares = xp.empty((chunks, 3)), xp.empty((len(grads), 3))
    table.launch(FOLDER / "psi.cu", "psi_of_chunks", (parts,))
    table.launch_per_tensor(FOLDER / "psi.cu", "psi_of_tensors", (parts, shares))
    return iter(shares)
