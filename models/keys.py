"""Weights under other names: state dictionaries of other libraries, for our networks.

Where our networks have the names of the library that the weights come from, `load_state_dict` takes them as
they are. For other libraries a network's file has a key map, a table with our names on the left:

    {"blocks.*.norm1": "encoder.layer.*.layernorm_before", ...}

A name stands for a weight or for a module, that is for its weight, its bias and whatever else is in there.
`*` stands for a number. Where we keep several of their weights in one, the right side is a tuple of them, in
the order in which they are joined along their first dimension.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

KeyMap = Mapping[str, str | tuple[str, ...]]


def from_pytorch(state_dict: Mapping[str, Any], key_map: KeyMap) -> dict[str, Any]:
    """The same weights under our names.

    Parameters
    ----------
    state_dict : mapping of str to Tensor, array or PyTorch tensor
        As `minigrad.load` reads it from a safetensors file, or PyTorch's `state_dict()`; on the CPU.
    key_map : mapping of str to str or tuple of str
        Our names, and theirs.

    Returns
    -------
    dict
        In the order of `state_dict`. A name that is not in the map stays as it is: `load_state_dict` will
        say that it is unexpected, as it names those that are missing.

    Raises
    ------
    RuntimeError
        If of weights that are to be joined some are there and some are not.

    Examples
    --------
    >>> import minigrad as mg
    >>> theirs = {"layer.0.q.weight": mg.ones(1, 2), "layer.0.k.weight": mg.zeros(1, 2)}
    >>> from_pytorch(theirs, {"blocks.*.qk": ("layer.*.q", "layer.*.k")})
    {'blocks.0.qk.weight': array([[1., 1.],
           [0., 0.]], dtype=float32)}
    """
    rules = [
        (_pattern(theirs), ours, part, len(joined))
        for ours, names in key_map.items()
        for joined in [(names,) if isinstance(names, str) else names]
        for part, theirs in enumerate(joined)
    ]
    sources: dict[str, list[str | None]] = {}  # our name -> their names
    for name in state_dict:
        target, part, count = _translated(name, rules)
        sources.setdefault(target, [None] * count)[part] = name
    return {target: _joined(target, names, state_dict) for target, names in sources.items()}


Rule = tuple[re.Pattern[str], str, int, int]  # of a name of theirs: our name, which part of how many


def _pattern(name: str) -> re.Pattern[str]:
    """Finds the weights that a name stands for; its groups are the numbers, and what follows the name."""
    return re.compile(re.escape(name).replace(r"\*", r"(\d+)") + r"((?:\..+)?)")


def _translated(name: str, rules: list[Rule]) -> tuple[str, int, int]:
    for pattern, target, part, count in rules:
        if found := pattern.fullmatch(name):
            *numbers, rest = found.groups()
            for number in numbers:
                target = target.replace("*", number, 1)
            return target + rest, part, count
    return name, 0, 1


def _joined(target: str, names: list[str | None], state_dict: Mapping[str, Any]) -> Any:
    there = [name for name in names if name is not None]
    if len(there) < len(names):
        raise RuntimeError(
            f"from_pytorch: {target} is joined of {len(names)} weights, "
            f"of which there is only {', '.join(there)}"
        )
    arrays = [state_dict[name] for name in there]
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.asarray(array) for array in arrays])
