"""What all optimizers share: parameter groups, state, and the one loop that a step is.

An optimizer adds its hyper-parameters, the names of the arrays it keeps for every parameter (`state_arrays`)
and its `update` of one tensor, which is written like the algorithm box of its paper, on raw arrays, in place.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from minigrad.backend import Array, array_module
from minigrad.engine import mutated
from minigrad.profiler import watch
from minigrad.tensor import Tensor, enable_grad
from optim import fused
from optim.agr import finished, regularizer
from optim.fused import Kernel
from optim.gradient import PIECE, Gradient
from optim.observer import Observer
from optim.saving import Group as Group
from optim.saving import pack, state_dtype, unpack

if TYPE_CHECKING:
    from optim.explanation.equations import Explanation

Params: TypeAlias = Iterable[Tensor] | Iterable[Group] | Iterable[tuple[str, Tensor]]

# Hyper-parameters that must not be negative, and what the message calls them.
NON_NEGATIVE = {
    "lr": "learning rate",
    "momentum": "momentum value",
    "alpha": "alpha value",
    "eps": "epsilon value",
    "weight_decay": "weight_decay value",
    "max_grad_norm": "Max grad norm",
}


class Optimizer:
    """Base class of all optimizers.

    Parameters
    ----------
    params : iterable
        Tensors, (name, Tensor) pairs as `model.named_parameters()` gives them, or dicts: each dict is a
        parameter group, with the key `params` and any hyper-parameters that are to differ from the defaults.
    defaults : dict
        The hyper-parameters and their values for groups that do not say otherwise.

    Attributes
    ----------
    param_groups : list of dict
        Hyper-parameters may be changed here at any time. `step` counts the calls of `step()`.
    state : dict
        For each parameter the number of its updates, `step`, and the arrays that the optimizer keeps for it.
        Those of a float16 parameter are float32, and so is the arithmetic: in float16 an eps of 1e-8 is 0.
    observers : list of Observer
        Who looks on at every step: an `optim.Probe`, or the memory of `remember`. On a GPU each tensor is
        then updated on its own.

    Raises
    ------
    TypeError
        If something that is not a Tensor is to be optimized, or a hyper-parameter is unknown or no number.
    ValueError
        If there is no parameter, one appears twice or is no leaf, or a hyper-parameter is out of range.
    """

    def __init__(self, params: Params, defaults: Group) -> None:
        if isinstance(params, Tensor) or not isinstance(params, Iterable):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, such as "
                f"model.parameters(), but got {type(params).__name__}"
            )
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = {}
        self.observers: list[Observer] = []
        self.param_groups: list[Group] = []
        entries: list[Any] = list(params)
        if not entries:
            raise ValueError("optimizer got an empty parameter list")
        for group in entries if isinstance(entries[0], dict) else [{"params": entries}]:
            self.add_param_group(group)

    # ------------------------------------------------------------------ what each optimizer defines

    def state_arrays(self, group: Group) -> tuple[str, ...]:
        """The names, PyTorch's, of the arrays kept for each parameter. They start as zeros."""
        raise NotImplementedError

    def update(self, w: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        """Change the parameter `w` and its state in place, given the gradient `g`, which stays as it is.

        Every array is one-dimensional and may be a piece of the whole: formulas must be elementwise.
        """
        raise NotImplementedError

    kernel: ClassVar[Kernel | None] = None
    """What stands for `update` on a GPU. Without one, `update` itself runs there."""

    def kernel_arguments(self, step: int, group: Group) -> tuple[tuple[bool, ...], tuple[float, ...]]:
        """The switches and the numbers of the kernel, in the order of its source.

        `step` is that of the parameter's state.
        """
        raise NotImplementedError

    def update_in_place(
        self, w: Array, g: Array, state: dict[str, Any], group: Group, t: Array, h: Array
    ) -> None:
        """`update` without a temporary array, which on a CPU takes a quarter less time.

        `t` and `h` are for intermediate results; `g` may be `h`. An optimizer that does not define this runs
        its `update`; the tests hold the two equal.
        """
        self.update(w, g, state, group)

    def check(self, group: Group) -> None:
        """Raise TypeError or ValueError if a hyper-parameter of `group` makes no sense."""
        for name, words in NON_NEGATIVE.items():
            if name in group:
                if not isinstance(group[name], Real):
                    given = type(group[name]).__name__
                    raise TypeError(f"{self._name}: {name} must be a number, got {given}")
                if not group[name] >= 0:
                    raise ValueError(f"Invalid {words}: {group[name]}")
        regularizer(group["agr"])

    def check_betas(self, group: Group, count: int) -> None:
        """Raise ValueError unless there are `count` betas in [0, 1)."""
        if len(group["betas"]) != count:
            raise ValueError(f"{self._name}: betas must be {count} numbers, got {group['betas']}")
        for i, beta in enumerate(group["betas"]):
            if not 0 <= beta < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")

    # ------------------------------------------------------------------ the step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient. The gradients themselves stay as they are.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients anew, and returns the loss.

        Returns
        -------
        object
            What `closure` returned, or None.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            group["step"] += 1
            params = [p for p in group["params"] if p.grad is not None]
            gradients = self.gradients(params, group)
            if self.observers:  # they see finished gradients, and updates that can be repeated
                gradients = [finished(gradient) for gradient in gradients]
                for observer in self.observers:
                    observer.before_update(self, group, params, gradients)
                left = list(zip(params, gradients, strict=True))
            else:
                left = fused.update(self, params, gradients, group)
            for p, g in left:
                self._update_parameter(p, g, group)
        return loss

    def gradients(self, params: list[Tensor], group: Group) -> list[Gradient]:
        """The gradients as the update gets them: regularized (AGR), and negated to maximize."""
        grads = []
        for p in params:
            g = p.grad.data  # type: ignore[union-attr]
            if g.shape != p.shape:
                raise RuntimeError(
                    f"{self._name}: a parameter of shape {p.shape} has a gradient of shape {g.shape}"
                )
            grads.append(g if g.flags.c_contiguous else array_module(g).ascontiguousarray(g))
        psi = regularizer(group["agr"])
        gradients = psi.gradients(grads, group["step"]) if psi else [Gradient(g) for g in grads]
        return [g.scaled(-1) for g in gradients] if group.get("maximize") else gradients

    def next_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        """The state of a parameter about to be updated: counted, and with zeros for arrays it has not yet."""
        state = self.state.setdefault(p, {"step": 0})
        for name in self.state_arrays(group):
            if name not in state:
                state[name] = array_module(p.data).zeros(p.shape, state_dtype(p))
        state["step"] += 1
        return state

    def _update_parameter(self, p: Tensor, gradient: Gradient, group: Group) -> None:
        xp = array_module(p.data)
        dtype = state_dtype(p)
        state = self.next_state(p, group)
        gradient = finished(gradient)

        w = xp.ascontiguousarray(p.data, dtype).reshape(-1)
        gradient.array = gradient.array.astype(dtype, copy=False).reshape(-1)
        arrays = {name: state[name].reshape(-1) for name in self.state_arrays(group)}
        on_cpu = p.device == "cpu"
        size = PIECE if on_cpu else max(w.size, 1)
        scratch = xp.empty((2, min(size, w.size)), dtype)
        for start in range(0, w.size, size):
            piece = slice(start, start + size)
            pieces = {name: array[piece] for name, array in arrays.items()}
            part = w[piece]
            t, h = scratch[:, : part.size]
            now = {"step": state["step"], **pieces}
            g = gradient.piece(piece, out=h)
            if on_cpu:
                self.update_in_place(part, g, now, group, t, h)
            else:
                self.update(part, g, now, group)
        if p.dtype != dtype or not p.data.flags.c_contiguous:  # w is a copy
            p.data[...] = w.reshape(p.shape)
        mutated(p.data)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool
            With False they become zeros instead, with which a parameter is updated if it gets no others.
        """
        for p in self._params():
            if p.grad is not None:
                p.grad = None if set_to_none else Tensor(array_module(p.data).zeros_like(p.data))

    # ------------------------------------------------------------------ parameter groups

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters, for example those of layers that are no longer frozen.

        Parameters
        ----------
        param_group : dict
            `params`, and any hyper-parameters that are to differ from the defaults.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group).__name__}")
        if "params" not in param_group:
            raise KeyError(f"a parameter group needs the key 'params', this one has {sorted(param_group)}")
        names, params = _split_names(param_group["params"])
        group = {**self.defaults, "step": 0, **param_group, "params": params}
        if names:
            group["param_names"] = names
        unknown = set(group) - set(self.defaults) - {"params", "param_names", "step", "name", "initial_lr"}
        if unknown:
            raise TypeError(
                f"{self._name} has no hyper-parameter {', '.join(map(repr, sorted(unknown)))}; "
                f"it has {', '.join(sorted(self.defaults))}"
            )
        self.check(group)
        for p in params:
            if not isinstance(p, Tensor):
                given = type(p).__name__
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {given}")
            if not p.is_leaf:
                raise ValueError(f"can't optimize a non-leaf Tensor (this one is the result of {p.grad_fn})")
        if len(set(params)) < len(params):
            raise ValueError("some parameters appear more than once in a parameter group")
        if not set(params).isdisjoint(self._params()):
            raise ValueError("some parameters appear in more than one parameter group")
        if self.param_groups and ("param_names" in group) != ("param_names" in self.param_groups[0]):
            raise ValueError("all optimizer param groups should be with names, or all without")
        self.param_groups.append(group)

    def _params(self) -> list[Tensor]:
        return list(chain.from_iterable(group["params"] for group in self.param_groups))

    @property
    def _name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        lines = [f"{self._name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    # ------------------------------------------------------------------ looking inside

    def remember(self, *parameters: str | int | Tensor) -> None:
        """Keep from now on, at every step, what `explain` needs.

        These are copies of the parameter, its gradient and its state from before the step: for Adam four
        times the memory of the parameter. Without `remember` nothing is kept.

        Parameters
        ----------
        parameters : str, int or Tensor
            Names (if the optimizer was given `model.named_parameters()`), numbers in the order of the
            parameters, or the Tensors themselves. None given: all. Earlier choices are forgotten.
        """
        from optim.explanation.memory import Memory, find

        self.forget()
        self.observers.append(Memory({find(self, p) for p in parameters} or None))

    def forget(self) -> None:
        """Undo `remember`."""
        from optim.explanation.memory import Memory

        self.observers = [observer for observer in self.observers if not isinstance(observer, Memory)]

    def explain(self, parameter: str | int | Tensor, index: int | tuple[int, ...] = ()) -> "Explanation":
        """The arithmetic of the last update of one element, with the numbers put in.

        The update that the optimizer ran is run once more on this element, with numbers that record what is
        done with them. So these are the very operations, in their order and precision, and the last number
        is the stored parameter bit for bit.

        Parameters
        ----------
        parameter : str, int or Tensor
            As for `remember`, which has to be called before the step.
        index : int or tuple of int
            Of the element.

        Returns
        -------
        Explanation
            Prints as plain text, and shows as LaTeX in a notebook.

        Raises
        ------
        KeyError, IndexError
            If there is no such parameter or element.
        RuntimeError
            If no update of it has been kept.
        """
        from optim.explanation.explain import explain

        return explain(self, parameter, index)

    # ------------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Any]:
        """A snapshot of state and hyper-parameters, in PyTorch's layout.

        Returns
        -------
        dict
            `state` maps the index of a parameter to its `step` (an int) and its arrays (Tensors, copies);
            `param_groups` holds the hyper-parameters, all plain values, and under `params` the indices.
            Parameters are numbered in the order in which they were given.
        """
        return pack(self.state, self.param_groups)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where another optimizer of the same class (ours or PyTorch's) stopped.

        Parameters
        ----------
        state_dict : dict
            What `state_dict` returned. Arrays may be Tensors, NumPy's or PyTorch's; they are copied to the
            dtype and device of the parameter. Without `agr` (PyTorch's), that of this optimizer stays.

        Raises
        ------
        ValueError
            If groups, hyper-parameters, parameters, arrays or shapes do not fit; the message says which, and
            nothing is changed.
        """
        for i, group in enumerate(state_dict["param_groups"]):
            missing = set(self.defaults) - set(group) - {"agr"}
            if missing:
                raise ValueError(
                    f"{self._name}: group {i} of the loaded state dict has no {', '.join(sorted(missing))}; "
                    "was it saved by another optimizer?"
                )
        state, groups = unpack(state_dict, self.param_groups, self.state_arrays)
        for group in groups:
            self.check(group)
        self.state, self.param_groups = state, groups


watch(Optimizer, "step")


def _split_names(params: Any) -> tuple[list[str], list[Any]]:
    """Tensors and, where (name, Tensor) pairs were given, their names."""
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors "
            "in sets will change between runs. Please use a list instead."
        )
    entries = [params] if isinstance(params, Tensor) else list(params)
    names = [entry[0] for entry in entries if isinstance(entry, tuple)]
    if names and len(names) < len(entries):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return names, [entry[1] if isinstance(entry, tuple) else entry for entry in entries]
