"""What one library means by the name of an optimizer and its hyper-parameters, as a step that can be run.

Four libraries write `momentum`, `eps` and `weight_decay` and mean four things. A `Convention` is one entry of
the atlas: the library's own names and defaults, its update rule in a few lines of NumPy, and what its names
mean in the common terms of the family (SGD, Adam, RMSprop, Adan), through which `translate` goes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Hyper: TypeAlias = dict[str, Any]
Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


class State(dict[str, Any]):
    """What an optimizer keeps between steps; everything starts at 0."""

    def __missing__(self, key: str) -> float:
        return 0.0


@dataclass(frozen=True)
class Convention:
    """One optimizer of one library.

    Parameters
    ----------
    name : str
        Library and optimizer, `keras.SGD`.
    version : str
        What was looked at: a release, or the first digits of a commit.
    family : {'SGD', 'Adam', 'RMSprop', 'Adan'}
    lr : str
        The library's name for the learning rate.
    defaults : dict
        All hyper-parameters by the library's names.
    step : callable
        `step(w, g, state, t, **hyper)` gives the parameter after step number t, which starts at 1.
    means : callable
        From the library's hyper-parameters to the family's common terms; left out means the neutral value.
    spells : callable
        From common terms to the library's hyper-parameters, as well as the library can.
    source : str
        Where the rule stands.
    checked : {'run', 'read'}
        Whether the library itself was run and gave the same numbers, or only its source was read.
    remark : str
        What surprises.
    """

    name: str
    version: str
    family: str
    lr: str
    defaults: Hyper
    step: Callable[..., Array]
    means: Callable[[Hyper], Hyper]
    spells: Callable[[Hyper], Hyper]
    source: str
    checked: str
    remark: str = ""

    def complete(self, hyperparameters: Mapping[str, Any]) -> Hyper:
        """The hyper-parameters with defaults for those not given.

        Raises
        ------
        TypeError
            If one has a name that the optimizer does not know.
        """
        unknown = set(hyperparameters) - set(self.defaults)
        if unknown:
            raise TypeError(
                f"{self.name} has no hyper-parameter {', '.join(map(repr, sorted(unknown)))}; "
                f"it has {', '.join(self.defaults)}"
            )
        return {**self.defaults, **hyperparameters}


def renaming(**names: str | tuple[str, ...]) -> dict[str, Callable[[Hyper], Hyper]]:
    """`means` and `spells` where the library only has other names: own name = term, or a tuple of terms.

    Examples
    --------
    >>> renaming(learning_rate="lr", betas=("beta1", "beta2"))["spells"](
    ...     {"lr": 0.5, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8}
    ... )
    {'learning_rate': 0.5, 'betas': (0.9, 0.99)}
    """

    def means(hyper: Hyper) -> Hyper:
        terms: Hyper = {}
        for own, term in names.items():
            terms |= {term: hyper[own]} if isinstance(term, str) else dict(zip(term, hyper[own], strict=True))
        return terms

    def spells(terms: Hyper) -> Hyper:
        return {
            own: terms[term] if isinstance(term, str) else tuple(terms[part] for part in term)
            for own, term in names.items()
        }

    return {"means": means, "spells": spells}


def replay(
    convention: Convention,
    w: Array,
    grads: Iterable[Array],
    hyperparameters: Mapping[str, Any],
    schedule: Callable[[int], float] | None = None,
) -> list[Array]:
    """The parameter after every step of the convention's own rule.

    Parameters
    ----------
    convention : Convention
    w : Array
        The parameter before the first step.
    grads : iterable of Array
        One gradient for each step.
    hyperparameters : mapping
        By the library's names; others are its defaults.
    schedule : callable, optional
        A factor for the learning rate at step t.

    Returns
    -------
    list of Array

    Examples
    --------
    >>> from experiments.atlas import CONVENTIONS
    >>> half, one = np.array([0.5]), np.array([1.0])
    >>> [w.item() for w in replay(CONVENTIONS["keras.SGD"], one, [half, half], {"learning_rate": 0.5})]
    [0.75, 0.5]
    """
    hyper, state, path = convention.complete(hyperparameters), State(), []
    for t, g in enumerate(grads, start=1):
        now = {**hyper, convention.lr: hyper[convention.lr] * (schedule(t) if schedule else 1)}
        w = convention.step(w, g, state, t, **now)
        path.append(w)
    return path
