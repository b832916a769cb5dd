import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad import nn
from tests.nn.twins import agree, same_state, twins, with_same_weights

SIZES = (6, 3, 10)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"batch_first": True},
        {"norm_first": True},
        {"bias": False},
        {"activation": "gelu", "norm_first": True, "batch_first": True},
        {"layer_norm_eps": 0.1},
    ],
)
@pytest.mark.parametrize("masked", [False, True])
def test_encoder_layer(device, rng, settings, masked):
    ours, theirs = twins("TransformerEncoderLayer", *SIZES, dropout=0.0, device=device, **settings)
    masks = {"src_mask": np.triu(np.ones((4, 4), bool), 1)} if masked else {}
    if masked and not settings.get("norm_first"):
        masks["src_key_padding_mask"] = np.array([[False] * 4, [False, False, False, True]])
    x = rng.standard_normal((2, 4, 6) if settings.get("batch_first") else (4, 2, 6))
    agree(ours, theirs, x, device=device, **masks)


def test_activation_may_be_a_function_or_a_module(device, rng):
    pairs = [(nn.functional.silu, torch.nn.functional.silu), (nn.SiLU(), torch.nn.SiLU())]
    for mine, other in pairs:
        ours = nn.TransformerEncoderLayer(*SIZES, 0.0, mine).to(device, "float64")
        theirs = torch.nn.TransformerEncoderLayer(*SIZES, 0.0, other).double()
        agree(*with_same_weights(ours, theirs), rng.standard_normal((4, 2, 6)), device=device)
    with pytest.raises(RuntimeError, match="activation must be 'relu' or 'gelu', got 'swish'"):
        nn.TransformerEncoderLayer(*SIZES, activation="swish")


def test_dropout_is_for_training_only(device, rng):
    ours, theirs = twins("TransformerEncoderLayer", *SIZES, dropout=0.5, device=device)
    x = rng.standard_normal((4, 2, 6))
    agree(ours.eval(), theirs.eval(), x, device=device)
    tensor = mg.tensor(x, device=device)
    assert (ours.train()(tensor).numpy() != ours(tensor).numpy()).any()
    for part in (ours.dropout, ours.dropout1, ours.dropout2, ours.self_attn):
        assert (part.p if isinstance(part, nn.Dropout) else part.dropout) == 0.5


@pytest.mark.parametrize("part", ["dropout", "dropout1", "dropout2"])
@pytest.mark.parametrize("norm_first", [False, True])
def test_each_dropout_stands_where_pytorch_has_it(device, rng, part, norm_first):
    """What is dropped with probability 1 is no matter of chance."""
    ours, theirs = twins("TransformerEncoderLayer", *SIZES, dropout=0.0, norm_first=norm_first, device=device)
    ours.get_submodule(part).p = theirs.get_submodule(part).p = 1.0
    agree(ours, theirs, rng.standard_normal((4, 2, 6)), device=device)


@pytest.mark.parametrize("norm", [False, True])
def test_encoder(device, rng, norm):
    def encoder(nn):
        layer = nn.TransformerEncoderLayer(*SIZES, dropout=0.0, norm_first=True)
        options = {"enable_nested_tensor": False} if nn is torch.nn else {}
        return nn.TransformerEncoder(layer, 3, nn.LayerNorm(6) if norm else None, **options)

    ours, theirs = encoder(nn).to(device, "float64"), encoder(torch.nn).double()
    with_same_weights(ours, theirs)
    x = rng.standard_normal((4, 2, 6))
    agree(ours, theirs, x, device=device)
    ours.zero_grad()
    theirs.zero_grad()
    agree(ours, theirs, x, device=device, mask=np.triu(np.ones((4, 4), bool), 1), is_causal=True)
    assert repr(ours).replace("inplace=False", "") == repr(theirs).replace(", inplace=False", "").replace(
        "NonDynamicallyQuantizableLinear", "Linear"
    )


def test_layers_of_an_encoder_are_copies():
    layer = nn.TransformerEncoderLayer(*SIZES)
    encoder = nn.TransformerEncoder(layer, 2)
    first, second = encoder.layers
    assert first is not layer
    assert first.linear1.weight is not second.linear1.weight
    np.testing.assert_array_equal(first.linear1.weight.numpy(), second.linear1.weight.numpy())


def test_state_is_pytorchs():
    same_state(nn.TransformerEncoderLayer(*SIZES), torch.nn.TransformerEncoderLayer(*SIZES))
    same_state(
        nn.TransformerEncoderLayer(*SIZES, bias=False), torch.nn.TransformerEncoderLayer(*SIZES, bias=False)
    )
