"""Runs of the diffusion experiment, and the classifier that judges them all."""

from pathlib import Path

from experiments.reproduce.experiment import Arm, Row, Settings


def prepare(settings: Settings, runs: Path) -> None:
    """Train the classifier whose features all runs are measured with, or what is left of it."""
    from experiments.config import TrainConfig
    from experiments.folder import RunFolder
    from experiments.train import train

    config = TrainConfig(
        data=settings["data"], device=settings.get("device", "cpu"), **settings["classifier"]
    )
    train(config, RunFolder(runs / "classifier"))


def run(settings: Settings, arm: Arm, seed: int, folder: Path) -> list[Row]:
    """One diffusion run in its folder, or the rest of one that was interrupted."""
    from experiments.diffusion.config import DiffusionConfig
    from experiments.diffusion.folder import DiffusionFolder
    from experiments.diffusion.train import train

    own = {name: value for name, value in settings.items() if name != "classifier"}
    config = DiffusionConfig(**own, features=str(folder.parent / "classifier"), seed=seed)
    return train(config, DiffusionFolder(folder))
