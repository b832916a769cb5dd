"""The experiments beyond classification: their settings are ones that their training loops take."""

from importlib import import_module

import pytest

from experiments.config import TrainConfig
from experiments.diffusion.config import DiffusionConfig
from experiments.language.config import AlbertConfig, GPTConfig
from experiments.reproduce import language
from experiments.reproduce.experiment import SCALES, Arm
from experiments.reproduce.sequences import ALBERT, DDPM, GPT

KINDS = [(DDPM, DiffusionConfig), (ALBERT, AlbertConfig), (GPT, GPTConfig)]
cases = pytest.mark.parametrize(("experiment", "config"), KINDS, ids=[e.name for e, _ in KINDS])


@cases
@pytest.mark.parametrize("scale", SCALES)
def test_settings_of_every_scale_and_arm_are_accepted(experiment, config, scale):
    for arm in experiment.arms:
        settings = experiment.settings(scale) | dict(arm.changes)
        if classifier := settings.pop("classifier", None):
            assert TrainConfig(data=settings["data"], **classifier).data == "cifar10"
        made = config(**settings, seed=3)
        assert made.seed == 3
        assert made.agr == ("AGR" in arm.label)


@cases
def test_the_runner_is_there(experiment, config):
    module, _, function = experiment.runner.partition(":")
    assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("name", ["gpt", "albert"])
def test_a_run_gets_its_settings_and_its_folder(monkeypatch, tmp_path, name):
    seen = []
    loop = getattr(language, f"train_{name}")
    monkeypatch.setattr(loop, "train", lambda config, folder: seen.append((config, folder)) or [{"step": 7}])
    run = getattr(language, f"run_{name}")
    assert run({"steps": 7, "warmup": 1, "agr": True}, Arm("AdamW(AGR)", {}), 5, tmp_path) == [{"step": 7}]
    config, folder = seen[0]
    assert (config.steps, config.seed, config.agr, folder.path) == (7, 5, True, tmp_path)
    folder.create(config)
    assert folder.config() == config
