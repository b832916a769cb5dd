"""What the tests of experiments share: tiny runs on the embedded images."""

import pytest

from experiments.config import TrainConfig


@pytest.fixture
def tiny(device):
    """Settings of a run of two short epochs."""
    return TrainConfig(
        data="shapes",
        model="convnet",
        epochs=2,
        batch_size=32,
        limit_train=96,
        limit_test=64,
        warmup=0.5,
        device=device,
    )


@pytest.fixture(autouse=True)
def _small_shapes(monkeypatch):
    """A few hundred of the embedded images: drawing thousands in every test would be most of its time."""
    from experiments import setup

    draw = setup.Shapes
    monkeypatch.setattr(setup, "Shapes", lambda train=True: draw(train=train, size=200))
