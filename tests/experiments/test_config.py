"""Settings: checked where they are made."""

import pytest

from experiments.config import LEARNING_RATES, TrainConfig


def test_defaults_and_labels():
    assert TrainConfig().label == "AdamW"
    assert TrainConfig(optimizer="adan", agr=True).label == "Adan(AGR)"
    for name, rate in LEARNING_RATES.items():
        assert TrainConfig(optimizer=name).lr == rate
    assert TrainConfig(lr=0.5).lr == 0.5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": "mnist"}, "data must be one of cifar10, cifar100, tiny-imagenet, shapes; got 'mnist'"),
        ({"model": "vgg"}, "model must be one of"),
        ({"optimizer": "lion"}, "optimizer must be one of"),
        ({"schedule": "step"}, "schedule must be one of"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"limit_train": 0}, "limit_train must be at least 1"),
        ({"lr": -1.0}, "lr must not be negative, got -1.0"),
        ({"schedule": "steps"}, "the schedule 'steps' needs milestones in its recipe"),
        ({"device": "tpu"}, "device must be cpu, cuda or cuda:N; got 'tpu'"),
        ({"warmup": float("nan")}, "warmup must not be negative"),
    ],
)
def test_refusals(settings, words):
    with pytest.raises(ValueError, match=words):
        TrainConfig(**settings)
