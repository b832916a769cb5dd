"""The blocks of the U-Net by themselves; together they are compared with PyTorch in test_unet.py."""

import numpy as np

import minigrad as mg
from models.unet_blocks import Attention, Downsample, ResBlock, Upsample, timestep_embedding


def test_timestep_embedding(device):
    got = timestep_embedding(mg.tensor([0, 500], device=device), 8).numpy()
    angles = 500 * 10000.0 ** (-np.arange(4) / 3)
    np.testing.assert_allclose(got[1], np.concatenate([np.sin(angles), np.cos(angles)]), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(got[0], [0] * 4 + [1] * 4)


def test_a_block_is_a_shortcut_and_what_its_last_convolution_adds(device, rng):
    block = ResBlock(8, 8, 16, 2, 0.5).to(device)
    features = mg.tensor(rng.standard_normal((2, 8, 4, 4)).astype(np.float32), device=device)
    time = mg.zeros(2, 16, device=device)
    once, twice = (block.train()(features, time).numpy() for _ in range(2))
    assert (once != twice).any()  # dropout
    once, twice = (block.eval()(features, time).numpy() for _ in range(2))
    assert (once == twice).all()
    for parameter in block.conv2.parameters():
        mg.nn.init.zeros_(parameter)
    np.testing.assert_array_equal(block(features, time).numpy(), features.numpy())


def test_attention_is_a_shortcut_and_what_its_last_layer_adds(device, rng):
    attention = Attention(8, 2).to(device)
    features = mg.tensor(rng.standard_normal((2, 8, 4, 4)).astype(np.float32), device=device)
    for parameter in attention.to_out.parameters():
        mg.nn.init.zeros_(parameter)
    np.testing.assert_array_equal(attention(features).numpy(), features.numpy())


def test_half_and_double(device):
    x = mg.zeros(1, 4, 6, 8, device=device)
    assert Downsample(4).to(device)(x).shape == (1, 4, 3, 4)
    assert Upsample(4).to(device)(x).shape == (1, 4, 12, 16)
