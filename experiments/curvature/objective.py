"""The loss of a network on fixed data, as a function of one vector: all its parameters laid end to end.

Vectors are NumPy's, wherever the network lives. Evaluating leaves no trace: running statistics of batch norm,
modes and the random generator are afterwards as they were.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.backend import Array, to_device, to_numpy
from minigrad.engine import mutated
from minigrad.nn import functional as F


class Objective:
    """The loss of `model` for given inputs and targets.

    Parameters
    ----------
    model : nn.Module
        Parameters that require no gradient are held fixed.
    inputs, targets : Tensor
        One batch.
    loss : callable
        `loss(model(inputs), targets)`, a one-element tensor.
    training : bool
        There is no default, for with batch norm these are two functions. True: each channel is normalized by
        the mean and variance of this batch, and derivatives go through them; dropout draws the same mask
        every time. False: running statistics are constants, and nothing is dropped.

    Raises
    ------
    ValueError
        If no parameter requires a gradient.

    Examples
    --------
    >>> model = nn.Linear(2, 1, bias=False)
    >>> x, y = mg.tensor([[1.0, 0.0], [0.0, 2.0]]), mg.tensor([[3.0], [4.0]])
    >>> f = Objective(model, x, y, F.mse_loss, training=False)
    >>> f.set(np.array([1.0, 2.0]))
    >>> f.value(), f.gradient().tolist()
    (2.0, [-2.0, 0.0])
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Tensor,
        targets: Tensor,
        loss: Callable[[Any, Any], Any] = F.cross_entropy,
        *,
        training: bool,
    ) -> None:
        self.model, self.inputs, self.targets, self.loss_function = model, inputs, targets, loss
        self.training = training
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        if not self.parameters:
            raise ValueError("Objective: no parameter of the model requires a gradient")
        self.size = sum(p.data.size for p in self.parameters)
        self._random = mg.default_generator.get_state()

    def loss(self) -> Tensor:
        """The loss at the present parameters, with its graph."""
        with self._without_trace():
            return self.loss_function(self.model(self.inputs), self.targets)  # type: ignore[no-any-return]

    def value(self) -> float:
        """The loss at the present parameters."""
        with mg.no_grad():
            return self.loss().item()

    def gradient(self) -> Array:
        """The gradient at the present parameters, (size,)."""
        return self.joined(mg.autograd.grad(self.loss(), self.parameters, materialize_grads=True))

    def get(self) -> Array:
        """A copy of the present parameters, (size,)."""
        return self.joined(self.parameters)

    def set(self, w: Array) -> None:
        """Go to other parameters, in place."""
        for p, piece in zip(self.parameters, self.split(w), strict=True):
            p.data[...] = piece.data
            mutated(p.data)

    def split(self, vector: Array) -> list[Tensor]:
        """A vector cut into tensors like the parameters.

        Raises
        ------
        ValueError
            If it does not have the shape (size,).
        """
        if vector.shape != (self.size,):
            raise ValueError(f"expected a vector of shape ({self.size},), got {vector.shape}")
        ends = np.cumsum([p.data.size for p in self.parameters])
        return [
            Tensor(to_device(piece.reshape(p.shape).astype(p.dtype), p.device))
            for p, piece in zip(self.parameters, np.split(vector, ends[:-1]), strict=True)
        ]

    @staticmethod
    def joined(tensors: Any) -> Array:
        """Tensors laid end to end, in a new array."""
        return np.concatenate([to_numpy(t.data).reshape(-1) for t in tensors])

    @contextmanager
    def _without_trace(self) -> Iterator[None]:
        modes = [(module, module.training) for module in self.model.modules()]
        buffers = [(buffer, buffer.data.copy()) for buffer in self.model.buffers()] if self.training else []
        random = mg.default_generator.get_state()
        mg.default_generator.set_state(self._random)
        self.model.train(self.training)
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode
            for buffer, before in buffers:
                buffer.data[...] = before
            mg.default_generator.set_state(random)
