"""The state of an optimizer as PyTorch lays it out: by the index of a parameter, never by its identity."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np

from minigrad.backend import device_of, to_device
from minigrad.tensor import Tensor
from optim.agr import AGR

Group: TypeAlias = dict[str, Any]
State: TypeAlias = dict[Tensor, dict[str, Any]]

# Entries of a PyTorch parameter group that say how PyTorch computes, not what.
PYTORCH_ONLY = {"foreach", "fused", "capturable", "differentiable", "decoupled_weight_decay"}


def state_dtype(p: Tensor) -> "np.dtype[Any]":
    """The dtype of the arrays kept for a parameter: at least float32."""
    return np.promote_types(p.dtype, np.float32)


def pack(state: State, groups: list[Group]) -> dict[str, Any]:
    """See `Optimizer.state_dict`."""
    index: dict[Tensor, int] = {}
    for group in groups:
        for p in group["params"]:
            index[p] = len(index)
    return {
        "state": {
            index[p]: {key: value if key == "step" else Tensor(value.copy()) for key, value in kept.items()}
            for p, kept in state.items()
        },
        "param_groups": [
            {**group, "agr": _plain(group["agr"]), "params": [index[p] for p in group["params"]]}
            for group in groups
        ],
    }


def unpack(
    saved: dict[str, Any], groups: list[Group], state_arrays: Callable[[Group], tuple[str, ...]]
) -> tuple[State, list[Group]]:
    """State and groups for the parameters of `groups`; see `Optimizer.load_state_dict`."""
    saved_groups: list[Group] = saved["param_groups"]
    saved_state = {int(index): kept for index, kept in saved["state"].items()}  # JSON makes strings of them
    _refuse_other_parameters(groups, saved_groups)

    state: State = {}
    loaded: list[Group] = []
    differences: list[str] = []
    for group, saved_group in zip(groups, saved_groups, strict=True):
        loaded.append(_load_group(group, saved_group))
        arrays = state_arrays(loaded[-1])
        for i, (p, index) in enumerate(zip(group["params"], saved_group["params"], strict=True)):
            if index in saved_state:
                name = f" ({group['param_names'][i]})" if "param_names" in group else ""
                found = _differences(saved_state[index], p, arrays)
                differences += [f"parameter {index}{name}: {text}" for text in found]
                state[p] = saved_state[index]
    if differences:
        raise ValueError("the loaded state does not fit this optimizer:\n    " + "\n    ".join(differences))
    return {p: _load_state(kept, p) for p, kept in state.items()}, loaded


def _plain(agr: bool | AGR) -> bool | dict[str, Any]:
    return asdict(agr) if isinstance(agr, AGR) else agr


def _refuse_other_parameters(groups: list[Group], saved_groups: list[Group]) -> None:
    if len(groups) != len(saved_groups):
        raise ValueError(
            "loaded state dict has a different number of parameter groups: "
            f"{len(saved_groups)}, this optimizer has {len(groups)}"
        )
    for i, (group, saved) in enumerate(zip(groups, saved_groups, strict=True)):
        if len(group["params"]) != len(saved["params"]):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's "
                f"group: group {i} has {len(saved['params'])} parameters, here it has {len(group['params'])}"
            )
        ours, theirs = group.get("param_names"), saved.get("param_names")
        if ours and theirs and list(ours) != list(theirs):
            other = [f"{b!r} instead of {a!r}" for a, b in zip(ours, theirs, strict=True) if a != b]
            raise ValueError(f"loaded state dict has other parameter names in group {i}: {', '.join(other)}")


def _load_group(group: Group, saved: Group) -> Group:
    loaded = {**group, **{key: value for key, value in saved.items() if key not in PYTORCH_ONLY}}
    loaded["params"] = group["params"]
    if isinstance(loaded["agr"], dict):
        loaded["agr"] = AGR(**loaded["agr"])
    if "betas" in loaded:
        loaded["betas"] = tuple(loaded["betas"])  # JSON makes a list of it
    return loaded


def _differences(saved: dict[str, Any], p: Tensor, arrays: tuple[str, ...]) -> list[str]:
    given = {key: value for key, value in saved.items() if key != "step" and value is not None}
    return [f"{name} is missing" for name in arrays if name not in given] + [
        f"{name} has shape {tuple(value.shape)}, the parameter has {p.shape}"
        for name, value in given.items()
        if tuple(value.shape) != p.shape
    ]


def _load_state(saved: dict[str, Any], p: Tensor) -> dict[str, Any]:
    # PyTorch's SGD and the authors' Adan count no steps of a parameter; having a state means at least one.
    state: dict[str, Any] = {"step": int(saved.get("step", 1))}
    for name, value in saved.items():
        if name != "step" and value is not None:
            array = value.data if isinstance(value, Tensor) else np.asarray(value)
            state[name] = to_device(array.astype(state_dtype(p), order="C"), device_of(p.data))
    return state
