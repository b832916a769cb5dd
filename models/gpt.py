"""GPT: a transformer that predicts the next token from all tokens before it.

Radford et al. (2019), 'Language Models are Unsupervised Multitask Learners': layer norms stand before
attention and network (pre-norm), positions are learned, and the table of token vectors is also the matrix
that turns the last vectors into logits (tied).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.backend import Array
from minigrad.nn import functional as F
from minigrad.random import Generator, rng_of

# These weights lie transposed in GPT-2's own files, as their layers compute x W where ours compute x Wᵀ.
_TRANSPOSED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


class CausalSelfAttention(nn.Module):
    """Attention of each token to itself and to those before it.

    Parameters
    ----------
    width, heads : int
    dropout : float
        Of the attention weights, and of what comes out.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.c_attn = nn.Linear(width, 3 * width)  # queries, keys and values
        self.c_proj = nn.Linear(width, width)
        self.heads, self.dropout = heads, dropout

    def forward(self, x: Tensor) -> Any:
        """(N, L, width) to (N, L, width)."""
        q, k, v = (
            part.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2) for part in self.c_attn(x).chunk(3, -1)
        )
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        return F.dropout(self.c_proj(y.transpose(1, 2).flatten(2)), self.dropout, self.training)


class FeedForward(nn.Module):
    """Two linear layers with GELU between them, on each token by itself."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Any:
        """(..., width) to (..., width)."""
        return self.dropout(self.c_proj(F.gelu(self.c_fc(x), "tanh")))


class Block(nn.Module):
    """Attention and a feed-forward network, each with a norm before it and a shortcut around both."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = CausalSelfAttention(width, heads, dropout)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = FeedForward(width, dropout)

    def forward(self, x: Tensor) -> Any:
        """(N, L, width) to (N, L, width)."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """A language model with GPT-2's architecture and names; the defaults suit characters of Shakespeare.

    Parameters
    ----------
    vocab_size : int
    context : int
        The largest number of tokens it can look at.
    layers, heads, width : int
        `heads` has to divide `width`.
    dropout : float

    Raises
    ------
    ValueError
        If `heads` does not divide `width`.

    Examples
    --------
    >>> model = GPT(65, context=16, layers=2, heads=2, width=8)
    >>> model(mg.tensor([[3, 1, 4, 1, 5]])).shape
    (1, 5, 65)
    """

    def __init__(
        self,
        vocab_size: int,
        context: int = 128,
        layers: int = 4,
        heads: int = 4,
        width: int = 128,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"GPT: width must be a multiple of heads, got {width} and {heads}")
        self.context = context
        self.wte = nn.Embedding(vocab_size, width)
        self.wpe = nn.Embedding(context, width)
        self.drop = nn.Dropout(dropout)
        self.h = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                # what every layer adds to the shortcut is scaled so that the sum does not grow with depth
                shrink = math.sqrt(2 * layers) if name.endswith("c_proj.weight") else 1
                nn.init.normal_(parameter, std=0.02 / shrink)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids: Tensor) -> Any:
        """Logits of the token after each, (N, L, vocab_size), for tokens (N, L).

        Raises
        ------
        ValueError
            If there are more tokens than the context holds.
        """
        length = ids.shape[1]
        if length > self.context:
            raise ValueError(f"GPT: expected at most {self.context} tokens (its context), got {length}")
        x = self.drop(self.wte(ids) + self.wpe.weight[:length])
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)

    def generate(
        self,
        ids: Array,
        length: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        generator: Generator | None = None,
    ) -> Array:
        """Go on with a text, one token drawn after the other.

        Parameters
        ----------
        ids : array, int (L,)
            How the text begins; at least one token. The model sees the last `context` of them.
        length : int
            How many tokens to add.
        temperature : float
            Logits are divided by it: below 1 the text is less surprising; 0 always takes the likeliest token.
        top_k : int, optional
            Draw from the k likeliest tokens only.
        generator : Generator, optional
            What is drawn from; the default generator if None.

        Returns
        -------
        array, int64 (L + length,)

        Raises
        ------
        ValueError
            If there is no first token, the temperature is negative, or `top_k` is not positive.
        """
        ids = np.asarray(ids, np.int64)
        if ids.ndim != 1 or not len(ids):
            raise ValueError(
                f"GPT.generate: expected a row of at least one token to begin with, got {ids.shape}"
            )
        if temperature < 0:
            raise ValueError(f"GPT.generate: temperature must not be negative, got {temperature}")
        if top_k is not None and top_k < 1:
            raise ValueError(f"GPT.generate: top_k must be at least 1, got {top_k}")
        rng, mode = rng_of(generator), self.training
        self.eval()
        with mg.no_grad():
            for _ in range(length):
                seen = mg.tensor(ids[None, -self.context :], device=self.wte.weight.device)
                logits = self(seen)[0, -1].numpy().astype(np.float64)
                ids = np.append(ids, _drawn(logits, temperature, top_k, rng))
        self.train(mode)
        return ids


def _drawn(logits: Array, temperature: float, top_k: int | None, rng: np.random.Generator) -> int:
    """A token drawn from the softmax of the logits."""
    if temperature == 0:
        return int(logits.argmax())
    if top_k is not None and top_k < len(logits):
        logits = np.where(logits >= np.sort(logits)[-top_k], logits, -np.inf)
    # the largest of logits plus Gumbel noise is distributed like their softmax
    return int((logits / temperature + rng.gumbel(size=len(logits))).argmax())


def from_gpt2(state: Mapping[str, Any]) -> dict[str, Array]:
    """The weights of a GPT-2 file (of OpenAI or Hugging Face) under our names.

    They are the same but for three things: a prefix `transformer.` is dropped; so are `lm_head.weight`, which
    is `wte.weight` again, and the constant masks `attn.bias` and `attn.masked_bias`; and the weights of
    `c_attn`, `c_proj` and `c_fc` are transposed.

    Parameters
    ----------
    state : mapping of str to array
        For example what `minigrad.load` gives of a .safetensors file.
    """
    arrays = {}
    for name, value in state.items():
        name = name.removeprefix("transformer.")
        if name == "lm_head.weight" or name.endswith((".attn.bias", ".attn.masked_bias")):
            continue
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
        arrays[name] = array.T if name.endswith(_TRANSPOSED) else array
    return arrays
