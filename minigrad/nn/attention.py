"""Multi-head attention."""

import math
from typing import Any

from minigrad.creation import empty
from minigrad.dtypes import is_floating
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.linear import Linear
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.choice import where
from minigrad.tensor import Tensor


class MultiheadAttention(Module):
    """Several attentions side by side, each on its own projection of queries, keys and values.

    Vaswani et al. (2017), 'Attention Is All You Need', section 3.2.2: `Concat(head_1, ..., head_h) W^O` with
    `head_i = softmax(Q_i K_i^T / sqrt(d)) V_i`, where d is `embed_dim / num_heads`.

    Parameters
    ----------
    embed_dim : int
        E, the size of queries, keys, values and results.
    num_heads : int
        h; it has to divide E.
    dropout : float
        The probability with which attention weights are dropped in training.
    bias : bool
        Whether the projections have one.
    add_bias_kv, add_zero_attn : bool
        Not supported.
    kdim, vdim : int, optional
        Sizes of keys and values other than E are not supported.
    batch_first : bool
        Whether inputs are (N, L, E) instead of (L, N, E).
    device : str, optional
    dtype : dtype, optional

    Attributes
    ----------
    in_proj_weight : Parameter, (3 E, E)
        The projections of query, key and value, one below the other.
    in_proj_bias : Parameter, (3 E,), or None
    out_proj : Linear

    Raises
    ------
    ValueError
        If E cannot be divided by h.
    NotImplementedError
        If something is asked for that is not supported.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.randn(2, 5, 8)
    >>> output, weights = MultiheadAttention(8, num_heads=4, batch_first=True)(x, x, x)
    >>> output.shape, weights.shape
    ((2, 5, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if add_bias_kv or add_zero_attn or kdim not in (None, embed_dim) or vdim not in (None, embed_dim):
            raise NotImplementedError(
                "MultiheadAttention: keys and values must have the size of the queries and get no additions; "
                f"got add_bias_kv={add_bias_kv}, add_zero_attn={add_zero_attn}, kdim={kdim}, vdim={vdim}"
            )
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: num_heads={num_heads} does not divide embed_dim={embed_dim}"
            )
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.in_proj_weight = Parameter(empty(3 * embed_dim, embed_dim, device=device, dtype=dtype))
        self.in_proj_bias = Parameter(empty(3 * embed_dim, device=device, dtype=dtype)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the projections of query, key and value anew; biases start at 0."""
        init.xavier_uniform_(self.in_proj_weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """Attend from each query to all keys.

        Parameters
        ----------
        query : Tensor, (L, N, E), or (N, L, E) if `batch_first`, or (L, E)
        key, value : Tensor, the same with a length S in place of L
        key_padding_mask : Tensor, (N, S) or (S,), optional
            Boolean: True where a key is to be ignored. Floating: added to the scores.
        need_weights : bool
            Whether attention weights are returned; without them the computation is faster.
        attn_mask : Tensor, (L, S) or (N * num_heads, L, S), optional
            Boolean: True where a query must not see a key. Floating: added to the scores.
        average_attn_weights : bool
            Whether the weights are averaged over the heads.
        is_causal : bool
            Says that `attn_mask` is the causal one, which allows a faster computation.

        Returns
        -------
        output : Tensor, of the shape of `query`
        weights : Tensor, (N, L, S), or (N, num_heads, L, S) for each head; or None
            Without the N if the inputs had none.

        Raises
        ------
        RuntimeError
            If shapes or masks do not fit.
        """
        if query.ndim not in (2, 3) or key.ndim != query.ndim or key.shape != value.shape:
            raise RuntimeError(
                "MultiheadAttention: expected query, key and value of 3 dimensions (2 without a batch), "
                f"key and value of one shape; got {query.shape}, {key.shape} and {value.shape}"
            )
        if is_causal and attn_mask is None:
            raise RuntimeError(
                "MultiheadAttention: is_causal is said of attn_mask, so that has to be given too"
            )
        q, k, v = (self._heads(x) for x in self._projections(query, key, value))
        mask = self._mask(attn_mask, key_padding_mask, q, k)
        dropout = self.dropout if self.training else 0.0
        if need_weights:
            scores = (q * self.head_dim**-0.5) @ k.transpose(-2, -1)
            weights = F.dropout(F.softmax(scores if mask is None else scores + mask, -1), dropout)
            attended = weights @ v
        elif is_causal and key_padding_mask is None:
            attended = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        else:
            attended = F.scaled_dot_product_attention(q, k, v, mask, dropout)
        output = self.out_proj(attended.transpose(1, 2).flatten(2))
        if query.ndim == 2:
            output = output.squeeze(0)
        elif not self.batch_first:
            output = output.transpose(0, 1)
        if not need_weights:
            return output, None
        if average_attn_weights:
            weights = weights.mean(1)
        return output, weights.squeeze(0) if query.ndim == 2 else weights

    def _projections(self, query: Tensor, key: Tensor, value: Tensor) -> Any:
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if query is key and key is value:  # self-attention: one large product instead of three
            return F.linear(query, weight, bias).chunk(3, -1)
        biases = (None, None, None) if bias is None else bias.chunk(3)
        return [
            F.linear(x, w, b) for x, w, b in zip((query, key, value), weight.chunk(3), biases, strict=True)
        ]

    def _heads(self, x: Any) -> Any:
        """From whatever the layout of the inputs is to (N, num_heads, L, head_dim)."""
        if x.ndim == 2:
            x = x.unsqueeze(0)
        elif not self.batch_first:
            x = x.transpose(0, 1)
        return x.reshape(*x.shape[:2], self.num_heads, self.head_dim).transpose(1, 2)

    def _mask(self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, q: Any, k: Any) -> Any:
        """Both masks as one to be added to scores of shape (N, num_heads, L, S); None if there is neither."""
        (batch, heads, queries, _), keys = q.shape, k.shape[2]
        mask = None
        if attn_mask is not None:
            mask = _additive("attn_mask", attn_mask, q.dtype)
            if mask.shape == (batch * heads, queries, keys):
                mask = mask.reshape(batch, heads, queries, keys)
            elif mask.shape != (queries, keys):
                raise RuntimeError(
                    f"MultiheadAttention: attn_mask must have shape {(queries, keys)} or "
                    f"{(batch * heads, queries, keys)}, got {mask.shape}"
                )
        if key_padding_mask is not None:
            padding = _additive("key_padding_mask", key_padding_mask, q.dtype)
            if padding.shape not in ((batch, keys), (keys,) * (batch == 1)):
                raise RuntimeError(
                    f"MultiheadAttention: key_padding_mask must have shape {(batch, keys)}, "
                    f"got {padding.shape}"
                )
            padding = padding.reshape(batch, 1, 1, keys)
            mask = padding if mask is None else mask + padding
        return mask


def _additive(name: str, mask: Tensor, dtype: Any) -> Any:
    """A boolean mask as one that is added: -inf where it is True."""
    if mask.dtype != bool and not is_floating(mask.dtype):
        raise TypeError(f"MultiheadAttention: {name} must be boolean or floating, got {mask.dtype.name}")
    return mask if is_floating(mask.dtype) else where(mask, -math.inf, 0.0).to(dtype)
