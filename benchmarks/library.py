"""Two frameworks under the same names, so that a workload is written once and built with either."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np


class Library(NamedTuple):
    """A framework: its top module (`minigrad` or `torch`), its parts, and where its tensors live."""

    top: ModuleType
    nn: ModuleType
    F: ModuleType
    optim: Any
    device: str = "cpu"
    dtype: str = "float32"
    """Of all tensors that are not integers."""

    def tensor(self, array: np.ndarray) -> Any:
        """The array as a tensor on the device; on the CPU with the same memory, if the dtype fits."""
        if array.dtype.kind == "f":
            array = array.astype(self.dtype, copy=False)
        return self.top.from_numpy(array).to(self.device)

    def module(self, network: Any) -> Any:
        """The network, its parameters moved to the device and to the dtype."""
        return network.to(device=self.device, dtype=getattr(self.top, self.dtype, self.dtype))


def minigrad(device: str = "cpu", dtype: str = "float32") -> Library:
    import minigrad
    import optim
    from minigrad import nn
    from minigrad.nn import functional

    return Library(minigrad, nn, functional, optim, device, dtype)


def pytorch(device: str = "cpu", dtype: str = "float32") -> Library:
    import torch
    from torch import nn
    from torch.nn import functional

    return Library(torch, nn, functional, torch.optim, device, dtype)


def array_of(tensor: Any) -> np.ndarray:
    """A copy of the values of a tensor, of any framework and on any device."""
    return np.array(tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor.data)


def arrays_of(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A state_dict as arrays of its own memory."""
    return {key: array_of(tensor) for key, tensor in state.items()}


def load_arrays(library: Library, network: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Give the network these weights; every key has to fit."""
    network.load_state_dict({key: library.top.from_numpy(array.copy()) for key, array in arrays.items()})
