"""Modules made of a list or a dictionary of modules."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby
from typing import Any, Self

from minigrad.nn.module import Module


class _Numbered(Module):
    """What `Sequential` and `ModuleList` share: children whose names are numbers."""

    def __len__(self) -> int:
        return len(self._own_modules())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._own_modules().values())

    def __contains__(self, module: object) -> bool:
        return module in self._own_modules().values()

    def _name_of(self, index: int) -> str:
        names = list(self._own_modules())
        if not -len(names) <= index < len(names):
            raise IndexError(f"{type(self).__name__}: index {index} is out of range for {len(names)} modules")
        return names[index]

    def __setitem__(self, index: int, module: Module) -> None:
        self.register_module(self._name_of(index), module)

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        taken = self._own_modules()  # a slice of a Sequential need not begin at '0'
        self.register_module(next(str(i) for i in count(len(self)) if str(i) not in taken), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end."""
        for module in modules:
            self.append(module)
        return self


class Sequential(_Numbered):
    """Modules that are called one after the other, each with the output of the one before.

    Parameters
    ----------
    *modules : Module, or one dict of names to Modules

    Examples
    --------
    >>> from minigrad import nn
    >>> Sequential(nn.Linear(4, 8), nn.ReLU())
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named = modules[0]
        else:
            named = {str(i): module for i, module in enumerate(modules)}  # type: ignore[misc]
        for name, module in named.items():
            self.register_module(name, module)

    def __getitem__(self, index: int | slice) -> Any:
        """One module; or, for a slice, a `Sequential` of the same modules under their old names."""
        if isinstance(index, slice):
            return type(self)(dict(list(self._own_modules().items())[index]))
        return self._own_modules()[self._name_of(index)]

    def forward(self, input: Any) -> Any:
        """The output of the last module."""
        for module in self:
            input = module(input)
        return input


class ModuleList(_Numbered):
    """A list of modules whose parameters count among those of the module that has the list.

    Parameters
    ----------
    modules : iterable of Module, optional

    Examples
    --------
    >>> from minigrad import nn
    >>> ModuleList(nn.Linear(4, 4) for _ in range(3))
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def __getitem__(self, index: int | slice) -> Any:
        """One module; or, for a slice, a new list of the same modules."""
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._own_modules()[self._name_of(index)]

    def _repr_children(self) -> list[str]:
        lines = []
        start = 0
        for text, group in groupby(repr(module) for module in self):
            size = len(list(group))
            lines.append(
                f"({start}): {text}" if size == 1 else f"({start}-{start + size - 1}): {size} x {text}"
            )
            start += size
        return lines


class ModuleDict(Module):
    """A dictionary of modules whose parameters count among those of the module that has the dictionary.

    Parameters
    ----------
    modules : mapping of str to Module, optional
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        for name, module in (modules or {}).items():
            self[name] = module

    def __getitem__(self, name: str) -> Module:
        return self._own_modules()[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.register_module(name, module)

    def __delitem__(self, name: str) -> None:
        self._own_modules()[name]  # raises KeyError for what is no child
        delattr(self, name)

    def __len__(self) -> int:
        return len(self._own_modules())

    def __iter__(self) -> Iterator[str]:
        return iter(self._own_modules())

    def __contains__(self, name: object) -> bool:
        return name in self._own_modules()

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._own_modules().keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._own_modules().values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Pairs of a name and a module."""
        return self._own_modules().items()
