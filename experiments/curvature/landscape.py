"""Slices through the loss around trained networks, with and without AGR.

A direction is random, but each filter of it is as long as the filter of the network that it moves: networks
with batch norm or ReLU compute the same after their filters are rescaled, and would look flat or sharp at
will otherwise. H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein: Visualizing the Loss Landscape of Neural
Nets, 2018, section 4.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
import optim
from experiments.curvature.objective import Objective
from experiments.training import train_epoch
from minigrad import Tensor, nn
from minigrad.backend import Array, to_numpy

COLOURS = ["#3b6fb6", "#d9622b", "#3f9a5b", "#8a5fb0"]


def filter_normalized(objective: Objective, seed: int) -> Array:
    """A random direction whose every filter has the norm of the same filter of the parameters.

    A filter is what makes one output: an index of a weight's first axis. Parameters with fewer than two axes
    (biases, the weights of normalizations) do not move, as in the authors' code.

    Parameters
    ----------
    objective : Objective
    seed : int
        Networks of the same shapes get the same direction, but for the lengths of its filters.

    Examples
    --------
    >>> from minigrad.nn import functional as F
    >>> model = nn.Linear(2, 1)
    >>> f = Objective(model, mg.zeros(1, 2), mg.zeros(1, 1), F.mse_loss, training=False)
    >>> f.set(np.array([3.0, 4.0, 7.0]))
    >>> d = filter_normalized(f, seed=0)
    >>> float(np.hypot(d[0], d[1]).round(5)), float(d[2])
    (5.0, 0.0)
    """
    rng = np.random.default_rng(seed)
    pieces = []
    for p in objective.parameters:
        direction = rng.standard_normal(p.shape)
        if p.ndim < 2:
            direction = np.zeros(p.shape)
        filters, moves = to_numpy(p.data).reshape(len(p), -1), direction.reshape(len(p), -1)
        if p.ndim >= 2:
            moves *= (np.linalg.norm(filters, axis=1) / np.linalg.norm(moves, axis=1))[:, None]
        pieces.append(moves.reshape(-1))
    return np.concatenate(pieces)


def slice_loss(objective: Objective, directions: Sequence[Array], positions: Array) -> Array:
    """The loss on a line (one direction) or a plane (two) through the present parameters.

    Parameters
    ----------
    objective : Objective
    directions : sequence of array
    positions : array, (points,)
        Multiples of each direction.

    Returns
    -------
    array, (points,) or (points, points)
        Entry [i, j] is the loss at parameters + positions[i] * first + positions[j] * second. The parameters
        are afterwards as they were.

    Examples
    --------
    >>> from minigrad.nn import functional as F
    >>> model = nn.Linear(1, 1, bias=False)
    >>> f = Objective(model, mg.ones(1, 1), mg.zeros(1, 1), F.mse_loss, training=False)
    >>> f.set(np.array([2.0]))
    >>> slice_loss(f, [np.array([1.0])], np.array([-1.0, 0.0, 1.0])).tolist()
    [1.0, 4.0, 9.0]
    """
    start = objective.get()
    shape = (len(positions),) * len(directions)
    values = np.empty(shape)
    try:
        for index in product(*map(range, shape)):
            moves = (positions[i] * direction for i, direction in zip(index, directions, strict=True))
            objective.set(sum(moves, start))
            values[index] = objective.value()
    finally:
        objective.set(start)
    return values


@dataclass(frozen=True)
class Landscape:
    """The surroundings of one trained network.

    Attributes
    ----------
    positions, line : array, (points,)
        The loss along the first direction.
    plane_positions : array, (side,)
    plane : array, (side, side)
        The loss over the plane of both directions.
    """

    positions: Array
    line: Array
    plane_positions: Array
    plane: Array


def compare_landscapes(
    make_model: Callable[[], nn.Module],
    optimizers: Mapping[str, Callable[[Any], optim.Optimizer]],
    batches: Iterable[tuple[Tensor, Tensor]],
    data: tuple[Tensor, Tensor],
    *,
    training: bool,
    epochs: int = 1,
    seed: int = 0,
    extent: float = 1.0,
    points: int = 51,
    side: int = 21,
) -> dict[str, Landscape]:
    """Train the same network with several optimizers, and slice the loss around each result.

    Parameters
    ----------
    make_model : callable
        Returns a new network, with weights from the default generator.
    optimizers : dict of str to callable
        From parameters to an optimizer, for each label.
    batches : iterable of (inputs, targets)
        One epoch; if it shuffles, by the default generator.
    data : tuple of Tensor
        Inputs and targets that the landscape is drawn for.
    training : bool
        Whether batch norm uses the statistics of `data` (True) or those of the training (False): see
        `Objective`.
    epochs, seed : int
        The seed fixes the first weights, the order of the batches and the directions.
    extent : float
        How far the slices go to each side; 1 is as long as the filters.
    points, side : int
        Of the line, and along each axis of the plane.

    Returns
    -------
    dict of str to Landscape
        For each label. The middle of the line and of the plane, where they have one, is the network itself.

    Examples
    --------
    >>> data = mg.eye(3), mg.tensor([0, 1, 2])
    >>> optimizers = {
    ...     "SGD": lambda params: optim.SGD(params, lr=0.5),
    ...     "SGD(AGR)": lambda params: optim.SGD(params, lr=0.5, agr=True),
    ... }
    >>> found = compare_landscapes(
    ...     lambda: nn.Linear(3, 3), optimizers, [data], data, training=False, points=5, side=3
    ... )
    >>> {label: (landscape.line.shape, landscape.plane.shape) for label, landscape in found.items()}
    {'SGD': ((5,), (3, 3)), 'SGD(AGR)': ((5,), (3, 3))}
    """
    landscapes = {}
    for label, make_optimizer in optimizers.items():
        mg.manual_seed(seed)
        model = make_model()
        optimizer = make_optimizer(model.parameters())
        for _ in range(epochs):
            train_epoch(model, optimizer, batches)
        objective = Objective(model, *data, training=training)
        directions = [filter_normalized(objective, seed + i) for i in (1, 2)]
        fine, coarse = (np.linspace(-extent, extent, n) for n in (points, side))
        line = slice_loss(objective, directions[:1], fine)
        landscapes[label] = Landscape(fine, line, coarse, slice_loss(objective, directions, coarse))
    return landscapes


def draw_landscapes(landscapes: Mapping[str, Landscape], path: Path) -> None:
    """The lines in one panel, and a contour map for each label, all with the same levels.

    Parameters
    ----------
    landscapes : dict of str to Landscape
    path : Path
        The PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.7 * (1 + len(landscapes)), 3.7), layout="constrained")
    first, *maps = figure.subplots(1, 1 + len(landscapes))
    for i, (label, found) in enumerate(landscapes.items()):
        width = 1.4 if i else 4.0  # the others may lie on the first
        colour = COLOURS[i % len(COLOURS)]
        first.plot(found.positions, found.line, color=colour, linewidth=width, label=label)
    lines = np.stack([found.line for found in landscapes.values()])
    scale = "log" if lines.max() > 10 * lines.min() > 0 else "linear"
    first.set(title="Loss along the first direction", xlabel="first direction", yscale=scale)
    first.grid(alpha=0.3)
    first.legend(frameon=False)
    first.spines[["top", "right"]].set_visible(False)

    planes = np.stack([found.plane for found in landscapes.values()])
    levels = np.geomspace(max(planes.min(), 1e-6), planes.max(), 19)
    for axes, (label, found) in zip(maps, landscapes.items(), strict=True):
        x = found.plane_positions
        shown = axes.contourf(x, x, found.plane.T, levels, norm=LogNorm(), cmap="viridis", extend="both")
        axes.contour(x, x, found.plane.T, levels, colors="white", linewidths=0.4, alpha=0.6)
        axes.plot(0, 0, "+", color="white", markersize=9)
        axes.set(title=label, xlabel="first direction", ylabel="second direction", aspect="equal")
    figure.colorbar(shown, ax=maps, label="loss", ticks=levels[::3], format="%.3g")
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=130)
