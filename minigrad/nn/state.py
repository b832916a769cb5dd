"""Saving and loading what a module has learned."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from minigrad.backend import Array, is_array, to_device
from minigrad.dtypes import KIND
from minigrad.engine import mutated
from minigrad.nn.tree import Tree, join
from minigrad.tensor import Tensor


class IncompatibleKeys(NamedTuple):
    """The keys that did not fit in `Module.load_state_dict`."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def named_state(module: Tree) -> Iterator[tuple[str, Tensor]]:
    """Parameters and persistent buffers with their paths; shared ones once for each path, as in PyTorch."""
    for path, part in module.named_modules(remove_duplicate=False):
        buffers = {name: tensor for name, tensor in part._own_buffers().items() if part._buffers[name]}
        for name, tensor in (part._own_parameters() | buffers).items():
            yield join(path, name), tensor


def load_state(module: Tree, state_dict: Mapping[str, Any], strict: bool) -> IncompatibleKeys:
    """See `Module.load_state_dict`."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(
            f"load_state_dict: expected a mapping of names to arrays, got {type(state_dict).__name__}"
        )
    own = dict(named_state(module))
    keys = IncompatibleKeys(
        [key for key in own if key not in state_dict], [key for key in state_dict if key not in own]
    )
    arrays = {key: _array_of(state_dict[key]) for key in own if key in state_dict}
    errors = []
    if strict and keys.missing_keys:
        errors.append("Missing key(s) in state_dict: " + ", ".join(keys.missing_keys))
    if strict and keys.unexpected_keys:
        errors.append("Unexpected key(s) in state_dict: " + ", ".join(map(str, keys.unexpected_keys)))
    for key, array in arrays.items():
        if array.dtype.kind not in KIND:
            errors.append(f"no numbers for {key}: its dtype is {array.dtype}")
        elif array.shape != own[key].shape:
            errors.append(
                f"size mismatch for {key}: {array.shape} in the state_dict, {own[key].shape} in the module"
            )
    if errors:
        raise RuntimeError(
            f"load_state_dict: this state does not fit {type(module).__name__}:\n    " + "\n    ".join(errors)
        )

    for key, array in arrays.items():
        target = own[key]
        target.data[...] = to_device(array.astype(target.dtype, copy=False), target.device)
        mutated(target.data)
    return keys


def _array_of(value: Any) -> Array:
    if isinstance(value, Tensor):
        return value.data
    if is_array(value):
        return value  # type: ignore[no-any-return]
    if hasattr(value, "detach"):  # a PyTorch tensor
        value = value.detach().cpu()
    return np.asarray(value)
