"""Vectors and unit vectors for integers: embedding and one-hot coding."""

from typing import Any

from minigrad.backend import Array, array_module
from minigrad.backend.scatter import sum_rows
from minigrad.engine import primitive
from minigrad.tensor import Tensor


def _embedding_rule(g: Any, weight_shape: tuple[int, int], ids: Array, padding: int | None) -> Any:
    return _sum_by_id(g, ids, weight_shape, padding)


@primitive(weight=_embedding_rule)
def _embedding(weight: Array, ids: Array, padding: int | None) -> Array:
    return weight.take(ids, 0)


# The adjoint of looking rows up: each row of the result is the sum of the rows of g with its id (padding: 0).
@primitive(g=lambda gg, ids, padding: _looked_up(gg, ids, padding))
def _sum_by_id(g: Array, ids: Array, shape: tuple[int, int], padding: int | None) -> Array:
    result = sum_rows(ids.ravel(), g.reshape(ids.size, shape[1]), shape[0])
    if padding is not None:
        result[padding] = 0
    return result


def _looked_up(weight: Any, ids: Array, padding: int | None) -> Any:
    rows = _embedding(weight, ids, padding)
    return rows if padding is None else rows * (ids != padding)[..., None]


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of `weight` with the numbers in `input`.

    Parameters
    ----------
    input : integer Tensor, any shape
        Row numbers, from 0 to V - 1.
    weight : Tensor, (V, D)
    padding_idx : int, optional
        The row that gets no gradient; negative numbers count from the end.
    max_norm, norm_type, scale_grad_by_freq, sparse
        Not supported; here because PyTorch has them in this order.

    Returns
    -------
    Tensor, (*input.shape, D)

    Raises
    ------
    IndexError
        If a number in `input` is out of range.
    RuntimeError
        If `input` is not integer or `weight` not a matrix.
    ValueError
        If `padding_idx` is out of range.
    NotImplementedError
        If an unsupported argument is given.

    Examples
    --------
    >>> import minigrad as mg
    >>> table = mg.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> embedding(mg.tensor([2, 0, 2]), table).tolist()
    [[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]
    """
    if max_norm is not None:
        raise NotImplementedError("embedding: max_norm is not supported; normalize the weight instead")
    if scale_grad_by_freq:
        raise NotImplementedError("embedding: scale_grad_by_freq=True is not supported")
    if sparse:
        raise NotImplementedError("embedding: sparse=True is not supported: gradients are dense")
    ids = input.data if isinstance(input, Tensor) else input
    if weight.ndim != 2:
        raise RuntimeError(f"embedding: weight must have shape (V, D), got {weight.shape}")
    rows = weight.shape[0]
    require_ids(ids, rows, "embedding: input")
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise ValueError(f"embedding: padding_idx {padding_idx} is out of range for {rows} rows")
        padding_idx %= rows
    return _embedding(weight, ids, padding_idx)


def require_ids(ids: Array, count: int, what: str) -> None:
    """Refuse what is not an integer from 0 to `count` - 1 (CuPy would wrap it around without a word).

    Raises
    ------
    RuntimeError
        If `ids` is not of an integer dtype.
    IndexError
        If a number is out of range.
    """
    if ids.dtype.kind not in "iu":
        raise RuntimeError(f"{what} must be of integer dtype, got {ids.dtype.name}")
    if ids.size:
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= count:
            raise IndexError(
                f"{what} has the value {low if low < 0 else high}, which is not in the range 0 to {count - 1}"
            )


def one_hot(input: Any, num_classes: int = -1) -> Any:
    """Each integer k as a vector that is 1 at position k and 0 elsewhere.

    Parameters
    ----------
    input : integer Tensor, any shape
    num_classes : int
        Length of the vectors; by default one more than the largest number.

    Returns
    -------
    integer Tensor, (*input.shape, num_classes)

    Raises
    ------
    RuntimeError
        If `input` is not integer, or a number is negative or not below `num_classes`; or if there are neither
        numbers nor `num_classes`.

    Examples
    --------
    >>> import minigrad as mg
    >>> one_hot(mg.tensor([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    ids = input.data if isinstance(input, Tensor) else input
    if num_classes == -1:
        if not ids.size:
            raise RuntimeError("one_hot: num_classes must be given for an empty tensor")
        num_classes = int(ids.max()) + 1
    if num_classes < 1:
        raise RuntimeError(
            f"one_hot: num_classes must be positive, or -1 for as many as needed, got {num_classes}"
        )
    try:
        require_ids(ids, num_classes, "one_hot: input")
    except IndexError as error:
        raise RuntimeError(str(error)) from None
    xp = array_module(ids)
    result = (ids[..., None] == xp.arange(num_classes)).astype("int64")
    return Tensor(result) if isinstance(input, Tensor) else result
