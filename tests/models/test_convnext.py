"""ConvNeXt: equal to PyTorch's under the authors' names, and to the one of Hugging Face."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import minigrad as mg
import models
from models.convnext import HUGGING_FACE, ConvNeXt
from models.keys import from_pytorch
from models.stochastic_depth import DropPath
from tests.models.equivalence import agree, same_as_hugging_face, shuffled
from tests.models.sizes import parameters_of

DEPTHS, DIMS = (1, 2, 1, 1), (4, 6, 8, 10)


class ChannelsFirst(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        centred = x - x.mean(1, keepdim=True)
        normed = centred / (centred.square().mean(1, keepdim=True) + 1e-6).sqrt()
        return self.weight[:, None, None] * normed + self.bias[:, None, None]


class TwinBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))
        self.dwconv = nn.Conv2d(dim, dim, 7, padding="same", groups=dim)
        self.norm = ChannelsFirst(dim)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        y = self.norm(self.dwconv(x)).movedim(1, -1)
        y = self.pwconv2(nn.functional.gelu(self.pwconv1(y))) * self.gamma
        return x + y.movedim(-1, 1)


class Twin(nn.Module):
    def __init__(self, depths, dims, num_classes, patch_size):
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, dims[0], patch_size, patch_size), ChannelsFirst(dims[0]))]
        )
        for before, after in pairwise(dims):
            self.downsample_layers.append(
                nn.Sequential(ChannelsFirst(before), nn.Conv2d(before, after, 2, 2))
            )
        self.stages = nn.ModuleList(
            nn.Sequential(*[TwinBlock(dim) for _ in range(depth)])
            for depth, dim in zip(depths, dims, strict=True)
        )
        self.norm = nn.LayerNorm(dims[-1], eps=1e-6)
        self.head = nn.Linear(dims[-1], num_classes)

    def forward(self, x):
        for i in range(4):
            x = self.stages[i](self.downsample_layers[i](x))
        return self.head(self.norm(x.flatten(2).mean(-1)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("patch_size", "size"), [(1, 16), (4, 32)])
def test_equal_to_pytorch(patch_size, size, dtype, device):
    torch.manual_seed(0)
    theirs = shuffled(Twin(DEPTHS, DIMS, 5, patch_size))
    agree(ConvNeXt(DEPTHS, DIMS, 5, patch_size), theirs, dtype, device, size)


def test_equal_to_hugging_face(tmp_path, device):
    transformers = pytest.importorskip("transformers")
    config = transformers.ConvNextConfig(
        patch_size=2, hidden_sizes=list(DIMS), depths=list(DEPTHS), num_labels=5, layer_norm_eps=1e-6
    )
    theirs = shuffled(transformers.ConvNextForImageClassification(config))
    ours = ConvNeXt(DEPTHS, DIMS, 5, patch_size=2).to(device)
    same_as_hugging_face(ours, theirs, HUGGING_FACE, tmp_path, device, 32)


def test_names_of_hugging_face():
    """As in their published files; the test above needs their library, this one does not."""
    encoder = "convnext.encoder.stages"
    modules = ["convnext.embeddings.patch_embeddings", "convnext.embeddings.layernorm"]
    modules += ["convnext.layernorm", "classifier"]
    modules += [f"{encoder}.{i}.downsampling_layer.{j}" for i in (1, 2, 3) for j in (0, 1)]
    blocks = [f"{encoder}.{i}.layers.{j}" for i, depth in enumerate(DEPTHS) for j in range(depth)]
    modules += [
        f"{block}.{part}" for block in blocks for part in ("dwconv", "layernorm", "pwconv1", "pwconv2")
    ]
    names = [f"{module}.{part}" for module in modules for part in ("weight", "bias")]
    theirs = {name: np.zeros(1) for name in [*names, *[f"{block}.layer_scale_parameter" for block in blocks]]}
    assert from_pytorch(theirs, HUGGING_FACE).keys() == ConvNeXt(DEPTHS, DIMS, 5).state_dict().keys()


@pytest.mark.parametrize(
    ("make", "count"), [(models.convnext_atto, 3_695_520), (models.convnext_tiny, 28_589_128)]
)
def test_published_sizes(make, count):
    assert parameters_of(make) == count


def test_stochastic_depth_passes_by_the_blocks(device, rng):
    model = ConvNeXt(DEPTHS, DIMS, 5, 1, drop_path_rate=0.4, layer_scale=1.0).to(device)
    drops = [module for module in model.modules() if isinstance(module, DropPath)]
    assert [drop.drop_prob for drop in drops] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    for drop in drops:
        drop.drop_prob = 1.0
    x = images = mg.tensor(rng.standard_normal((2, 3, 8, 8)).astype(np.float32), device=device)
    for downsample in model.downsample_layers:
        x = downsample(x)
    want = model.head(model.norm(x.mean((2, 3))))
    np.testing.assert_allclose(model(images).numpy(), want.numpy(), rtol=1e-4, atol=1e-6)


def test_layer_scale_starts_near_zero():
    model = ConvNeXt(DEPTHS, DIMS, 5)
    assert (model.stages[1][1].gamma.numpy() == np.float32(1e-6)).all()


def test_refusals(device):
    model = ConvNeXt(DEPTHS, DIMS, 5).to(device)
    with pytest.raises(
        ValueError, match=r"at least 32 x 32 pixels, got \(1, 3, 16, 32\); a smaller patch_size"
    ):
        model(mg.zeros(1, 3, 16, 32, device=device))
    with pytest.raises(RuntimeError, match="3 channels"):
        model(mg.zeros(1, 1, 32, 32, device=device))
