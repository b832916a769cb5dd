"""Diffusion training: it learns, paints, and goes on bit for bit where it was stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

import minigrad as mg
import models
from experiments import setup
from experiments.diffusion.config import DiffusionConfig
from experiments.diffusion.folder import DiffusionFolder
from experiments.diffusion.train import train
from experiments.diffusion.training import DiffusionTraining
from experiments.folder import RunFolder


@pytest.fixture
def small(device):
    """Settings of a run of two short rounds."""
    return DiffusionConfig(
        channels=4, multipliers=(1,), attention=(), steps=4, batch_size=4, warmup=1, timesteps=30, lr=3e-3,
        ema=0.5, sample_every=2, sample_steps=2, samples=2, limit_train=9, limit_test=5, device=device,
    )  # fmt: skip


def run(config, path):
    folder = DiffusionFolder(path)
    folder.create(config)
    return train(config, folder)


def numbers(rows):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_a_run_leaves_everything_behind(small, tmp_path):
    rows = run(small, tmp_path / "a")
    folder = DiffusionFolder(tmp_path / "a")
    assert [json.loads(line) for line in folder.metrics.read_text().splitlines()] == rows
    assert [row["step"] for row in rows] == [2, 4]
    assert [row["epoch"] for row in rows] == [0.89, 1.78]
    assert rows[1]["test_loss"] < rows[0]["test_loss"]
    assert sorted(path.name for path in folder.samples.iterdir()) == [
        "grid-0000002.png", "grid-0000004.png", "strip-0000002.png", "strip-0000004.png",
    ]  # fmt: skip
    for picture, size in ((folder.grid(4), (66, 32)), (folder.strip(4), (9 * 34 - 2, 66))):
        with Image.open(picture) as image:
            assert image.size == (2 * size[0], 2 * size[1])
    assert folder.report.read_text().count("data:image/png;base64,") == 3
    assert folder.curves.read_bytes().startswith(b"\x89PNG")
    model = models.unet_small(4, (1,), ())
    assert model.load_state_dict(mg.load(folder.ema)) == ([], [])
    assert folder.config() == small


@pytest.mark.parametrize(
    "settings", [{"optimizer": "adan", "agr": True}, {"optimizer": "adamw", "dropout": 0.2}]
)
def test_stopped_in_the_second_round_and_resumed(small, tmp_path, repeats, monkeypatch, settings):
    config = replace(small, **settings)
    undisturbed = run(config, tmp_path / "a")
    folder = DiffusionFolder(tmp_path / "b")
    folder.create(config)
    stopped = DiffusionTraining(config, folder)
    step, calls = stopped.optimizer.step, []

    def stop_at_the_fourth():
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(stopped.optimizer, "step", stop_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    again = DiffusionFolder(tmp_path / "b")
    repeats(numbers(train(again.config(), again)), numbers(undisturbed))
    whole = DiffusionFolder(tmp_path / "a")
    for one, other in ((whole.last, again.last), (whole.ema, again.ema)):
        repeats([load_file(one)], [load_file(other)])


def test_the_seed_and_agr_matter(small, tmp_path):
    config = replace(small, steps=2)
    rows = [
        run(replace(config, **other), tmp_path / str(i))
        for i, other in enumerate([{}, {"seed": 1}, {"agr": True}])
    ]
    losses = [row[-1]["train_loss"] for row in rows]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[2], rel=1e-2)
    assert rows[0][-1]["test_loss"] != rows[2][-1]["test_loss"]


def test_a_step_clips_warms_up_and_averages(small, tmp_path):
    training = DiffusionTraining(replace(small, clip=1e-3, warmup=3), DiffusionFolder(tmp_path / "a"))
    name, weight = next(iter(training.model.named_parameters()))
    average = weight.numpy().copy()
    rates = []
    for step in range(12):
        rates.append(training.optimizer.param_groups[0]["lr"])
        _, norm = training._train(step)
        clipped = np.sqrt(sum(float((p.grad.numpy() ** 2).sum()) for p in training.model.parameters()))
        assert clipped == pytest.approx(min(1e-3, norm), rel=1e-3)
        decay = min(0.5, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weight.numpy()
    assert rates[:5] == pytest.approx([small.lr * share for share in (0.25, 0.5, 0.75, 1, 1)])
    kept = mg.Tensor(training.ema.average[name]).numpy()
    np.testing.assert_allclose(kept, average, rtol=1e-4, atol=1e-6)


def test_an_epoch_visits_every_image_once(small, tmp_path):
    training = DiffusionTraining(replace(small, flip=False), DiffusionFolder(tmp_path / "a"))
    batches = [training._batch(step).numpy() for step in range(4)]
    seen = [{image.tobytes() for batch in batches[i : i + 2] for image in batch} for i in (0, 2)]
    assert [len(images) for images in seen] == [8, 8]  # of nine, in two batches of four
    assert batches[0].tobytes() != batches[2].tobytes()
    assert batches[0].min() >= -1
    assert batches[0].max() <= 1
    assert batches[0].min() < -0.2
    np.testing.assert_array_equal(training._batch(1).numpy(), batches[1])


def test_fid_minigrad_in_every_row(tiny, small, tmp_path):
    folder = RunFolder(tmp_path / "classifier")
    classifier = replace(tiny, model="mlp")
    folder.create(classifier)
    mg.save(setup.network(classifier, 10).state_dict(), folder.best)
    config = replace(small, features=str(folder.path), fid_samples=6, steps=2)
    row = run(config, tmp_path / "a")[-1]
    assert row["FID-minigrad"] > 0
    assert 1 <= row["IS"] <= 10
    assert "FID-minigrad" in DiffusionFolder(tmp_path / "a").report.read_text()
    del row["FID-minigrad"], row["IS"]
    assert numbers([row]) == numbers(run(replace(config, features=None), tmp_path / "b"))


def test_a_diverging_run_says_so(small, tmp_path):
    folder = DiffusionFolder(tmp_path / "a")
    folder.create(small)
    training = DiffusionTraining(small, folder)
    mg.nn.init.constant_(training.model.conv_in.weight, float("nan"))
    with pytest.raises(FloatingPointError, match="no longer finite at step 0: try a smaller lr"):
        training.run()


def test_settings_of_another_kind_of_run_are_refused(tiny, tmp_path):
    RunFolder(tmp_path / "a").create(tiny)
    with pytest.raises(ValueError, match="does not hold the settings of such a run .DiffusionConfig."):
        DiffusionFolder(tmp_path / "a").config()
