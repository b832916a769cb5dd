"""The folder of a run: whole files, nothing overwritten, nothing foreign read."""

import dataclasses

import pytest

import minigrad as mg
from experiments.config import TrainConfig
from experiments.folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create(TrainConfig(epochs=3))
    return folder


def test_settings_come_back(folder):
    assert folder.config() == TrainConfig(epochs=3)


def test_a_run_is_never_overwritten(folder):
    with pytest.raises(FileExistsError, match="already holds a run: continue it with --resume"):
        folder.create(TrainConfig())
    assert folder.config() == TrainConfig(epochs=3)


def test_metrics_and_checkpoints_come_back(folder):
    assert folder.load_metrics() == []
    assert folder.load_checkpoint("cpu") is None
    folder.save_metrics([{"epoch": 1}, {"epoch": 2}])
    assert folder.load_metrics() == [{"epoch": 1}, {"epoch": 2}]
    folder.save_checkpoint({"model": {"w": mg.ones(2)}})
    assert folder.load_checkpoint("cpu")["model"]["w"].tolist() == [1.0, 1.0]
    assert sorted(p.name for p in folder.path.iterdir()) == [
        "config.json",
        "last.safetensors",
        "metrics.jsonl",
    ]


def test_no_run(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no run: it has no config.json"):
        RunFolder(tmp_path).config()


@pytest.mark.parametrize("text", ["{", '{"epoks": 3}', "[]"])
def test_unreadable_settings(folder, text):
    (folder.path / "config.json").write_text(text)
    with pytest.raises(ValueError, match="does not hold the settings of such a run .TrainConfig."):
        folder.config()


def test_foreign_and_damaged_checkpoints_are_refused_and_left_alone(folder):
    mg.save({"config": dataclasses.asdict(TrainConfig(epochs=5))}, folder.last)
    with pytest.raises(ValueError, match=r"run with other settings \(epochs: 5 there, 3 here\)"):
        folder.load_checkpoint("cpu")
    mg.save({"weights": mg.ones(1)}, folder.last)
    with pytest.raises(ValueError, match="is not a checkpoint of minigrad train"):
        folder.load_checkpoint("cpu")
    whole = folder.last.read_bytes()
    folder.last.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="damaged"):
        folder.load_checkpoint("cpu")
    assert folder.last.read_bytes() == whole[:-1]
