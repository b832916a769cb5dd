"""What an optimizer remembers of its last step, so that it can be explained afterwards."""

from dataclasses import dataclass
from difflib import get_close_matches

from minigrad.backend import Array, array_module
from minigrad.tensor import Tensor
from optim.agr import regularizer
from optim.gradient import Gradient
from optim.optimizer import Group, Optimizer


@dataclass
class Update:
    """What is known of a parameter before an update: flat arrays, all copies.

    Parameters
    ----------
    w, state, step, group
        The parameter, its state, the number of this update, and the hyper-parameters.
    raw : Array
        The gradient, of all tensors together if AGR takes one sum for all.
    start : int
        Where the gradient of this parameter begins in it.
    blocks : int
        How many sums AGR takes over it; 0 if this gradient is not regularized.
    gradient : Gradient
        What the update gets.
    """

    w: Array
    state: dict[str, Array]
    step: int
    group: Group
    raw: Array
    start: int
    blocks: int
    gradient: Gradient


class Memory:
    """An observer that keeps the last update of some parameters, or of all; see `Optimizer.remember`."""

    def __init__(self, parameters: set[Tensor] | None) -> None:
        self.parameters = parameters
        self.updates: dict[Tensor, Update] = {}

    def before_update(
        self, optimizer: Optimizer, group: Group, params: list[Tensor], gradients: list[Gradient]
    ) -> None:
        """Copy what the update is about to change."""
        psi = regularizer(group["agr"])
        together: Array | None = None
        start = 0
        for p, gradient in zip(params, gradients, strict=True):
            regularized = psi is not None and p.ndim >= psi.min_ndim and not psi.is_over(group["step"])
            if self.parameters is None or p in self.parameters:
                raw = _flat_copy(p.grad.data)  # type: ignore[union-attr]
                blocks = psi.blocks(p.data) if psi and regularized else 0
                if psi and regularized and psi.scope == "global":
                    if together is None:
                        chosen = [
                            q.grad.data for q in params if q.grad is not None and q.ndim >= psi.min_ndim
                        ]
                        together = array_module(raw).concatenate([_flat_copy(g) for g in chosen])
                    raw = together
                finished = raw if gradient.total is not None or not blocks else _flat_copy(gradient.array)
                state = optimizer.state.get(p, {"step": 0})
                self.updates[p] = Update(
                    w=_flat_copy(p.data),
                    state={
                        name: _flat_copy(state[name])
                        for name in optimizer.state_arrays(group)
                        if name in state
                    },
                    step=state["step"] + 1,
                    group={key: value for key, value in group.items() if key != "params"},
                    raw=raw,
                    start=start if raw is together else 0,
                    blocks=blocks,
                    gradient=Gradient(finished, gradient.factor, gradient.total),
                )
            start += p.data.size if regularized else 0


def find(optimizer: Optimizer, parameter: str | int | Tensor) -> Tensor:
    """The parameter with this name or number, or the Tensor itself.

    Raises
    ------
    KeyError
        If the optimizer has none such; the message has names that are like it.
    """
    params = [p for group in optimizer.param_groups for p in group["params"]]
    names = [name for group in optimizer.param_groups for name in group.get("param_names", ())]
    if isinstance(parameter, Tensor):
        if parameter in set(params):
            return parameter
        raise KeyError(f"the optimizer does not have this Tensor of shape {parameter.shape}")
    if isinstance(parameter, int):
        if parameter in range(len(params)):
            return params[parameter]  # type: ignore[no-any-return]
        raise KeyError(f"the optimizer has parameters 0 to {len(params) - 1}, not {parameter}")
    if not names:
        raise KeyError(
            f"the optimizer knows no names, so not {parameter!r}: make it with model.named_parameters(), "
            "or give the parameter itself or its number"
        )
    if parameter not in names:
        close = get_close_matches(parameter, names) or names[:5]
        raise KeyError(f"the optimizer has no parameter {parameter!r}; did you mean {' or '.join(close)}?")
    return params[names.index(parameter)]  # type: ignore[no-any-return]


def names_of(optimizer: Optimizer) -> dict[Tensor, str]:
    """What to call each parameter: its name or, without names, its number."""
    names = [name for group in optimizer.param_groups for name in group.get("param_names", ())]
    params = [p for group in optimizer.param_groups for p in group["params"]]
    return dict(zip(params, names or [f"parameter {i}" for i in range(len(params))], strict=True))


def last_update(optimizer: Optimizer, p: Tensor) -> Update:
    """What is remembered of the last update of a parameter.

    Raises
    ------
    RuntimeError
        If nothing is; the message says why.
    """
    memory = next((observer for observer in optimizer.observers if isinstance(observer, Memory)), None)
    name = names_of(optimizer)[p]
    if memory is None:
        raise RuntimeError(
            "nothing has been kept to explain: call optimizer.remember() before optimizer.step()"
        )
    if memory.parameters is not None and p not in memory.parameters:
        raise RuntimeError(f"{name} is none of the parameters that were given to optimizer.remember()")
    if p not in memory.updates:
        reason = "it has no gradient" if p.grad is None else "optimizer.step() has not been called since"
        raise RuntimeError(f"no update of {name} has been kept since optimizer.remember(): {reason}")
    return memory.updates[p]


def _flat_copy(x: Array) -> Array:
    return array_module(x).ascontiguousarray(x).reshape(-1).copy()  # type: ignore[no-any-return]
