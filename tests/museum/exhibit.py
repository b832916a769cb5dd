"""What an exhibit of the museum is: a bug that somebody shipped, planted in our code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import optim

FOLKLORE = "folklore"  # everybody has seen it, and no report of it was found


@dataclass(frozen=True)
class Exhibit:
    name: str
    target: str  # the attribute of `optim` that it stands in for
    mutant: Any
    killed_by: str  # a key of `checks.CHECKS`
    source: str
    year: int | None
    story: str


EXHIBITS: list[Exhibit] = []


def exhibit(base: type, part: str, *, killed_by: str, source: str, year: int | None) -> Callable[..., Any]:
    """Decorate a function: the method `part` of an optimizer as it was once written, with the wrong line.

    `base` is an optimizer taken apart (`Parts`), or an optimizer; the mutant has its name.
    """

    def hang(wrong: Callable[..., Any]) -> Callable[..., Any]:
        readable = {"update_in_place": optim.Optimizer.update_in_place}  # so that `update` is what runs
        mutant = type(base.__name__, (base,), {part: wrong, **readable})
        _add(wrong, base.__name__, mutant, killed_by, source, year)
        return wrong

    return hang


def instead_of(target: str, *, killed_by: str, source: str, year: int | None) -> Callable[..., Any]:
    """Decorate a function or class that stands in for an attribute of `optim`."""

    def hang(wrong: Any) -> Any:
        _add(wrong, target, wrong, killed_by, source, year)
        return wrong

    return hang


def _add(wrong: Any, target: str, mutant: Any, killed_by: str, source: str, year: int | None) -> None:
    EXHIBITS.append(Exhibit(wrong.__name__, target, mutant, killed_by, source, year, wrong.__doc__))
