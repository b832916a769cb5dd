"""Settings of diffusion: checked where they are made."""

import dataclasses
import json

import pytest

from experiments.diffusion.config import DiffusionConfig, paper


def test_labels_and_the_papers_settings():
    assert DiffusionConfig().label == "Adan"
    assert DiffusionConfig(optimizer="adamw", agr=True).label == "AdamW(AGR)"
    authors = paper(agr=True, seed=3)
    assert (authors.agr, authors.seed, authors.channels, authors.lr) == (True, 3, 128, 2e-4)
    assert authors.steps == 2000 * 391


def test_settings_survive_json():
    config = DiffusionConfig(attention=(16, 8))
    assert DiffusionConfig(**json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": "mnist"}, "data must be one of cifar10, cifar100, shapes; got 'mnist'"),
        ({"optimizer": "sgd"}, "optimizer must be one of adam, adamw, adan; got 'sgd'"),
        ({"schedule": "quadratic"}, "schedule must be one of linear, cosine"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"timesteps": 20}, "timesteps must be at least 21, got 20"),
        ({"timesteps": 24}, "sample_steps must be at most timesteps=24, got 25"),
        ({"lr": float("nan")}, "lr must be at least 0, got nan"),
        ({"clip": -1.0}, "clip must be at least 0"),
        ({"dropout": 1.0}, "dropout must be below 1, got 1.0"),
        ({"ema": 1.0}, "ema must be below 1"),
        ({"multipliers": ()}, "multipliers must be one or more numbers"),
        ({"channels": 30}, "channels must be a multiple of 4, got 30"),
        ({"limit_train": 0}, "limit_train must be at least 1"),
        ({"device": "tpu"}, "device must be cpu, cuda or cuda:N; got 'tpu'"),
    ],
)
def test_refusals(settings, words):
    with pytest.raises(ValueError, match=words):
        DiffusionConfig(**settings)
