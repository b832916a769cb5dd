"""Feature networks: what the last layer is given, in the way the classifier was trained to see it."""

from dataclasses import replace

import numpy as np
import pytest

import minigrad as mg
import models
from experiments import setup
from experiments.folder import RunFolder
from experiments.metrics import Classifier, classifier_of_run, in_batches


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (5, 3, 32, 32), dtype=np.uint8)


def test_features_lead_to_the_logits(images, device):
    mg.manual_seed(0)
    model = models.convnet(num_classes=4, widths=(4, 8)).to(device)
    network = Classifier(model, (0.5,) * 3, (0.25,) * 3, device)
    features, logits = network(images)
    last = model[-1]
    want = features @ last.weight.numpy().T + last.bias.numpy()
    assert features.shape == (5, 8)
    np.testing.assert_allclose(logits, want, atol=1e-5)
    seen = mg.tensor((images.astype(np.float32) / 255 - 0.5) / 0.25, device=device)
    np.testing.assert_allclose(logits, model(seen).numpy(), atol=1e-5)
    assert not model.training


def test_in_batches(images, device):
    network = Classifier(models.mlp(3072, (6,), 4).to(device), (0.5,) * 3, (0.25,) * 3, device)
    parts = list(in_batches(network, images, 2))
    assert [len(part.features) for part in parts] == [2, 2, 1]
    whole = network(images).logits
    np.testing.assert_allclose(np.concatenate([part.logits for part in parts]), whole, atol=1e-5)


def test_classifier_of_a_run(tiny, tmp_path, images):
    folder = RunFolder(tmp_path / "run")
    config = replace(tiny, model="mlp")
    folder.create(config)
    with pytest.raises(FileNotFoundError, match=r"has no best.safetensors yet"):
        classifier_of_run(folder.path)
    model = setup.network(config, 10)
    mg.save(model.state_dict(), folder.best)
    want = Classifier(model, (0.5,) * 3, (0.28,) * 3, config.device)(images)
    for path in (folder.path, folder.best):
        got = classifier_of_run(path, config.device)(images)
        np.testing.assert_array_equal(got.logits, want.logits)
    with pytest.raises(FileNotFoundError, match="holds no run"):
        classifier_of_run(tmp_path / "nothing")


def test_a_model_without_linear_layer_is_refused():
    with pytest.raises(ValueError, match="Sequential has no linear layer"):
        Classifier(mg.nn.Sequential(mg.nn.ReLU()), (0.5,), (0.5,))
