"""What AGR does, or would do, to every tensor of a training run: measured while it runs."""

import json
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np

from minigrad.tensor import Tensor
from optim.gradient import Gradient
from optim.optimizer import Group, Optimizer
from optim.probe.log import cut_torn_line
from optim.probe.measures import measure

FIRST = 3  # steps that are always measured: there the state is young, and AGR changes the update most


class Probe:
    r"""Measures at some steps of an optimizer, for every tensor, what AGR changes.

    The optimizer is used as before; it steps as if there were no probe. If it regularizes gradients, its
    update is compared with the one that it would make without, from the same weights and state; if it does
    not, with the one that it would make with AGR, each tensor by its own sum.

    Parameters
    ----------
    optimizer : Optimizer
        With `model.named_parameters()` the tensors have names.
    path : str or Path
        Measurements are appended to this file, one JSON object a line, at once; `optim.probe.read` reads it.
        A run that is resumed goes on in the same file.
    every : int
        Steps 1 to 3 and all multiples of this one are measured.

    Raises
    ------
    TypeError
        If `optimizer` is none.
    ValueError
        If `every` is less than 1.

    Notes
    -----
    Everything is computed in float64, from the gradients g, weights w and state of the optimizer as they are.
    One measurement takes the time of some ten updates of all parameters, on one core: a tenth of a training
    step of a convolutional network, ten steps of a wide perceptron.

    A line has, besides `step`, `name`, `size` and whether `agr` is applied at this step:

    =================== ==================================================================================
    alpha_max           the largest alpha = \|g\| / sum \|g\|, where the sum is that of the optimizer's `AGR`
    alpha_quantiles     the distribution of alpha
    herfindahl          H, the sum of alpha^2 (with the scope 'channel' the mean over channels)
    gradient_change     norm(g - Psi) / norm(g)
    update_change       norm(u - u') / norm(u'), for the updates u of w with AGR and u' without
    gradient_unchanged  share of the non-zero g that Psi, in the dtype of g, leaves as they are bit for bit
    update_unchanged    share of the w that are the same, in their own dtype, after either update
    rounding            norm(Psi as the optimizer computes it - exact Psi) / norm(g)
    grad_norm           norm(g)
    weight_norm         norm(w), before the update
    update_norm         norm of the optimizer's update of w
    effective_lr        median of \|update\| / \|g\| over the non-zero g
    =================== ==================================================================================

    A tensor that `AGR(min_ndim=...)` leaves out has its alpha all the same, but a change of 0. Where
    `gradient_change` is no larger than `rounding`, or `update_unchanged` is nearly 1, the floor of the
    precision is reached: there AGR does nothing but round. Where a norm that would divide is 0, or a number
    is not finite, there is null.

    Examples
    --------
    >>> import minigrad as mg
    >>> import optim, tempfile
    >>> w = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> w.grad = mg.tensor([1.0, 1.0, -2.0])
    >>> optimizer = optim.SGD([("w", w)], lr=0.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with optim.Probe(optimizer, f"{folder}/probe.jsonl"):
    ...         optimizer.step()
    ...     (row,) = optim.probe.read(f"{folder}/probe.jsonl")
    >>> row["name"], row["step"], row["agr"], row["alpha_max"], row["herfindahl"], row["effective_lr"]
    ('w', 1, False, 0.5, 0.375, 0.5)
    """

    def __init__(self, optimizer: Optimizer, path: str | PathLike[str], every: int = 100) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"Probe: {type(optimizer).__name__} is not an Optimizer")
        if every < 1:
            raise ValueError(f"Probe: every must be at least 1, got {every}")
        self.optimizer = optimizer
        self.path = Path(path)
        self.every = every
        cut_torn_line(self.path)
        self._file = self.path.open("a", encoding="utf-8")
        optimizer.observers.append(self)

    def before_update(
        self, optimizer: Optimizer, group: Group, params: list[Tensor], gradients: list[Gradient]
    ) -> None:
        """Measure, if this step is one of those."""
        step = optimizer.param_groups[0]["step"]
        if step > FIRST and step % self.every:
            return
        with np.errstate(all="ignore"):
            rows = list(measure(optimizer, group, params, gradients))
        self._file.write("".join(json.dumps({"step": step, **row}) + "\n" for row in rows))
        self._file.flush()

    def close(self) -> None:
        """Let the optimizer alone again."""
        if self in self.optimizer.observers:
            self.optimizer.observers.remove(self)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
