"""The exponential moving average of a model's weights, which often tests better than the last weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.backend import Array, device_of, to_device
from minigrad.engine import mutated
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn import Module


class EMA:
    """Average of a module's parameters; its buffers are copied as they are.

    Parameters
    ----------
    model : Module
        The average starts at its present weights.
    decay : float
        After each `update` the average is decay * average + (1 - decay) * weights, in [0, 1].

    Raises
    ------
    ValueError
        If `decay` is not in [0, 1].

    Examples
    --------
    >>> import minigrad as mg
    >>> model = mg.nn.Linear(1, 1, bias=False)
    >>> model.weight.data[...] = 0
    >>> ema = EMA(model, decay=0.75)
    >>> model.weight.data[...] = 1
    >>> ema.update()
    >>> with ema.swap():
    ...     model.weight.item()
    0.25
    >>> model.weight.item()
    1.0
    """

    def __init__(self, model: "Module", decay: float = 0.9999) -> None:
        if not 0 <= decay <= 1:
            raise ValueError(f"EMA: decay must be in [0, 1], got {decay}")
        self.model = model
        self.decay = decay
        self.average = {name: p.data.astype(_dtype(p)) for name, p in model.named_parameters()}
        self.average |= {name: b.data.copy() for name, b in model.named_buffers()}

    def update(self) -> None:
        """Take the present weights into the average; call it after every optimizer step."""
        for name, p in self.model.named_parameters():
            a, w = self.average[name], p.data.astype(_dtype(p), copy=False)
            # a_t = decay a_{t-1} + (1 - decay) w_t
            a *= self.decay
            a += (1 - self.decay) * w
        for name, b in self.model.named_buffers():
            self.average[name][...] = b.data

    def copy_to(self, model: "Module | None" = None) -> None:
        """Write the average into `model` (None: the one it was made from).

        Raises
        ------
        ValueError
            If the names or shapes of its parameters and buffers are others; nothing is changed then.
        """
        tensors = _tensors(self.model if model is None else model)
        self._refuse_other({name: t.data for name, t in tensors.items()})
        for name, t in tensors.items():
            _write(t, self.average[name])

    @contextmanager
    def swap(self) -> Iterator[None]:
        """Inside this context the model computes with the average; afterwards with its own weights again."""
        weights = [(t, t.data.copy()) for t in _tensors(self.model).values()]
        self.copy_to()
        try:
            yield
        finally:
            for t, array in weights:
                _write(t, array)

    def state_dict(self) -> dict[str, Any]:
        """A snapshot: the `decay`, and the `average` (with the buffers) as Tensors by name."""
        return {
            "decay": self.decay,
            "average": {name: Tensor(array.copy()) for name, array in self.average.items()},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a snapshot, whose arrays may be Tensors or raw arrays.

        Raises
        ------
        ValueError
            If names or shapes are not those of the model; nothing is changed then.
        """
        saved = {name: v.data if isinstance(v, Tensor) else v for name, v in state_dict["average"].items()}
        self._refuse_other(saved)
        self.decay = state_dict["decay"]
        for name, array in self.average.items():
            array[...] = to_device(saved[name], device_of(array))

    def _refuse_other(self, arrays: dict[str, Array]) -> None:
        differences = [f"{name} is missing" for name in self.average if name not in arrays]
        differences += [f"{name} is not in the average" for name in arrays if name not in self.average]
        differences += [
            f"{name} has shape {arrays[name].shape}, in the average {array.shape}"
            for name, array in self.average.items()
            if name in arrays and arrays[name].shape != array.shape
        ]
        if differences:
            raise ValueError(
                "EMA: these are not the weights of the same model:\n    " + "\n    ".join(differences)
            )


def _dtype(p: Tensor) -> "np.dtype[Any]":
    return np.promote_types(p.dtype, np.float32)  # in float16 a weight of 1 - 0.9999 would vanish


def _tensors(model: "Module") -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _write(tensor: Tensor, array: Array) -> None:
    tensor.data[...] = array
    mutated(tensor.data)
