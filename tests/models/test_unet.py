"""The U-Net beside the same network in plain PyTorch: outputs and all gradients."""

import numpy as np
import pytest
import torch

import minigrad as mg
from models.unet import UNet, from_diffusers, unet_small
from tests.models import unet_twin
from tests.nn.twins import close

SMALL = [  # image_size, in_channels, channels, multipliers, attention, blocks, dropout, groups
    (8, 3, 8, (1, 2), (4,), 1, 0.0, 4),
    (8, 1, 8, (1, 2, 2), (8, 2), 2, 0.0, 2),
    (4, 3, 4, (2,), (), 1, 0.0, 4),
]


def pair(sizes, dtype, device):
    torch.manual_seed(0)
    theirs = unet_twin.UNet(*sizes).to(getattr(torch, dtype))
    with torch.no_grad():
        for name, p in theirs.named_parameters():
            if "norm" in name:  # ones and zeros would not show if they were mixed up
                p.add_(torch.randn_like(p) * 0.2)
    ours = UNet(*sizes).to(dtype)
    assert ours.load_state_dict(from_diffusers(theirs.state_dict())) == ([], [])
    return ours.to(device), theirs


@pytest.mark.parametrize("sizes", SMALL)
@pytest.mark.parametrize(
    ("dtype", "outputs", "gradients"), [("float64", 1e-9, 1e-9), ("float32", 1e-5, 1e-4)]
)
def test_outputs_and_gradients_are_pytorchs(sizes, dtype, outputs, gradients, device, rng):
    ours, theirs = pair(sizes, dtype, device)
    size, channels = sizes[:2]
    images = rng.standard_normal((3, channels, size, size)).astype(dtype)
    weights = rng.standard_normal(images.shape).astype(dtype)
    steps = np.array([0, 7, 999])
    mine = ours(mg.tensor(images, device=device), mg.tensor(steps, device=device))
    other = theirs(torch.tensor(images), torch.tensor(steps))
    close(mine, other, outputs, "noise")
    (mine * mg.tensor(weights, device=device)).sum().backward()
    (other * torch.tensor(weights)).sum().backward()
    wanted = from_diffusers(dict(theirs.named_parameters()))
    for name, p in ours.named_parameters():
        if name.endswith("to_k.bias"):  # adds one number to all scores of a query, which softmax ignores
            assert np.abs(p.grad.numpy()).max() < gradients, name
        else:
            close(p.grad, wanted[name].grad, gradients, f"gradient of {name}")


def test_diffusers_itself(device, rng):
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    theirs = diffusers.UNet2DModel(
        sample_size=16, in_channels=3, out_channels=3, layers_per_block=2, block_out_channels=(8, 16, 16),
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4, norm_eps=1e-6, attention_head_dim=None, downsample_padding=0,
        flip_sin_to_cos=False, freq_shift=1,
    )  # fmt: skip
    ours = UNet(16, 3, 8, (1, 2, 2), (8,), 2, 0.0, 4)
    assert ours.load_state_dict(from_diffusers(theirs.state_dict())) == ([], [])
    images = rng.standard_normal((2, 3, 16, 16)).astype(np.float32)
    mine = ours.to(device)(mg.tensor(images, device=device), mg.tensor([3, 40], device=device))
    # their sines are float32, whose angles are wrong by 1e-6 at small steps
    close(mine, theirs(torch.tensor(images), torch.tensor([3, 40])).sample, 1e-4, "noise")


def test_old_names_of_attention():
    names = {f"mid_block.attentions.0.{name}.weight": name for name in ("query", "key", "value", "proj_attn")}
    found = from_diffusers(names)
    assert [(name.split(".")[3], old) for name, old in found.items()] == [
        ("to_q", "query"),
        ("to_k", "key"),
        ("to_v", "value"),
        ("to_out", "proj_attn"),
    ]
    assert set(found) <= set(unet_small(4).state_dict())


def test_it_begins_with_nearly_no_noise(device, rng):
    mg.manual_seed(0)
    model = UNet(8, 3, 8, (1, 2), (4,), 1, 0.5, 4).to(device)
    x = mg.tensor(rng.standard_normal((2, 3, 8, 8)).astype(np.float32), device=device)
    assert np.abs(model.eval()(x, mg.tensor([5, 6], device=device)).numpy()).max() < 1e-3
    assert np.abs(model.mid_block.resnets[0].conv2.weight.numpy()).max() < 1e-4
    assert np.abs(model.mid_block.attentions[0].to_out.weight.numpy()).max() < 1e-4


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"image_size": 12, "multipliers": (1, 1, 1, 1)}, "image_size of 12 cannot be halved"),
        ({"multipliers": ()}, "cannot be halved"),
        ({"channels": 48}, "divisible by groups=32, got 48"),
        ({"channels": 9, "groups": 3}, "must be even"),
        ({"channels": 2, "groups": 2}, "at least 4"),
        ({"attention": (15,)}, r"attention must be at some of the image sizes \[32, 16, 8, 4\], got \(15,\)"),
    ],
)
def test_sizes_that_do_not_fit(settings, words):
    with pytest.raises(ValueError, match=words):
        UNet(**settings)


@pytest.mark.parametrize(
    ("images", "steps"), [((2, 3, 8, 4), (2,)), ((2, 1, 8, 8), (2,)), ((2, 3, 8, 8), (1,))]
)
def test_images_that_do_not_fit(images, steps):
    model = UNet(8, 3, 4, (1,), (), 1, 0.0, 2)
    with pytest.raises(
        ValueError, match=r"expected images of shape \(N, 3, 8, 8\) and one time step for each"
    ):
        model(mg.zeros(*images), mg.zeros(*steps, dtype="int64"))
