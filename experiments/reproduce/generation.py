"""Runs of the diffusion experiment, in `experiments.diffusion`'s loop."""

from pathlib import Path

from experiments.reproduce.experiment import Arm, Row, Settings


def run(settings: Settings, arm: Arm, seed: int, folder: Path) -> list[Row]:
    """One diffusion run in its folder, or the rest of one that was interrupted."""
    from experiments.diffusion.config import DiffusionConfig
    from experiments.diffusion.folder import DiffusionFolder
    from experiments.diffusion.train import train

    return train(DiffusionConfig(**settings, seed=seed), DiffusionFolder(folder))
