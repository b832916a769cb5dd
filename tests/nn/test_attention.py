"""Multi-head attention against PyTorch's: masks of every kind, layouts, weights."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from tests.nn.twins import agree, twins

E, HEADS = 6, 3


def inputs(rng, batch_first, n=2, queries=4, keys=5):
    """Query, key and value in one layout; without a batch if n is None."""
    shapes = [(queries, E), (keys, E), (keys, E)]
    if n is not None:
        shapes = [(n, *shape) if batch_first else (shape[0], n, E) for shape in shapes]
    return [rng.standard_normal(shape) for shape in shapes]


@given(
    bias=st.booleans(),
    batch_first=st.booleans(),
    n=st.sampled_from([None, 1, 2]),
    need_weights=st.booleans(),
    average=st.booleans(),
    attn=st.sampled_from([None, "bool", "float", "bool 3d", "float 3d"]),
    padding=st.sampled_from([None, "bool", "float"]),
)
@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")
def test_attention(device, bias, batch_first, n, need_weights, average, attn, padding):
    rng = np.random.default_rng(0)
    ours, theirs = twins("MultiheadAttention", E, HEADS, bias=bias, batch_first=batch_first, device=device)
    masks = {}
    if attn:
        shape = (4, 5) if "3d" not in attn else ((n or 1) * HEADS, 4, 5)
        masks["attn_mask"] = rng.random(shape) < 0.3 if "bool" in attn else rng.standard_normal(shape)
        if "bool" in attn:
            masks["attn_mask"][..., 0] = False  # every query sees a key
    if padding:
        shape = (5,) if n is None else (n, 5)
        masks["key_padding_mask"] = (
            rng.random(shape) < 0.3 if padding == "bool" else rng.standard_normal(shape)
        )
        if padding == "bool":
            masks["key_padding_mask"][..., 0] = False
    agree(
        ours, theirs, *inputs(rng, batch_first, n), device=device, need_weights=need_weights,
        average_attn_weights=average, **masks,
    )  # fmt: skip


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("need_weights", [True, False])
def test_self_attention(device, rng, batch_first, need_weights):
    ours, theirs = twins("MultiheadAttention", E, HEADS, batch_first=batch_first, device=device)

    class Ours(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = ours

        def forward(self, x):
            return self.attention(x, x, x, need_weights=need_weights)

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = theirs

        def forward(self, x):
            return self.attention(x, x, x, need_weights=need_weights)

    agree(Ours(), Theirs(), rng.standard_normal((4, 2, E)), device=device)


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("padded", [True, False])
def test_causal_attention(device, rng, need_weights, padded):
    ours, theirs = twins("MultiheadAttention", E, HEADS, batch_first=True, device=device)
    masks = {"attn_mask": np.triu(np.ones((4, 4), bool), 1)}
    if padded:
        masks["key_padding_mask"] = np.array([[False, False, True, True], [False] * 4])
    x = inputs(rng, True, keys=4)
    agree(ours, theirs, *x, device=device, need_weights=need_weights, is_causal=True, **masks)


def test_float32(device, rng):
    ours, theirs = twins("MultiheadAttention", E, HEADS, batch_first=True, device=device, dtype="float32")
    x = [array.astype(np.float32) for array in inputs(rng, True)]
    agree(ours, theirs, *x, device=device, attn_mask=rng.random((4, 5)) < 0.2, tolerance=2e-5)


def test_dropout_is_for_training_only(device, rng):
    ours, theirs = twins("MultiheadAttention", E, HEADS, dropout=0.5, device=device)
    x = inputs(rng, False)
    agree(ours.eval(), theirs.eval(), *x, device=device)
    tensors = [mg.tensor(array, device=device) for array in x]
    for need_weights in (True, False):
        first, second = (ours.train()(*tensors, need_weights=need_weights)[0].numpy() for _ in range(2))
        assert (first != second).any()


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_query_that_sees_no_key_has_no_weights(device):
    """As in PyTorch, they are NaN; the other queries are not touched."""
    ours, theirs = twins("MultiheadAttention", E, HEADS, batch_first=True, device=device)
    x, mask = np.ones((1, 2, E)), np.array([[True, True], [False, False]])
    mine = ours(*[mg.tensor(x, device=device)] * 3, attn_mask=mg.tensor(mask, device=device))
    other = theirs(*[torch.tensor(x)] * 3, attn_mask=torch.tensor(mask))
    for m, t in zip(mine, other, strict=True):
        np.testing.assert_allclose(m.numpy(), t.detach().numpy(), rtol=1e-10)
        assert np.isnan(m.numpy()).any(-1).tolist() == [[True, False]]


def test_errors(device):
    with pytest.raises(ValueError, match="MultiheadAttention: num_heads=4 does not divide embed_dim=6"):
        nn.MultiheadAttention(6, 4)
    for option in ("kdim", "vdim", "add_bias_kv", "add_zero_attn"):
        with pytest.raises(NotImplementedError, match=f"{option}=3"):
            nn.MultiheadAttention(6, 3, **{option: 3})
    assert nn.MultiheadAttention(6, 3, kdim=6, vdim=6).in_proj_weight.shape == (18, 6)
    attention = nn.MultiheadAttention(6, 3, batch_first=True).to(device)
    x, y = mg.zeros(2, 4, 6, device=device), mg.zeros(2, 5, 6, device=device)
    with pytest.raises(
        RuntimeError, match=r"expected query, key and value .* got \(2, 4, 6\), \(2, 5, 6\) and \(2, 4, 6\)"
    ):
        attention(x, y, x)
    with pytest.raises(RuntimeError, match="expected query, key and value"):
        attention(x[0], y, y)
    with pytest.raises(RuntimeError, match="expected query, key and value"):
        attention(x[0, 0], x[0, 0], x[0, 0])
    with pytest.raises(RuntimeError, match="is_causal is said of attn_mask"):
        attention(x, y, y, is_causal=True)
    with pytest.raises(
        RuntimeError, match=r"attn_mask must have shape \(4, 5\) or \(6, 4, 5\), got \(5, 4\)"
    ):
        attention(x, y, y, attn_mask=mg.zeros(5, 4, device=device))
    with pytest.raises(RuntimeError, match=r"key_padding_mask must have shape \(2, 5\), got \(5,\)"):
        attention(x, y, y, key_padding_mask=mg.zeros(5, device=device))
    with pytest.raises(TypeError, match="attn_mask must be boolean or floating, got int64"):
        attention(x, y, y, attn_mask=mg.zeros(4, 5, dtype="int64", device=device))
