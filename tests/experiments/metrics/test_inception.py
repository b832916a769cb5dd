"""Inception-v3 from a file that PyTorch wrote: features, names, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import minigrad as mg
from experiments.diffusion.config import DiffusionConfig
from experiments.diffusion.folder import DiffusionFolder
from experiments.diffusion.train import train
from experiments.folder import RunFolder
from experiments.metrics import NAME, feature_network
from tests.models.equivalence import shuffled
from tests.models.test_inception import Twin


@pytest.fixture(scope="module")
def theirs():
    torch.manual_seed(0)
    return shuffled(Twin()).eval()


@pytest.fixture(scope="module")
def weights(theirs, tmp_path_factory):
    """A file as old as FID's: without counts of batches."""
    path = tmp_path_factory.mktemp("weights") / "inception.safetensors"
    save_file({k: v for k, v in theirs.state_dict().items() if not k.endswith("num_batches_tracked")}, path)
    return path


def test_features_and_logits_are_pytorchs(weights, theirs, rng, device, monkeypatch):
    monkeypatch.setattr("experiments.metrics.inception._AT_ONCE", 2)
    images = rng.integers(0, 256, (3, 3, 32, 32), np.uint8)
    network, name = feature_network(weights, device)
    seen, compute = [], network.model.features
    monkeypatch.setattr(network.model, "features", lambda x: seen.append(x.numpy()) or compute(x))
    got = network(images)
    assert name == "FID"
    x = torch.nn.functional.interpolate(torch.tensor(images).float() / 255, size=(299, 299), mode="bilinear")
    np.testing.assert_allclose(np.concatenate(seen), 2 * x - 1, atol=1e-5)
    with torch.no_grad():
        features = theirs.features(2 * x - 1)
        wanted = features.numpy(), theirs.fc(features).numpy()
    for ours, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-5 * abs(other).max())


def test_rows_of_a_run_have_an_fid(weights, tmp_path, device):
    config = DiffusionConfig(
        channels=4, multipliers=(1,), attention=(), steps=1, batch_size=2, timesteps=30, sample_steps=2,
        samples=1, limit_train=4, limit_test=2, fid_samples=2, features=str(weights), device=device,
    )  # fmt: skip
    folder = DiffusionFolder(tmp_path / "run")
    folder.create(config)
    (row,) = train(config, folder)
    assert row["FID"] > 0
    assert row["IS"] == pytest.approx(1, abs=0.1)  # random weights see no difference
    assert NAME not in row
    assert "FID" in folder.report.read_text()
    absent = replace(config, features=str(tmp_path / "nothing.safetensors"))
    with pytest.raises(FileNotFoundError, match="nothing"):
        train(absent, DiffusionFolder(tmp_path / "b"))


def test_the_weights_of_a_run_stay_a_classifier(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    (folder.path / "config.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"has no best.safetensors yet"):
        feature_network(folder.best)


def test_other_weights_are_refused(weights, tmp_path):
    state = mg.load(weights)
    other = tmp_path / "other.safetensors"
    for changes, words in (
        ({"fc.weight": mg.zeros(1000, 2048)}, r"under fc.weight expected \(1008, 2048\), got \(1000, 2048\)"),
        ({"AuxLogits.fc.bias": mg.zeros(3)}, r"under AuxLogits.fc.bias expected nothing, got \(3,\)"),
    ):
        mg.save(state | changes, other)
        with pytest.raises(ValueError, match=words):
            feature_network(other)
    mg.save({"fc.bias": mg.zeros(1008)}, other)
    with pytest.raises(ValueError, match=r"Conv2d_1a_3x3.conv.weight expected \(32, 3, 3, 3\), got nothing"):
        feature_network(other)
    other.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged"):
        feature_network(other)
