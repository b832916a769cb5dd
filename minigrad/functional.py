"""Derivatives of functions: products with Jacobians and Hessians, and the matrices themselves.

The names are those of torch.autograd.functional. Each function takes `func` and the point where it is
differentiated.
"""

from collections.abc import Callable
from typing import Any

from minigrad.backend import array_module
from minigrad.gradients import grad
from minigrad.tensor import Tensor


def _start(input: Tensor) -> Tensor:
    """The same values as a new leaf, so that the caller's graph is left alone."""
    return Tensor(input.data, requires_grad=True)


def _gradient(func: Callable[[Tensor], Any], x: Tensor, name: str) -> Tensor:
    y = func(x)
    if not isinstance(y, Tensor) or y.data.size != 1:
        raise RuntimeError(
            f"{name}: func must return a one-element tensor, got {getattr(y, 'shape', type(y).__name__)}"
        )
    return grad(y, x, create_graph=True, materialize_grads=True)[0]


def vjp(func: Callable[[Tensor], Any], input: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """`func(input)`, and `v` times its Jacobian: one backward pass.

    Parameters
    ----------
    func : callable
        From a Tensor to a Tensor.
    input : Tensor
    v : Tensor
        Of the shape of the result.

    Examples
    --------
    >>> import minigrad as mg
    >>> y, g = vjp(lambda x: x**2, mg.tensor([1.0, 3.0]), mg.tensor([1.0, 10.0]))
    >>> y.tolist(), g.tolist()
    ([1.0, 9.0], [2.0, 60.0])
    """
    x = _start(input)
    y = func(x)
    return y.detach(), grad(y, x, v, materialize_grads=True)[0]


def jvp(func: Callable[[Tensor], Any], input: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """`func(input)`, and its Jacobian times `v`: two backward passes, the second through the first.

    The gradient u -> u J is linear in u, so its own derivative by u in the direction v is J v.

    Examples
    --------
    >>> import minigrad as mg
    >>> jvp(lambda x: x**2, mg.tensor([1.0, 3.0]), mg.tensor([1.0, 10.0]))[1].tolist()
    [2.0, 60.0]
    """
    x = _start(input)
    y = func(x)
    u = Tensor(array_module(y.data).zeros_like(y.data), requires_grad=True)
    (by_x,) = grad(y, x, u, create_graph=True, materialize_grads=True)
    if not by_x.requires_grad:
        return y.detach(), Tensor(array_module(y.data).zeros_like(y.data))
    return y.detach(), grad(by_x, u, v, materialize_grads=True)[0]


def hvp(func: Callable[[Tensor], Any], input: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """`func(input)`, and the Hessian of a one-element result times `v`.

    Examples
    --------
    >>> import minigrad as mg
    >>> hvp(lambda x: (x**3).sum(), mg.tensor([1.0, 2.0]), mg.tensor([1.0, 1.0]))[1].tolist()
    [6.0, 12.0]
    """
    x = _start(input)
    g = _gradient(func, x, "hvp")
    value = func(x).detach()
    if not g.requires_grad:
        return value, Tensor(array_module(x.data).zeros_like(x.data))
    return value, grad(g, x, v, materialize_grads=True)[0]


def jacobian(func: Callable[[Tensor], Any], input: Tensor) -> Tensor:
    """The whole Jacobian, of shape (*result, *input): one backward pass for each element of the result.

    Examples
    --------
    >>> import minigrad as mg
    >>> jacobian(lambda x: x**2, mg.tensor([1.0, 3.0])).tolist()
    [[2.0, 0.0], [0.0, 6.0]]
    """
    x = _start(input)
    return _rows(func(x), x)


def hessian(func: Callable[[Tensor], Any], input: Tensor) -> Tensor:
    """The whole Hessian of a one-element result, of shape (*input, *input).

    Examples
    --------
    >>> import minigrad as mg
    >>> hessian(lambda x: (x**3).sum(), mg.tensor([1.0, 2.0])).tolist()
    [[6.0, 0.0], [0.0, 12.0]]
    """
    x = _start(input)
    return _rows(_gradient(func, x, "hessian"), x)


def _rows(y: Tensor, x: Tensor) -> Tensor:
    xp = array_module(x.data)
    result = xp.zeros((y.data.size, *x.shape), x.dtype)
    for i in range(y.data.size if y.requires_grad else 0):
        one = xp.zeros(y.data.size, y.dtype)
        one[i] = 1
        (row,) = grad(y, x, Tensor(one.reshape(y.shape)), retain_graph=True, materialize_grads=True)
        result[i] = row.data
    return Tensor(result.reshape(y.shape + x.shape))
