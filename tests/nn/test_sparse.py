import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from tests.nn.twins import agree, twins


@pytest.mark.parametrize("padding_idx", [None, 0, 3, -1])
@pytest.mark.parametrize("shape", [(), (7,), (2, 3, 4), (0,)])
def test_embedding(device, rng, padding_idx, shape):
    ours, theirs = twins("Embedding", 5, 3, padding_idx, device=device)
    agree(ours, theirs, rng.integers(0, 5, shape), device=device)


def test_numbers_out_of_range_are_refused(device):
    layer = nn.Embedding(5, 3).to(device)
    for wrong in (5, -1):
        with pytest.raises(IndexError, match=f"{wrong}"):
            layer(mg.tensor([0, wrong], device=device))


@pytest.mark.parametrize("padding_idx", [5, -6])
def test_padding_has_to_be_one_of_them(padding_idx):
    with pytest.raises(
        ValueError, match=f"Embedding: padding_idx must be within the 5 embeddings, got {padding_idx}"
    ):
        nn.Embedding(5, 3, padding_idx)


@pytest.mark.parametrize("option", ["max_norm", "scale_grad_by_freq", "sparse"])
def test_unsupported_options_are_refused_by_name(option):
    with pytest.raises(TypeError, match=option):
        nn.Embedding(5, 3, **{option: True})


def test_embedding_takes_a_device_and_a_dtype(device):
    layer = nn.Embedding(5, 3, device=device, dtype="float64")
    assert layer.weight.dtype == np.float64
    assert layer.weight.device == mg.tensor(0.0, device=device).device
