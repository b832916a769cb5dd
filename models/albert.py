"""ALBERT: a transformer encoder that learns language by filling gaps and by putting segments in order.

Lan et al. (2020), 'ALBERT: A Lite BERT for Self-supervised Learning of Language Representations'. Two ideas
make it small: token vectors are narrow and widened by one matrix (factorised embedding), and all layers are
the same layer, applied again and again (shared parameters).
"""

from collections.abc import Mapping
from typing import Any

from minigrad import Tensor, nn, zeros
from minigrad.nn import functional as F


class AlbertEmbeddings(nn.Module):
    """The sum of three learned vectors: of the token, of its place, and of its segment; then a norm."""

    def __init__(self, vocab_size: int, embedding_size: int, context: int, dropout: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_size)
        self.position_embeddings = nn.Embedding(context, embedding_size)
        self.token_type_embeddings = nn.Embedding(2, embedding_size)
        self.LayerNorm = nn.LayerNorm(embedding_size, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, segments: Tensor) -> Any:
        """(N, L, embedding_size), for tokens and segment numbers of shape (N, L)."""
        x = self.word_embeddings(ids) + self.token_type_embeddings(segments)
        return self.dropout(self.LayerNorm(x + self.position_embeddings.weight[: ids.shape[1]]))


class AlbertAttention(nn.Module):
    """Attention of each token to all, a shortcut around it, and a norm."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.dense = nn.Linear(width, width)
        self.LayerNorm = nn.LayerNorm(width, eps=1e-12)
        self.heads, self.dropout = heads, dropout

    def forward(self, x: Tensor, mask: Tensor | None) -> Any:
        """(N, L, width) to (N, L, width); mask (N, 1, 1, L) is true where a token may be looked at."""
        q, k, v = (
            layer(x).reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        y = F.scaled_dot_product_attention(q, k, v, mask, self.dropout if self.training else 0.0)
        y = self.dense(y.transpose(1, 2).flatten(2))
        return self.LayerNorm(x + F.dropout(y, self.dropout, self.training))


class AlbertLayer(nn.Module):
    """The one layer: attention, then a network of two linear layers, each followed by a norm."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.full_layer_layer_norm = nn.LayerNorm(width, eps=1e-12)
        self.attention = AlbertAttention(width, heads, dropout)
        self.ffn = nn.Linear(width, hidden)
        self.ffn_output = nn.Linear(hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Any:
        """(N, L, width) to (N, L, width)."""
        x = self.attention(x, mask)
        y = self.ffn_output(F.gelu(self.ffn(x), "tanh"))
        return self.full_layer_layer_norm(x + self.dropout(y))


class MaskedTokenHead(nn.Module):
    """From the vector of a token to logits over the vocabulary, by the embedding's own table."""

    def __init__(self, width: int, embedding_size: int, vocab_size: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(zeros(vocab_size))
        self.LayerNorm = nn.LayerNorm(embedding_size, eps=1e-12)
        self.dense = nn.Linear(width, embedding_size)

    def forward(self, x: Tensor, table: Tensor) -> Any:
        """(..., width) to (..., vocab_size)."""
        return F.linear(self.LayerNorm(F.gelu(self.dense(x), "tanh")), table, self.bias)


class Albert(nn.Module):
    """ALBERT with both heads of its training; the defaults suit a laptop.

    Parameters
    ----------
    vocab_size : int
    context : int
        The largest number of tokens of a sample.
    layers, heads, width, hidden : int
        How often the layer is applied, its attention heads, and the sizes of its vectors and of its network.
    embedding_size : int
        The size of token vectors before they are widened.
    dropout : float

    Raises
    ------
    ValueError
        If `heads` does not divide `width`.

    Examples
    --------
    >>> import minigrad as mg
    >>> model = Albert(100, context=16, layers=2, heads=2, width=8, hidden=16, embedding_size=4)
    >>> ids = mg.tensor([[2, 7, 3, 9, 3]])
    >>> tokens, order = model(ids, mg.tensor([[0, 0, 0, 1, 1]]))
    >>> tokens.shape, order.shape
    ((1, 5, 100), (1, 2))
    """

    def __init__(
        self,
        vocab_size: int,
        context: int = 128,
        layers: int = 4,
        heads: int = 4,
        width: int = 256,
        hidden: int = 1024,
        embedding_size: int = 128,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"Albert: width must be a multiple of heads, got {width} and {heads}")
        self.context, self.layers = context, layers
        self.embeddings = AlbertEmbeddings(vocab_size, embedding_size, context, dropout)
        self.embedding_hidden_mapping_in = nn.Linear(embedding_size, width)
        self.layer = AlbertLayer(width, heads, hidden, dropout)
        self.pooler = nn.Linear(width, width)
        self.predictions = MaskedTokenHead(width, embedding_size, vocab_size)
        self.sop_classifier = nn.Linear(width, 2)
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(
        self,
        ids: Tensor,
        segments: Tensor,
        attention_mask: Tensor | None = None,
        positions: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Predict masked tokens, and whether the two segments were swapped.

        Parameters
        ----------
        ids, segments : Tensor, int (N, L)
            Tokens, and 0 or 1 for the segment each belongs to.
        attention_mask : Tensor, bool (N, L), optional
            False where there is only padding.
        positions : Tensor, int (M,), optional
            Predict these tokens alone, counted through the whole batch (n * L + l): most of the time of a
            step would go into logits that no loss looks at.

        Returns
        -------
        tokens : Tensor, (N, L, vocab_size), or (M, vocab_size)
        order : Tensor, (N, 2)
            Logits of "in order" and of "swapped".

        Raises
        ------
        ValueError
            If there are more tokens than the context holds.
        """
        count, length = ids.shape
        if length > self.context:
            raise ValueError(f"Albert: expected at most {self.context} tokens (its context), got {length}")
        mask = None if attention_mask is None else attention_mask.reshape(count, 1, 1, length)
        x = self.embedding_hidden_mapping_in(self.embeddings(ids, segments))
        for _ in range(self.layers):
            x = self.layer(x, mask)
        order = self.sop_classifier(self.pooler(x[:, 0]).tanh())
        if positions is not None:
            x = x.reshape(count * length, -1)[positions]
        return self.predictions(x, self.embeddings.word_embeddings.weight), order


def from_transformers(state: Mapping[str, Any]) -> dict[str, Any]:
    """The weights of Hugging Face's `AlbertForPreTraining` under our names.

    ====================================================  =========================
    theirs                                                ours
    ====================================================  =========================
    albert.encoder.albert_layer_groups.0.albert_layers.0  layer
    albert.encoder.embedding_hidden_mapping_in            embedding_hidden_mapping_in
    albert.embeddings, albert.pooler                      embeddings, pooler
    predictions                                           predictions
    sop_classifier.classifier                             sop_classifier
    ====================================================  =========================

    What they list a second time because it is tied (`predictions.decoder`), and the constant buffers
    `position_ids` and `token_type_ids`, are left out.
    """
    prefixes = {
        "albert.encoder.albert_layer_groups.0.albert_layers.0.": "layer.",
        "albert.encoder.": "",
        "albert.": "",
        "sop_classifier.classifier.": "sop_classifier.",
    }
    renamed = {}
    for name, value in state.items():
        if name.startswith("predictions.decoder.") or name.endswith(("position_ids", "token_type_ids")):
            continue
        prefix = next((theirs for theirs in prefixes if name.startswith(theirs)), "")
        renamed[prefixes.get(prefix, "") + name.removeprefix(prefix)] = value
    return renamed
