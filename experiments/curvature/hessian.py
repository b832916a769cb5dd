"""The Hessian of a network's loss, exactly: by differentiating the gradient."""

import numpy as np

from experiments.curvature.objective import Objective
from minigrad.autograd import grad
from minigrad.backend import Array


class Hessian:
    """The matrix of second derivatives at the present parameters, known by its products with vectors.

    The gradient's graph is recorded once; each product is then one backward pass through it, the derivative
    of g . v. B. Pearlmutter: Fast Exact Multiplication by the Hessian, 1994. It holds on to that graph; after
    the parameters have changed, a product raises RuntimeError.

    Parameters
    ----------
    objective : Objective

    Attributes
    ----------
    size : int
        The number of rows and columns.
    gradient : array, (size,)

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> from minigrad.nn import functional as F
    >>> x, y = mg.tensor([[1.0, 0.0], [0.0, 2.0]]), mg.tensor([[3.0], [4.0]])
    >>> H = Hessian(Objective(nn.Linear(2, 1, bias=False), x, y, F.mse_loss, training=False))
    >>> (H @ np.array([1.0, 1.0])).tolist()
    [1.0, 4.0]
    >>> H.dense().tolist()
    [[1.0, 0.0], [0.0, 4.0]]
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.size = objective.size
        self._gradients = grad(
            objective.loss(), objective.parameters, create_graph=True, materialize_grads=True
        )
        self.gradient = objective.joined(self._gradients)

    def __matmul__(self, v: Array) -> Array:
        """H v, for v of shape (size,)."""
        pairs = zip(self._gradients, self.objective.split(v), strict=True)
        curved = [(g, direction) for g, direction in pairs if g.requires_grad]  # others are constant
        if not curved:
            return np.zeros(self.size, self.gradient.dtype)
        products = grad(
            [g for g, _ in curved],
            self.objective.parameters,
            [direction for _, direction in curved],
            retain_graph=True,
            materialize_grads=True,
        )
        return self.objective.joined(products)

    def dense(self) -> Array:
        """The whole matrix, (size, size), made symmetric: one product for each row, so for small networks."""
        rows = np.stack([self @ unit for unit in np.eye(self.size, dtype=self.gradient.dtype)])
        return (rows + rows.T) / 2
