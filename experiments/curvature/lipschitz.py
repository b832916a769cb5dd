"""How fast the gradient changes, raw and after AGR: along a run, and at one point.

The paper says that AGR lowers the Lipschitz constant of the gradient. What a step of training feels is
|g(w1) - g(w0)| / |w1 - w0| on one batch, which is at most the constant. At one point there is a local value:
|H| for the gradient and |J H| for the regularized one, where H is the Hessian and J the Jacobian of Psi at
the gradient. Psi alone has the constant sqrt(n) for n elements, so neither number has to fall.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import optim
from experiments.curvature.hessian import Hessian
from experiments.curvature.lanczos import top_eigenpairs
from experiments.curvature.objective import Objective
from minigrad import nn
from minigrad.backend import Array
from minigrad.nn import functional as F

COLOURS = ["#3b6fb6", "#d9622b", "#3f9a5b", "#8a5fb0"]


@dataclass(frozen=True)
class LipschitzStep:
    """What one step of training showed.

    Attributes
    ----------
    step : int
        From 1.
    loss : float
        Before the step.
    length : float
        |w1 - w0|.
    raw, agr : float or None
        The change of the gradient, and of Psi of the gradient, on this batch for each unit of length; None
        if the parameters did not move.
    """

    step: int
    loss: float
    length: float
    raw: float | None
    agr: float | None


def lipschitz_along(
    model: nn.Module,
    batches: Iterable[tuple[Any, Any]],
    optimizer: optim.Optimizer,
    loss: Callable[[Any, Any], Any] = F.cross_entropy,
) -> list[LipschitzStep]:
    """Train one step on each batch (in training mode), and compare the batch's gradients before and after.

    Both gradients are those of one function: the same batch, batch norm by its statistics, the same dropout.

    Parameters
    ----------
    model : nn.Module
    batches : iterable of (inputs, targets)
    optimizer : Optimizer
        Of the model's parameters, with or without AGR.
    loss : callable

    Examples
    --------
    >>> import minigrad as mg
    >>> _ = mg.manual_seed(0)
    >>> model = nn.Linear(2, 1, bias=False)
    >>> batch = mg.eye(2) * 2**0.5, mg.zeros(2, 1)  # the loss is |w|^2, its gradient 2 w
    >>> found = lipschitz_along(model, [batch] * 3, optim.SGD(model.parameters(), lr=0.1), F.mse_loss)
    >>> [round(row.raw, 4) for row in found]
    [2.0, 2.0, 2.0]
    """
    rows = []
    model.train()
    for step, (inputs, targets) in enumerate(batches, start=1):
        objective = Objective(model, inputs, targets, loss, training=True)
        before = objective.get()
        optimizer.zero_grad()
        value = loss(model(inputs), targets)
        value.backward()
        g = objective.gradient()
        optimizer.step()
        length = float(np.linalg.norm((objective.get() - before).astype(np.float64)))
        raw = agr = None
        if length > 0:
            after = objective.gradient()
            raw = _distance(after, g) / length
            agr = _distance(psi(objective, after), psi(objective, g)) / length
        rows.append(LipschitzStep(step, value.item(), length, raw, agr))
    return rows


def psi(objective: Objective, g: Array) -> Array:
    """AGR of a whole gradient, tensor by tensor."""
    return objective.joined([optim.agr(piece) for piece in objective.split(g)])


def _distance(a: Array, b: Array) -> float:
    return float(np.linalg.norm(a.astype(np.float64) - b))


def psi_jacobian(g: Array, v: Array, transposed: bool = False) -> Array:
    """The Jacobian of Psi at the gradient of one tensor, J = diag(1 - 2 a) + (s a^2) s', times v.

    Here s = sign(g) and a = |g| / sum |g|. J is not symmetric unless all magnitudes are equal, so that
    w -> Psi(gradient) is in general the gradient of nothing. At an element that is 0, where Psi has a kink,
    s is 0; where the whole tensor is 0, J is taken to be the identity.

    Parameters
    ----------
    g, v : array, of one shape
    transposed : bool
        Multiply by J' instead.

    Examples
    --------
    >>> g = np.array([3.0, -1.0])
    >>> psi_jacobian(g, g).tolist() == optim.agr(g).tolist() == [0.75, -0.75]
    True
    """
    x = np.abs(g)
    a = x / (x.sum() or 1)
    left, right = np.sign(g) * a**2, np.sign(g)
    if transposed:
        left, right = right, left
    product: Array = (1 - 2 * a) * v + left * (right * v).sum()
    return product


def local_lipschitz(objective: Objective, tolerance: float = 1e-6, seed: int = 0) -> tuple[float, float]:
    """The local Lipschitz constants of the gradient and of Psi of the gradient, |H| and |J H|.

    They are square roots of the largest eigenvalue of M' M, for M = H and M = J H, by Lanczos' method.

    Examples
    --------
    >>> import minigrad as mg
    >>> batch = mg.eye(2) * 2**0.5, mg.zeros(2, 1)
    >>> model = nn.Linear(2, 1, bias=False)
    >>> f = Objective(model, *batch, F.mse_loss, training=False)
    >>> f.set(np.array([1.0, 1e-6]))  # nearly one-hot: Psi amplifies by nearly sqrt(2)
    >>> raw, regularized = local_lipschitz(f)
    >>> round(raw, 3), round(regularized, 3)
    (2.0, 2.828)
    """
    H = Hessian(objective)
    gradients = [piece.numpy().astype(np.float64) for piece in objective.split(H.gradient)]

    def J(v: Array, transposed: bool) -> Array:
        ends = np.cumsum([g.size for g in gradients])[:-1]
        pieces = [piece.reshape(g.shape) for piece, g in zip(np.split(v, ends), gradients, strict=True)]
        products = [psi_jacobian(g, piece, transposed) for g, piece in zip(gradients, pieces, strict=True)]
        return np.concatenate([product.reshape(-1) for product in products])

    def norm(gram: Callable[[Array], Array]) -> float:
        return max(0.0, float(top_eigenpairs(gram, H.size, tolerance=tolerance, seed=seed).values[0])) ** 0.5

    return norm(lambda v: H @ (H @ v)), norm(lambda v: H @ J(J(H @ v, False), True))


def draw_lipschitz(runs: Mapping[str, Sequence[LipschitzStep]], path: Path) -> None:
    """Estimates along runs, on the left those of raw gradients, on the right what Psi makes of them.

    Parameters
    ----------
    runs : dict of str to list of LipschitzStep
    path : Path
        The PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for i, (label, rows) in enumerate(runs.items()):
        colour, width = COLOURS[i % len(COLOURS)], 1.2 if i else 3.0  # the others may lie on the first
        moved = [(row.step, row.raw, row.agr) for row in rows if row.raw and row.agr is not None]
        steps = [step for step, _, _ in moved]
        left.plot(steps, [raw for _, raw, _ in moved], color=colour, linewidth=width, label=label)
        change = [100 * (agr / raw - 1) for _, raw, agr in moved]
        right.plot(steps, change, color=colour, linewidth=width, label=label)
    right.axhline(0, color="#1d2733", linewidth=0.8)
    left.set(title="Change of the gradient per unit of step", xlabel="step", ylim=(0, None))
    right.set(title="The same after AGR: difference in %", xlabel="step")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=130)
