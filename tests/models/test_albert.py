import numpy as np
import pytest
import torch

import minigrad as mg
from models.albert import Albert, from_transformers
from tests.models.language_pair import agree, numpy_state, randomized
from tests.models.language_twins import AlbertForPreTraining

SIZES = {
    "vocab_size": 11,
    "context": 9,
    "layers": 3,
    "heads": 2,
    "width": 12,
    "hidden": 20,
    "embedding_size": 6,
}


def batch(rng, device):
    """The same batch twice: three samples, the last two padded."""
    ids = rng.integers(0, 11, (3, 8))
    segments = (np.arange(8) >= 4).astype(np.int64) * np.ones((3, 1), np.int64)
    mask = np.arange(8) < np.array([[8], [5], [2]])
    arrays = (ids, segments, mask)
    return [mg.tensor(x, device=device) for x in arrays], [torch.tensor(x) for x in arrays]


def loaded(theirs, dtype, device):
    ours = Albert(**SIZES).to(device, dtype).eval()
    assert ours.load_state_dict(from_transformers(numpy_state(theirs))) == ([], [])
    return ours


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_outputs_and_gradients_are_those_of_the_twin(device, rng, dtype):
    theirs = randomized(AlbertForPreTraining(**SIZES), dtype)
    ours = loaded(theirs, dtype, device)
    mine, others = batch(rng, device)
    agree(ours, ours(*mine), theirs(*others), theirs, from_transformers, dtype, device)


def test_outputs_are_those_of_transformers(device, rng, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("transformers")
    settings = transformers.AlbertConfig(
        vocab_size=11,
        embedding_size=6,
        hidden_size=12,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=20,
        max_position_embeddings=9,
    )
    theirs = randomized(transformers.AlbertForPreTraining(settings), "float64")
    ours = loaded(theirs, "float64", device)
    mine, (ids, segments, mask) = batch(rng, device)
    want = theirs(input_ids=ids, token_type_ids=segments, attention_mask=mask.long())
    for m, t in zip(ours(*mine), (want.prediction_logits, want.sop_logits), strict=True):
        np.testing.assert_allclose(m.numpy(), t.detach().numpy(), rtol=1e-9, atol=1e-9)


def test_chosen_positions_are_rows_of_all(device, rng):
    mg.manual_seed(0)
    ours = Albert(**SIZES).to(device)
    (ids, segments, mask), _ = batch(rng, device)
    everywhere, order = ours(ids, segments, mask)
    chosen = np.array([0, 7, 9, 20])
    some, same_order = ours(ids, segments, mask, mg.tensor(chosen, device=device))
    np.testing.assert_allclose(some.numpy(), everywhere.numpy().reshape(24, 11)[chosen], atol=1e-6)
    np.testing.assert_array_equal(order.numpy(), same_order.numpy())


def test_padding_is_not_seen(device, rng):
    ours = Albert(**SIZES).to(device, "float64")
    (ids, segments, mask), _ = batch(rng, device)
    before = ours(ids, segments, mask)[1].numpy()
    other = ids.numpy().copy()
    other[2, 5] = (other[2, 5] + 1) % 11
    after = ours(mg.tensor(other, device=device), segments, mask)[1].numpy()
    np.testing.assert_allclose(before, after, rtol=1e-12)
    unmasked = ours(mg.tensor(other, device=device), segments)[1].numpy()
    assert np.abs(unmasked - before).max() > 1e-9


def test_parameters_do_not_grow_with_depth():
    def count(layers):
        return sum(p.data.size for p in Albert(**(SIZES | {"layers": layers})).parameters())

    assert count(1) == count(12)


def test_dropout_is_for_training(device, rng):
    model = Albert(**SIZES, dropout=0.5).to(device)
    (ids, segments, mask), _ = batch(rng, device)
    assert (model(ids, segments, mask)[1].numpy() != model(ids, segments, mask)[1].numpy()).any()
    model.eval()
    np.testing.assert_array_equal(model(ids, segments)[0].numpy(), model(ids, segments)[0].numpy())


def test_errors(device):
    with pytest.raises(ValueError, match="width must be a multiple of heads, got 8 and 3"):
        Albert(11, heads=3, width=8)
    ids = mg.tensor(np.zeros((1, 10), int), device=device)
    with pytest.raises(ValueError, match=r"at most 9 tokens \(its context\), got 10"):
        Albert(**SIZES).to(device)(ids, ids)
