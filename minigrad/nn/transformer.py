"""The encoder of the transformer."""

import copy
from collections.abc import Callable
from typing import Any

from minigrad.nn import functional as F
from minigrad.nn.attention import MultiheadAttention
from minigrad.nn.container import ModuleList
from minigrad.nn.dropout import Dropout
from minigrad.nn.linear import Linear
from minigrad.nn.module import Module
from minigrad.nn.norm import LayerNorm
from minigrad.tensor import Tensor


class TransformerEncoderLayer(Module):
    """Self-attention and a network of two layers, each with dropout, a residual connection and layer norm.

    Vaswani et al. (2017), section 3.1; with `norm_first`, Xiong et al. (2020), figure 1 (b).

    Parameters
    ----------
    d_model : int
        The size of the inputs and outputs.
    nhead : int
        The number of attention heads.
    dim_feedforward : int
        The size between the two linear layers.
    dropout : float
    activation : {'relu', 'gelu'} or callable
        What stands between the two linear layers.
    layer_norm_eps : float
    batch_first : bool
        Whether inputs are (N, L, d_model) instead of (L, N, d_model).
    norm_first : bool
        Whether the inputs of attention and network are normalized, which trains without warm-up, or the sums
        after them, as in the paper.
    bias : bool
        Whether linear layers and norms have one.
    device : str, optional
    dtype : dtype, optional

    Raises
    ------
    RuntimeError
        If the activation is not known.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(activation, str):
            if activation not in ("relu", "gelu"):
                raise RuntimeError(
                    f"TransformerEncoderLayer: activation must be 'relu' or 'gelu', got {activation!r}"
                )
            activation = F.relu if activation == "relu" else F.gelu
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = activation

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Any:
        """Encode; the masks are those of `MultiheadAttention`."""

        def attend(x: Any) -> Any:
            attended, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)
            return self.dropout1(attended)

        def feed_forward(x: Any) -> Any:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        x = src
        if self.norm_first:
            x = x + attend(self.norm1(x))
            return x + feed_forward(self.norm2(x))
        x = self.norm1(x + attend(x))
        return self.norm2(x + feed_forward(x))


class TransformerEncoder(Module):
    """A stack of encoder layers.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        It is copied, so all layers start with the same parameters.
    num_layers : int
    norm : Module, optional
        What comes after the last layer; needed if the layers normalize first.
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(encoder_layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Any:
        """Encode with one layer after the other, all with the same masks."""
        output = src
        for layer in self.layers:
            output = layer(output, mask, src_key_padding_mask, is_causal)
        return output if self.norm is None else self.norm(output)
