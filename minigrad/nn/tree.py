"""What a module is made of: its parameters, its buffers, and the modules inside it.

There is no registry. The parameters of a module are those of its attributes that are `Parameter`s, its
children those that are `Module`s. A buffer is a tensor that belongs to the module's state but is not trained;
as nothing else tells it from any other tensor, its name is noted by `register_buffer`.
"""

from collections.abc import Callable, Iterator
from typing import Any, Self, cast

from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class Tree:
    """The part of `Module` that looks after attributes; it is of no use alone."""

    def __init__(self) -> None:
        self._buffers: dict[str, bool] = {}  # name -> whether it is part of the state_dict

    # ------------------------------------------------------------------ putting things in

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = vars(self)
        owner = type(self).__name__
        if isinstance(value, (Parameter, Tree)) and "_buffers" not in attributes:
            raise AttributeError(
                f"cannot assign {name!r} yet: begin {owner}.__init__ with super().__init__()"
            )
        if value is not None:
            old = attributes.get(name)
            for kind, role in ((Parameter, "parameter"), (Tree, "child module")):
                if isinstance(old, kind) and not isinstance(value, kind):
                    raise TypeError(
                        f"cannot assign {_kind(value)} as {role} {name!r} of {owner}: "
                        "assign None or delete the attribute first"
                    )
            if name in attributes.get("_buffers", ()) and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign {_kind(value)} as buffer {name!r} of {owner}: expected a Tensor or None"
                )
        super().__setattr__(name, value)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name that need not be an identifier; otherwise the same as assigning it.

        Raises
        ------
        TypeError, KeyError
            If the value is no Parameter, or the name is empty, has a dot, or is taken.
        """
        self._register(name, param, Parameter)

    def register_module(self, name: str, module: "Tree | None") -> None:
        """Add a child under a name that need not be an identifier; otherwise the same as assigning it.

        Raises
        ------
        TypeError, KeyError
            If the value is no Module, or the name is empty, has a dot, or is taken.
        """
        self._register(name, module, Tree)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that moves and is saved with the module, but is not trained.

        Parameters
        ----------
        name : str
        tensor : Tensor or None
        persistent : bool
            Whether it is part of the `state_dict`.

        Raises
        ------
        TypeError, KeyError
            If the value is no Tensor, or the name is empty, has a dot, or is taken.
        """
        self._register(name, tensor, Tensor)
        self._buffers[name] = persistent

    def _register(self, name: str, value: Any, kind: type) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of what is registered must be a str, got {type(name).__name__}")
        if not name or "." in name:
            raise KeyError(
                f"the name {name!r} cannot be used: a name must not be empty and must not contain '.'"
            )
        known = self._own_buffers() if kind is Tensor else vars(self)
        if hasattr(self, name) and not isinstance(known.get(name), kind):
            raise KeyError(f"{type(self).__name__} has an attribute {name!r} already")
        if not (value is None or isinstance(value, kind)):
            expected = "Module" if kind is Tree else kind.__name__
            raise TypeError(f"cannot register {_kind(value)} as {name!r}: expected a {expected} or None")
        setattr(self, name, value)

    # ------------------------------------------------------------------ looking into one module

    def _own_parameters(self) -> dict[str, Parameter]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Parameter)}

    def _own_buffers(self) -> dict[str, Tensor]:
        tensors = {name: vars(self).get(name) for name in self._buffers}
        return {n: t for n, t in tensors.items() if isinstance(t, Tensor) and not isinstance(t, Parameter)}

    def _own_modules(self) -> "dict[str, Self]":
        modules = {name: value for name, value in vars(self).items() if isinstance(value, Tree)}
        return cast("dict[str, Self]", modules)

    # ------------------------------------------------------------------ walking through all of them

    def named_children(self) -> "Iterator[tuple[str, Self]]":
        """The modules directly inside, with their names, each once."""
        seen: set[Tree] = set()
        for name, module in self._own_modules().items():
            if module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> "Iterator[Self]":
        """The modules directly inside, each once."""
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: "set[Any] | None" = None, prefix: str = "", remove_duplicate: bool = True
    ) -> "Iterator[tuple[str, Self]]":
        """The module itself and all inside it, at any depth, with their paths such as 'layer1.0.conv1'.

        Parameters
        ----------
        memo : set of Module, optional
            Modules to be left out; those that are found are added.
        prefix : str
            The path of this module.
        remove_duplicate : bool
            With False, a module that is used in several places comes once for each of its paths.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._own_modules().items():
            yield from module.named_modules(memo, join(prefix, name), remove_duplicate)

    def modules(self) -> "Iterator[Self]":
        """The module itself and all inside it, at any depth, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths, in the order of their definition, shared ones once.

        Parameters
        ----------
        prefix : str
            The path of this module.
        recurse : bool
            Also those of the modules inside.
        remove_duplicate : bool
            With False, a parameter that is used in several places comes once for each of its paths.
        """
        return self._named(Tree._own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, in the order of their definition, shared ones once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths; the arguments are those of `named_parameters`."""
        return self._named(Tree._own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named(
        self, own: Callable[[Any], dict[str, Any]], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[Tensor] = set()
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, tensor in own(module).items():
                if tensor not in seen:
                    yield join(path, name), tensor
                if remove_duplicate:
                    seen.add(tensor)

    def get_submodule(self, target: str) -> "Self":
        """The module at a path such as 'layer1.0.conv1'.

        Raises
        ------
        AttributeError
            If there is no module at that path.
        """
        module = self
        for name in target.split(".") if target else ():
            children = module._own_modules()
            if name not in children:
                raise AttributeError(
                    f"there is no module {target!r}: {type(module).__name__} has no {name!r}, "
                    f"only {', '.join(children) or 'nothing'}"
                )
            module = children[name]
        return module


def join(path: str, name: str) -> str:
    """The path of `name` inside the module at `path`."""
    return f"{path}.{name}" if path else name


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"
