"""A table of what happens to an input on its way through a model."""

from dataclasses import dataclass
from typing import Any

from minigrad.nn.module import Module
from minigrad.tensor import Tensor, no_grad


@dataclass(frozen=True)
class Row:
    """One call of a module.

    Attributes
    ----------
    name : str
        Its path in the model, indented by its depth, and its class.
    shape : str
        Of its output.
    parameters : int
        How many numbers it and the modules inside it have learned; shared ones count once.
    memory : int
        Bytes of its output.
    """

    name: str
    shape: str
    parameters: int
    memory: int


@dataclass(frozen=True)
class Summary:
    """What `summary` returns; it prints as a table.

    Attributes
    ----------
    rows : tuple of Row
        In the order in which the modules were called.
    parameters : int
        Of the whole model.
    memory : int
        Bytes of parameters and buffers.
    activations : int
        Bytes of all outputs of modules that have no others inside.
    """

    rows: tuple[Row, ...]
    parameters: int
    memory: int
    activations: int

    def __repr__(self) -> str:
        table = [("layer", "output shape", "parameters", "memory")]
        table += [(row.name, row.shape, f"{row.parameters:,}", size_text(row.memory)) for row in self.rows]
        widths = [max(len(cells[i]) for cells in table) for i in range(4)]
        lines = [
            f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}  {memory:>{widths[3]}}"
            for name, shape, count, memory in table
        ]
        rule = "-" * len(lines[0])
        total = (
            f"{self.parameters:,} parameters; {size_text(self.memory)} of parameters and buffers, "
            f"{size_text(self.activations)} of outputs"
        )
        return "\n".join([lines[0], rule, *lines[1:], rule, total])


def summary(model: Module, *inputs: Any) -> Summary:
    """Run a model once and report each layer's output shape, number of parameters and memory.

    The model runs in evaluation mode and without gradients, and is left as it was.

    Parameters
    ----------
    model : Module
    *inputs : Tensor
        What the model is called with, such as one batch.

    Returns
    -------
    Summary
        Prints as a table.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> summary(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), mg.zeros(2, 4))
    layer        output shape  parameters  memory
    ---------------------------------------------
    Sequential   (2, 8)                40    64 B
      0: Linear  (2, 8)                40    64 B
      1: ReLU    (2, 8)                 0    64 B
    ---------------------------------------------
    40 parameters; 160 B of parameters and buffers, 128 B of outputs
    """
    rows: list[Row | None] = []
    places: list[int] = []  # of the modules that are being called now: their rows wait for their outputs
    names = {module: path.rpartition(".")[2] for path, module in model.named_modules()}
    activations = 0

    def enter(module: Module, args: Any) -> None:
        places.append(len(rows))
        rows.append(None)

    def leave(module: Module, args: Any, output: Any) -> None:
        nonlocal activations
        place = places.pop()
        outputs = _tensors(output)
        memory = sum(tensor.data.nbytes for tensor in outputs)
        if not list(module.children()):
            activations += memory
        label = f"{names[module]}: " * bool(names[module]) + type(module).__name__
        shape = ", ".join(str(tensor.shape) for tensor in outputs)
        rows[place] = Row("  " * len(places) + label, shape, _count(module), memory)

    modes = {module: module.training for module in model.modules()}
    hooks = [module.register_forward_pre_hook(enter) for module in modes]
    hooks += [module.register_forward_hook(leave) for module in modes]
    try:
        with no_grad():
            model.eval()(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes.items():
            module.training = training
    state = (*model.parameters(), *model.buffers())
    memory = sum(tensor.data.nbytes for tensor in state)
    return Summary(tuple(row for row in rows if row), _count(model), memory, activations)


def size_text(size: int) -> str:
    """A number of bytes for the eye.

    Examples
    --------
    >>> size_text(512), size_text(3_000_000)
    ('512 B', '2.9 MB')
    """
    value, power = float(size), 0
    while value >= 1024 and power < 4:
        value, power = value / 1024, power + 1
    return f"{value:.1f} {'KMGT'[power - 1]}B" if power else f"{size} B"


def _count(module: Module) -> int:
    return sum(parameter.data.size for parameter in module.parameters())


def _tensors(output: Any) -> list[Tensor]:
    if isinstance(output, (list, tuple)):
        return [tensor for part in output for tensor in _tensors(part)]
    if isinstance(output, dict):
        return _tensors(list(output.values()))
    return [output] if isinstance(output, Tensor) else []
