"""From settings to networks."""

import pytest

import minigrad as mg
from experiments import setup
from experiments.config import MODELS, TrainConfig
from tests.models.sizes import shapes_only

# What tells the size that a network was made for: a weight and its shape for images of 32 and of 64 pixels.
SHAPES = {
    "resnet34": ("conv1.weight", (64, 3, 3, 3), (64, 3, 3, 3)),
    "vgg11": ("classifier.0.weight", (4096, 512), (4096, 2048)),
    "vgg16_bn": ("classifier.0.weight", (4096, 512), (4096, 2048)),
    "vit_small": ("patch_embed.proj.weight", (384, 3, 4, 4), (384, 3, 8, 8)),
    "convnext_tiny": ("downsample_layers.0.0.weight", (96, 3, 2, 2), (96, 3, 4, 4)),
    "mlp": ("1.weight", (512, 3072), (512, 12288)),
}


@pytest.mark.parametrize("model", MODELS)
def test_every_network_is_built_for_both_sizes_of_image(model):
    for size, which in ((32, 1), (64, 2)):
        with shapes_only():
            state = setup.network(TrainConfig(model=model), 7, size).state_dict()
        *_, bias = state.values()
        assert bias.shape == (7,)
        if model in SHAPES:
            assert state[SHAPES[model][0]].shape == SHAPES[model][which]


@pytest.mark.parametrize("size", [32, 64])
def test_resnet_halves_the_larger_images_at_once(size):
    with shapes_only():
        model = setup.network(TrainConfig(model="resnet18"), 7, size)
    assert model.conv1.stride == ((1, 1) if size == 32 else (2, 2))


@pytest.mark.parametrize(("model", "size"), [("vit_tiny", 64), ("convnext_atto", 32), ("convnext_atto", 64)])
def test_networks_take_images_of_their_size(model, size, device):
    network = setup.network(TrainConfig(model=model, device=device), 7, size)
    assert network.eval()(mg.zeros(1, 3, size, size, device=device)).shape == (1, 7)


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match="expected images of 32 or 64 pixels, got image_size=28"):
        setup.network(TrainConfig(), 7, 28)
