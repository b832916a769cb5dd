"""GPT-2 and ALBERT in plain PyTorch, under Hugging Face's names, with attention written out."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Conv1D(nn.Module):
    """GPT-2's linear layer: its weight is (in, out)."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_in, n_out))
        self.bias = nn.Parameter(torch.empty(n_out))

    def forward(self, x):
        return x @ self.weight + self.bias


def holder(**modules):
    module = nn.Module()
    for name, part in modules.items():
        setattr(module, name, part)
    return module


def attention(q, k, v, heads, hidden):
    """`hidden` is true where a query must not look."""
    n, length, width = q.shape
    q, k, v = (x.view(n, length, heads, width // heads).permute(0, 2, 1, 3) for x in (q, k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(width // heads)
    weights = scores.masked_fill(hidden, -math.inf).softmax(3)
    return (weights @ v).permute(0, 2, 1, 3).reshape(n, length, width)


class GPT2(nn.Module):
    def __init__(self, vocab_size, context, layers, heads, width):
        super().__init__()
        self.heads = heads
        self.transformer = holder(
            wte=nn.Embedding(vocab_size, width),
            wpe=nn.Embedding(context, width),
            h=nn.ModuleList(
                holder(
                    ln_1=nn.LayerNorm(width),
                    attn=holder(c_attn=Conv1D(width, 3 * width), c_proj=Conv1D(width, width)),
                    ln_2=nn.LayerNorm(width),
                    mlp=holder(c_fc=Conv1D(width, 4 * width), c_proj=Conv1D(4 * width, width)),
                )
                for _ in range(layers)
            ),
            ln_f=nn.LayerNorm(width),
        )
        self.lm_head = nn.Linear(width, vocab_size, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, ids):
        body, length = self.transformer, ids.shape[1]
        future = torch.ones(length, length).triu(1).bool()
        x = body.wte(ids) + body.wpe(torch.arange(length))
        for block in body.h:
            q, k, v = block.attn.c_attn(block.ln_1(x)).chunk(3, 2)
            x = x + block.attn.c_proj(attention(q, k, v, self.heads, future))
            x = x + block.mlp.c_proj(F.gelu(block.mlp.c_fc(block.ln_2(x)), approximate="tanh"))
        return self.lm_head(body.ln_f(x))


class AlbertForPreTraining(nn.Module):
    def __init__(self, vocab_size, context, layers, heads, width, hidden, embedding_size):
        super().__init__()
        self.heads, self.layers = heads, layers

        def norm(size):
            return nn.LayerNorm(size, eps=1e-12)

        layer = holder(
            full_layer_layer_norm=norm(width),
            attention=holder(
                query=nn.Linear(width, width),
                key=nn.Linear(width, width),
                value=nn.Linear(width, width),
                dense=nn.Linear(width, width),
                LayerNorm=norm(width),
            ),
            ffn=nn.Linear(width, hidden),
            ffn_output=nn.Linear(hidden, width),
        )
        self.albert = holder(
            embeddings=holder(
                word_embeddings=nn.Embedding(vocab_size, embedding_size),
                position_embeddings=nn.Embedding(context, embedding_size),
                token_type_embeddings=nn.Embedding(2, embedding_size),
                LayerNorm=norm(embedding_size),
            ),
            encoder=holder(
                embedding_hidden_mapping_in=nn.Linear(embedding_size, width),
                albert_layer_groups=nn.ModuleList([holder(albert_layers=nn.ModuleList([layer]))]),
            ),
            pooler=nn.Linear(width, width),
        )
        self.predictions = holder(
            LayerNorm=norm(embedding_size),
            dense=nn.Linear(width, embedding_size),
            decoder=nn.Linear(embedding_size, vocab_size),
        )
        self.predictions.decoder.weight = self.albert.embeddings.word_embeddings.weight
        self.predictions.bias = self.predictions.decoder.bias
        self.sop_classifier = holder(classifier=nn.Linear(width, 2))

    def forward(self, ids, segments, attention_mask):
        e = self.albert.embeddings
        x = e.word_embeddings(ids) + e.position_embeddings(torch.arange(ids.shape[1]))
        x = self.albert.encoder.embedding_hidden_mapping_in(
            e.LayerNorm(x + e.token_type_embeddings(segments))
        )
        layer = self.albert.encoder.albert_layer_groups[0].albert_layers[0]
        a, padding = layer.attention, ~attention_mask[:, None, None, :]
        for _ in range(self.layers):
            x = a.LayerNorm(x + a.dense(attention(a.query(x), a.key(x), a.value(x), self.heads, padding)))
            y = layer.ffn_output(F.gelu(layer.ffn(x), approximate="tanh"))
            x = layer.full_layer_layer_norm(x + y)
        order = self.sop_classifier.classifier(torch.tanh(self.albert.pooler(x[:, 0])))
        head = self.predictions
        return head.decoder(head.LayerNorm(F.gelu(head.dense(x), approximate="tanh"))), order
