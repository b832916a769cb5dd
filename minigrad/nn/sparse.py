"""Embedding."""

from typing import Any

from minigrad.creation import empty
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class Embedding(Module):
    """A table of vectors that are looked up by their number.

    Parameters
    ----------
    num_embeddings : int
        How many vectors there are.
    embedding_dim : int
        The size of each.
    padding_idx : int, optional
        This vector starts as zeros and gets no gradient.
    device : str, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, (num_embeddings, embedding_dim)
        Starts with standard normal numbers.

    Raises
    ------
    ValueError
        If there is no vector of number `padding_idx`.

    Examples
    --------
    >>> import minigrad as mg
    >>> Embedding(10, 4)(mg.tensor([[1, 2, 1]])).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(
                f"Embedding: padding_idx must be within the {num_embeddings} embeddings, got {padding_idx}"
            )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        self.weight = Parameter(empty(num_embeddings, embedding_dim, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, input: Tensor) -> Any:
        """The vectors, (..., embedding_dim), for integers of any shape (...)."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """The sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
