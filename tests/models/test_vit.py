"""ViT: equal to one made of PyTorch's own transformer layers, and to the one of Hugging Face."""

import numpy as np
import pytest
import torch
from torch import nn

import minigrad as mg
import models
from models.keys import from_pytorch
from models.stochastic_depth import DropPath
from models.vit import HUGGING_FACE, ViT
from tests.models.equivalence import agree, same_as_hugging_face, shuffled
from tests.models.sizes import parameters_of

SIZES = {"image_size": 16, "patch_size": 4, "dim": 12, "depth": 2, "num_heads": 3, "num_classes": 5}

TWIN = {
    "blocks.*.attn.qkv.weight": "layers.*.self_attn.in_proj_weight",
    "blocks.*.attn.qkv.bias": "layers.*.self_attn.in_proj_bias",
    "blocks.*.attn.proj": "layers.*.self_attn.out_proj",
    "blocks.*.mlp.fc1": "layers.*.linear1",
    "blocks.*.mlp.fc2": "layers.*.linear2",
    "blocks.*.norm1": "layers.*.norm1",
    "blocks.*.norm2": "layers.*.norm2",
}


class Twin(nn.Module):
    def __init__(self, image_size, patch_size, dim, depth, num_heads, num_classes):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, (image_size // patch_size) ** 2 + 1, dim))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, dim, patch_size, patch_size)})
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                dim, num_heads, 4 * dim, 0.0, "gelu", 1e-6, batch_first=True, norm_first=True
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes)

    def forward(self, x):
        patches = torch.flatten(self.patch_embed["proj"](x), 2).mT
        x = torch.cat([self.cls_token.repeat(len(x), 1, 1), patches], 1) + self.pos_embed
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x[:, 0]))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("changes", [{}, {"patch_size": 8, "depth": 1, "num_heads": 2}])
def test_equal_to_pytorch(changes, dtype, device):
    torch.manual_seed(0)
    theirs = shuffled(Twin(**SIZES | changes))
    agree(ViT(**SIZES | changes), theirs, dtype, device, 16, lambda state: from_pytorch(state, TWIN))


def test_equal_to_hugging_face(tmp_path, device):
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=48, layer_norm_eps=1e-6,
        image_size=16, patch_size=4, num_labels=5,
    )  # fmt: skip
    theirs = shuffled(transformers.ViTForImageClassification(config))
    same_as_hugging_face(ViT(**SIZES).to(device), theirs, HUGGING_FACE, tmp_path, device, 16)


def test_names_of_hugging_face():
    """As in their published files; the test above needs their library, this one does not."""
    layer = [
        *[f"attention.attention.{part}" for part in ("query", "key", "value")],
        *["attention.output.dense", "intermediate.dense", "output.dense"],
        *["layernorm_before", "layernorm_after"],
    ]
    modules = [f"vit.encoder.layer.{i}.{name}" for i in (0, 1) for name in layer]
    modules += ["vit.embeddings.patch_embeddings.projection", "vit.layernorm", "classifier"]
    names = [f"{module}.{part}" for module in modules for part in ("weight", "bias")]
    names += ["vit.embeddings.cls_token", "vit.embeddings.position_embeddings"]
    theirs = {name: np.zeros(1) for name in names}
    assert from_pytorch(theirs, HUGGING_FACE).keys() == ViT(**SIZES).state_dict().keys()


@pytest.mark.parametrize(("make", "count"), [(models.vit_tiny, 5_717_416), (models.vit_small, 22_050_664)])
def test_published_sizes(make, count):
    assert parameters_of(make) == count


def test_stochastic_depth_passes_by_attention_and_network(device, rng):
    model = ViT(**SIZES, drop_path_rate=0.3).to(device)
    drops = [module for module in model.modules() if isinstance(module, DropPath)]
    assert [drop.drop_prob for drop in drops] == [0.0, 0.3]
    for drop in drops:
        drop.drop_prob = 1.0
    images = mg.tensor(rng.standard_normal((2, 3, 16, 16)).astype(np.float32), device=device)
    nothing_but_the_token = model.head(model.norm(model.cls_token + model.pos_embed[:, :1])[0])
    for logits in model(images).numpy():
        np.testing.assert_allclose(logits, nothing_but_the_token.numpy()[0], rtol=1e-4, atol=1e-6)


def test_refusals(device):
    with pytest.raises(ValueError, match="patch_size=5 does not divide images of image_size=16"):
        ViT(**SIZES | {"patch_size": 5})
    with pytest.raises(ValueError, match="num_heads=5 does not divide dim=12"):
        ViT(**SIZES | {"num_heads": 5})
    model = ViT(**SIZES).to(device)
    for shape in [(2, 3, 32, 32), (2, 1, 16, 16), (3, 16, 16)]:
        with pytest.raises(ValueError, match=r"expected images of shape \(N, 3, 16, 16\), got"):
            model(mg.zeros(*shape, device=device))
