"""Parameters: the tensors of a module that an optimizer is to change."""

from typing import Any

from minigrad.tensor import Tensor, as_tensor


class Parameter(Tensor):
    """A leaf tensor that a `Module` counts among its parameters as soon as it is assigned to an attribute.

    Parameters
    ----------
    data : Tensor, Array or nested sequence of numbers
        Tensors and arrays are adopted without a copy.
    requires_grad : bool
        Whether gradients are collected; also when it is made inside `no_grad`.

    Raises
    ------
    RuntimeError
        If it is to require gradients but is not floating.

    Examples
    --------
    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(as_tensor(data).data, requires_grad)
