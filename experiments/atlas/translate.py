"""The same run in another library, where that library can do it."""

import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from experiments.atlas import adams, adan, rmsprop, sgd
from experiments.atlas.convention import Convention, Hyper

FAMILIES: dict[str, ModuleType] = {"SGD": sgd, "Adam": adams, "RMSprop": rmsprop, "Adan": adan}
CONVENTIONS: dict[str, Convention] = {
    convention.name: convention for family in FAMILIES.values() for convention in family.CONVENTIONS
}


class Untranslatable(ValueError):
    """No hyper-parameters of the target give the same run; the message says why.

    Attributes
    ----------
    nearest : dict or None
        What the target would be given if the difference did not matter; None between families.
    """

    def __init__(self, message: str, nearest: Hyper | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


def translate(
    hyperparameters: Mapping[str, Any], source: str, target: str, *, constant_lr: bool = True
) -> Hyper:
    """The hyper-parameters with which `target` makes exactly the steps that `source` makes with these.

    Both are put into the terms of their family, and the target is believed only if what it is given means
    the same when it is read back.

    Parameters
    ----------
    hyperparameters : mapping
        By the source's names. Its defaults stand for those left out.
    source, target : str
        Names of conventions, `keras.SGD`.
    constant_lr : bool
        Whether the learning rate stays as it is for the whole run. With a schedule fewer translations exist.

    Returns
    -------
    dict
        All hyper-parameters of the target, by its names.

    Raises
    ------
    Untranslatable
        If there are none.
    TypeError
        If the source has no hyper-parameter of that name.
    KeyError
        If the atlas has no such convention.

    Examples
    --------
    >>> translate({"learning_rate": 0.1, "momentum": 0.9}, "optax.sgd", "chainer.MomentumSGD")
    {'lr': 0.1, 'momentum': 0.9, 'weight_decay': 0.0}
    >>> translate({}, "keras.Adam", "torch.Adam")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    experiments.atlas.translate.Untranslatable: keras.Adam to torch.Adam: eps is added after the bias ...
    """
    ours, theirs = CONVENTIONS[source], CONVENTIONS[target]
    if ours.family != theirs.family:
        raise Untranslatable(f"{source} to {target}: one is {ours.family}, the other {theirs.family}")
    family = FAMILIES[ours.family]
    terms = {**family.TERMS, **ours.means(ours.complete(hyperparameters))}
    wanted = family.simplest(terms, constant_lr)
    for spelled in (terms, wanted):  # as it was written, if the target can; else in its simplest form
        candidate = theirs.spells(spelled)
        got = family.simplest(theirs.means(candidate), constant_lr)
        different = [term for term in wanted if not _same(wanted[term], got[term])]
        candidate = {name: candidate[name] for name in theirs.defaults}
        if not different:
            return candidate
    reasons = dict.fromkeys(family.REASONS[term] for term in different if term in family.REASONS)
    raise Untranslatable(f"{source} to {target}: {'; '.join(reasons)}", candidate)


def _same(a: Any, b: Any) -> bool:
    return math.isclose(a, b, rel_tol=1e-14, abs_tol=1e-300)
