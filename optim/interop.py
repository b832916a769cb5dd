"""A training run that changes the library on its way: minigrad to PyTorch and back, between any two steps.

    restore(snapshot(model, optimizer), torch_model, torch_optimizer)        # and the other way round

A snapshot is a nest of dictionaries with NumPy arrays and plain values, so `minigrad.save` writes it into a
safetensors file, in this layout:

    tensors     model.<name>                        as in `model.state_dict()`
                optimizer.state.<index>.<array>     for example optimizer.state.0.exp_avg
    header      optimizer.class, optimizer.param_groups and the `step` of each parameter, as JSON

Parameters are numbered through all groups, in the order in which they were given: PyTorch's layout.
"""

from typing import Any

import numpy as np

from minigrad.tensor import Tensor
from optim.optimizer import Optimizer
from optim.saving import PYTORCH_ONLY

# Entries of a group that are no hyper-parameters; PyTorch's optimizers know only some of them.
_BOOKKEEPING = {"params", "param_names", "name", "initial_lr", "step"}


def snapshot(model: Any, optimizer: Any) -> dict[str, Any]:
    """Weights, buffers and optimizer state of a run, free of either library.

    Parameters
    ----------
    model : minigrad.nn.Module or torch.nn.Module
    optimizer : optim.Optimizer or torch.optim.Optimizer

    Returns
    -------
    dict
        `model`: arrays by name. `optimizer`: its `class` and its `state` and `param_groups`, as in
        `Optimizer.state_dict`. All arrays are copies.

    Raises
    ------
    ValueError
        If some groups of a PyTorch Adam have a decoupled weight decay and others do not.

    Examples
    --------
    >>> import minigrad as mg, optim
    >>> model = mg.nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.5)
    >>> model(mg.ones(3, 2)).sum().backward()
    >>> optimizer.step()
    >>> copy = mg.nn.Linear(2, 1)
    >>> restore(snapshot(model, optimizer), copy, optim.SGD(copy.parameters()))
    >>> copy.weight.tolist() == model.weight.tolist()
    True
    """
    saved = optimizer.state_dict()
    return {
        "model": {name: _array(value) for name, value in model.state_dict().items()},
        "optimizer": {
            "class": _class(optimizer),
            "state": {
                index: {
                    name: int(value) if name == "step" else _array(value)
                    for name, value in state.items()
                    if value is not None
                }
                for index, state in saved["state"].items()
            },
            "param_groups": [
                {name: _plain(value) for name, value in group.items() if name not in PYTORCH_ONLY}
                for group in saved["param_groups"]
            ],
        },
    }


def restore(snapshot: dict[str, Any], model: Any, optimizer: Any) -> None:
    """Let `model` and `optimizer`, of either library, continue the run of which the snapshot was taken.

    Hyper-parameters are taken from the snapshot; how PyTorch computes (`foreach`, `fused`) stays.

    Parameters
    ----------
    snapshot : dict
        From `snapshot`, or what `minigrad.load` read of it.
    model : minigrad.nn.Module or torch.nn.Module
    optimizer : optim.Optimizer or torch.optim.Optimizer

    Raises
    ------
    TypeError
        If the optimizer is of another class.
    ValueError
        If groups, hyper-parameters or shapes do not fit, or PyTorch is to continue a run with AGR, which it
        does not have. The optimizer is as before then.
    """
    saved = snapshot["optimizer"]
    if _class(optimizer) != saved["class"]:
        raise TypeError(f"restore: a run of {saved['class']} cannot be continued by {_class(optimizer)}")
    if isinstance(optimizer, Optimizer):
        optimizer.load_state_dict(saved)
        model.load_state_dict(snapshot["model"])
    else:
        optimizer.load_state_dict(_for_torch(saved, optimizer))
        model.load_state_dict({name: _torch(value) for name, value in snapshot["model"].items()})


def _class(optimizer: Any) -> str:
    """The name of the algorithm; PyTorch's Adam may also be an AdamW by an option."""
    name = type(optimizer).__name__
    decoupled = {group.get("decoupled_weight_decay") for group in optimizer.param_groups}
    if name == "Adam" and len(decoupled) > 1:
        raise ValueError(
            "Adam: decoupled_weight_decay differs between groups; minigrad has no such optimizer"
        )
    return "AdamW" if name == "Adam" and True in decoupled else name


def _array(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.numpy().copy()
    return value.detach().cpu().numpy().copy()


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value  # PyTorch's lr may be a tensor


def _torch(value: Any) -> Any:
    import torch

    return torch.from_numpy(np.array(value.numpy() if isinstance(value, Tensor) else value))


def _for_torch(saved: dict[str, Any], optimizer: Any) -> dict[str, Any]:
    """The saved state as the `load_state_dict` of this PyTorch optimizer takes it."""
    groups, targets = saved["param_groups"], optimizer.param_groups
    sizes = [[len(group["params"]) for group in side] for side in (groups, targets)]
    if sizes[0] != sizes[1]:
        raise ValueError(f"restore: groups of {sizes[0]} parameters were saved, here they have {sizes[1]}")
    state = {int(index): kept for index, kept in saved["state"].items()}
    loaded = []
    for group, target in zip(groups, targets, strict=True):
        loaded.append(_group_for_torch(group, target, saved["class"]))
        for index, p in zip(group["params"], target["params"], strict=True):
            for name, value in state.get(index, {}).items():
                if name != "step" and tuple(value.shape) != tuple(p.shape):
                    raise ValueError(
                        f"restore: {name} of parameter {index} has shape {tuple(value.shape)}, "
                        f"the parameter has {tuple(p.shape)}"
                    )
    return {
        "state": {
            index: {
                name: _torch(np.float32(value)) if name == "step" else _torch(value)
                for name, value in kept.items()
            }
            for index, kept in state.items()
        },
        "param_groups": loaded,
    }


def _group_for_torch(group: dict[str, Any], target: dict[str, Any], name: str) -> dict[str, Any]:
    if group.get("agr"):
        raise ValueError(f"restore: this {name} regularizes its gradients (agr), which PyTorch's does not")
    ours, theirs = set(group) - _BOOKKEEPING - {"agr"}, set(target) - _BOOKKEEPING - PYTORCH_ONLY
    if ours != theirs:
        raise ValueError(
            f"restore: the hyper-parameters of {name} are {', '.join(sorted(ours))}; "
            f"of PyTorch's they are {', '.join(sorted(theirs))}"
        )
    names = group.get("param_names"), target.get("param_names")
    if all(names) and list(names[0]) != list(names[1]):  # type: ignore[arg-type]
        raise ValueError(f"restore: parameters {names[0]} were saved, here they are {names[1]}")
    known = set(target) | {"initial_lr"} | ({"step"} if name == "Adan" else set())
    return {**target, **{key: value for key, value in group.items() if key in known}}
