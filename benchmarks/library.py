"""Two frameworks under the same names, so that a workload is written once and built with either."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np


class Library(NamedTuple):
    """A framework: its top module (`minigrad` or `torch`), and where it keeps its parts."""

    top: ModuleType
    nn: ModuleType
    F: ModuleType
    optim: Any


def minigrad() -> Library:
    import minigrad
    import optim
    from minigrad import nn
    from minigrad.nn import functional

    return Library(minigrad, nn, functional, optim)


def pytorch() -> Library:
    import torch
    from torch import nn
    from torch.nn import functional

    return Library(torch, nn, functional, torch.optim)


def arrays_of(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A state_dict of either framework as arrays of its own memory."""
    return {key: np.array(tensor.detach().numpy()) for key, tensor in state.items()}


def load_arrays(library: Library, network: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Give the network these weights; every key has to fit."""
    network.load_state_dict({key: library.top.from_numpy(array.copy()) for key, array in arrays.items()})
