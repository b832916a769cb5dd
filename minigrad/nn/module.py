"""Module: the base class of all layers and networks."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from minigrad.creation import zeros_like
from minigrad.dtypes import is_floating
from minigrad.nn.html import html_of
from minigrad.nn.state import IncompatibleKeys, load_state, named_state
from minigrad.nn.tree import Tree
from minigrad.tensor import HookHandle, Tensor


class Module(Tree):
    """A piece of a network: parameters, buffers, other modules, and what it computes with them.

    A subclass calls `super().__init__()`, assigns parameters and modules to attributes, and defines
    `forward`. A module is used by calling it like a function.

    Attributes
    ----------
    training : bool
        Whether dropout drops and batch normalization uses the batch's own statistics; see `train` and `eval`.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self, factor):
    ...         super().__init__()
    ...         self.factor = nn.Parameter([factor])
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale(3.0)
    >>> scale(mg.tensor([1.0, 2.0])).tolist()
    [3.0, 6.0]
    >>> [name for name, _ in scale.named_parameters()]
    ['factor']
    """

    training: bool

    def __init__(self) -> None:
        super().__init__()
        self.training = True
        self._forward_hooks: dict[int, Any] = {}
        self._forward_pre_hooks: dict[int, Any] = {}

    # ------------------------------------------------------------------ computing

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass defines it."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward: define forward(self, ...) in the class"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`, and the hooks around it."""
        for before in list(self._forward_pre_hooks.values()):
            changed = before(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        output = self.forward(*args, **kwargs)
        for after in list(self._forward_hooks.values()):
            changed = after(self, args, output)
            if changed is not None:
                output = changed
        return output

    def register_forward_pre_hook(self, hook: Callable[["Module", tuple[Any, ...]], Any]) -> HookHandle:
        """Call `hook(module, args)` before each forward.

        Parameters
        ----------
        hook : callable
            What it returns, unless None, replaces the arguments.

        Returns
        -------
        HookHandle
            Its `remove()` takes the hook away again.
        """
        return HookHandle(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook: Callable[["Module", tuple[Any, ...], Any], Any]) -> HookHandle:
        """Call `hook(module, args, output)` after each forward.

        Parameters
        ----------
        hook : callable
            What it returns, unless None, replaces the output.

        Returns
        -------
        HookHandle
            Its `remove()` takes the hook away again.
        """
        return HookHandle(self._forward_hooks, hook)

    # ------------------------------------------------------------------ modes

    def apply(self, fn: Callable[["Module"], Any]) -> Self:
        """Call `fn` on every module inside, then on this one, for example to initialize parameters."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all inside it to training (or, with False, to evaluation).

        Raises
        ------
        ValueError
            If `mode` is not a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"train: mode must be True or False, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation: dropout does nothing, batch normalization uses its running statistics."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Collect gradients for all parameters, or (with False) freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or, with False, make them zeros)."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else zeros_like(parameter)

    # ------------------------------------------------------------------ places and types

    def to(self, *target: Any, device: str | None = None, dtype: Any = None) -> Self:
        """Move all parameters and buffers to a device, and turn the floating ones into another dtype.

        The tensors stay the same objects, so an optimizer that holds them goes on working.

        Parameters
        ----------
        *target : device, dtype or Tensor
            `to(device)`, `to(dtype)`, `to(device, dtype)`, or `to(tensor)` for device and dtype of a tensor.
        device : str, optional
            'cpu', 'cuda' or 'cuda:N'.
        dtype : dtype, optional
            A floating one.

        Raises
        ------
        TypeError
            If a target is neither a device, a floating dtype, nor a tensor.
        RuntimeError
            If there is no such device.
        """

        def converted(tensor: Tensor) -> Tensor:
            result = tensor.detach().to(*target, device=device, dtype=dtype)
            if not is_floating(tensor.dtype):  # a counter is only moved
                result = tensor.detach().to(result.device)
            elif not is_floating(result.dtype):
                raise TypeError(f"to: the dtype of a module must be a floating one, got {result.dtype.name}")
            return result  # type: ignore[no-any-return]

        for tensor in (*self.parameters(), *self.buffers()):
            tensor.data = converted(tensor).data
            if tensor.grad is not None:
                tensor.grad = converted(tensor.grad)
        return self

    def cpu(self) -> Self:
        """Move everything to the CPU."""
        return self.to(device="cpu")

    def cuda(self, device: int = 0) -> Self:
        """Move everything to a GPU."""
        return self.to(device=f"cuda:{device}")

    def half(self) -> Self:
        """Turn floating parameters and buffers into float16."""
        return self.to(dtype=np.float16)

    def bfloat16(self) -> Self:
        """Turn floating parameters and buffers into bfloat16."""
        return self.to(dtype="bfloat16")

    def float(self) -> Self:
        """Turn floating parameters and buffers into float32."""
        return self.to(dtype=np.float32)

    def double(self) -> Self:
        """Turn floating parameters and buffers into float64."""
        return self.to(dtype=np.float64)

    # ------------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Tensor]:
        """All parameters and persistent buffers by their paths; PyTorch names them alike.

        Returns
        -------
        dict of str to Tensor
            Detached, but sharing memory with the module: copy them to keep the present values.
        """
        return {name: tensor.detach() for name, tensor in named_state(self)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy in the values of a `state_dict`, ours or PyTorch's.

        Parameters
        ----------
        state_dict : mapping of str to Tensor, Array or PyTorch tensor
            Values are converted to the dtype and device that the module has.
        strict : bool
            With False, missing and unknown keys are only returned; shapes must fit in any case.

        Returns
        -------
        IncompatibleKeys
            The lists `missing_keys` and `unexpected_keys`.

        Raises
        ------
        RuntimeError
            Naming every missing key, unknown key and wrong shape. Nothing has been changed then.
        """
        return load_state(self, state_dict, strict)

    # ------------------------------------------------------------------ showing itself

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses besides the modules inside; layers define it."""
        return ""

    def _repr_children(self) -> list[str]:
        return [f"({name}): {module!r}" for name, module in self._own_modules().items()]

    def __repr__(self) -> str:
        name, extra, children = type(self).__name__, self.extra_repr(), self._repr_children()
        if not children and "\n" not in extra:
            return f"{name}({extra})"
        lines = "\n".join([extra] * bool(extra) + children)
        return f"{name}(\n  " + lines.replace("\n", "\n  ") + "\n)"

    def _repr_html_(self) -> str:
        return html_of(self)
