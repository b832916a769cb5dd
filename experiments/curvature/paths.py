"""Where optimizers go on functions of two variables, with and without AGR.

With two elements AGR has only one thing to say: both get the same magnitude x y / (x + y), and none at all
once one of them is 0. The gradient (1, 0) is then a place to stay, wherever the minimum is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad as mg
import optim
from minigrad.backend import Array


@dataclass(frozen=True)
class Surface:
    """A function of two variables.

    Attributes
    ----------
    name : str
    function : callable
        `function(x, y)`, of arrays and Tensors alike.
    start : tuple of float
        Where paths begin.
    minima : tuple of points
    view : tuple of float
        The part that is drawn: left, right, bottom, top.
    lr : float
        A learning rate for gradient descent, with and without momentum.
    adaptive_lr : float
        One for optimizers whose steps do not depend on the size of the gradient.
    """

    name: str
    function: Callable[[Any, Any], Any]
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    view: tuple[float, float, float, float]
    lr: float = 0.02
    adaptive_lr: float = 0.02


def _bowl(x: Any, y: Any) -> Any:
    return (x**2 + 10 * y**2) / 2


def _rosenbrock(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _beale(x: Any, y: Any) -> Any:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _himmelblau(x: Any, y: Any) -> Any:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


SURFACES = {
    "quadratic": Surface("Quadratic", _bowl, (-2.0, 0.9), ((0, 0),), (-2.4, 1.2, -1.2, 1.2)),
    # The gradient at the start is (1, 0), which AGR turns into 0.
    "one-hot": Surface("Quadratic, from (1, 0)", _bowl, (1.0, 0.0), ((0, 0),), (-0.7, 1.3, -0.7, 0.7)),
    "rosenbrock": Surface("Rosenbrock", _rosenbrock, (-1.2, 1.0), ((1, 1),), (-1.8, 1.6, -0.6, 2.2), lr=1e-3),
    "beale": Surface("Beale", _beale, (1.0, 1.5), ((3, 0.5),), (-0.5, 4.2, -1.5, 2.2), lr=0.002),
    "himmelblau": Surface(
        "Himmelblau",
        _himmelblau,
        (-0.5, -0.5),
        ((3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)),
        (-5.2, 5.2, -5.2, 5.2),
        lr=0.005,
        adaptive_lr=0.05,
    ),
}

# Without weight decay, which would end every stall at 0; Adam is then AdamW.
OPTIMIZERS: dict[str, Callable[[Any, Surface, bool], optim.Optimizer]] = {
    "SGD": lambda params, at, agr: optim.SGD(params, lr=at.lr, agr=agr),
    "Momentum": lambda params, at, agr: optim.SGD(params, lr=at.lr, momentum=0.9, agr=agr),
    "RMSprop": lambda params, at, agr: optim.RMSprop(params, lr=at.adaptive_lr, agr=agr),
    "AdamW": lambda params, at, agr: optim.AdamW(params, lr=at.adaptive_lr, weight_decay=0, agr=agr),
    "Adan": lambda params, at, agr: optim.Adan(params, lr=at.adaptive_lr, weight_decay=0, agr=agr),
}


def path(surface: Surface, optimizer: str, steps: int, *, agr: bool = False) -> Array:
    """The points that an optimizer visits, (steps + 1, 2), in float64, as one tensor of two elements.

    Parameters
    ----------
    surface : Surface
    optimizer : str
        A key of `OPTIMIZERS`.
    steps : int
    agr : bool

    Raises
    ------
    KeyError
        If the optimizer is unknown.

    Examples
    --------
    >>> from math import hypot
    >>> stall = SURFACES["one-hot"]
    >>> hypot(*path(stall, "AdamW", 500)[-1]) < 1e-6
    True
    >>> path(stall, "AdamW", 500, agr=True)[-1].tolist()
    [1.0, 0.0]
    """
    w = mg.tensor(surface.start, dtype="float64", requires_grad=True)
    stepper = OPTIMIZERS[optimizer]([w], surface, agr)
    points = [w.numpy().copy()]
    for _ in range(steps):
        stepper.zero_grad()
        surface.function(w[0], w[1]).backward()
        stepper.step()
        points.append(w.numpy().copy())
    return np.stack(points)


def all_paths(surface: Surface, steps: int) -> dict[tuple[str, bool], Array]:
    """The paths of all optimizers: for each name, without (False) and with (True) AGR.

    Examples
    --------
    >>> found = all_paths(SURFACES["quadratic"], 300)
    >>> found["SGD", False][-1].round(2).tolist(), found["SGD", True][-1].round(2).tolist()
    ([-0.0, 0.0], [-1.1, 0.0])
    """
    return {(name, agr): path(surface, name, steps, agr=agr) for name in OPTIMIZERS for agr in (False, True)}
