import pytest

from experiments.reproduce.experiment import Experiment, Outcome, pair


@pytest.fixture
def experiment():
    """An experiment whose runs take no time."""
    return Experiment(
        "fake",
        "A fake",
        "tests.experiments.reproduce.runner:run",
        pair("adamw", "AdamW"),
        {"smoke": {"lr": 0.1}, "laptop": {"lr": 0.2, "fails": 1}},
        Outcome("test_accuracy", "test accuracy", "points", margin=1.0, factor=100),
        ("train_loss", "test_accuracy"),
        notes=("It is a fake.",),
    )
