"""Runs of the experiments on text, in `experiments.language`'s loop."""

from pathlib import Path

from experiments.folder import RunFolder
from experiments.language import train_albert, train_gpt
from experiments.language.config import AlbertConfig, GPTConfig
from experiments.reproduce.experiment import Arm, Row, Settings


def run_gpt(settings: Settings, arm: Arm, seed: int, folder: Path) -> list[Row]:
    """One run of the GPT on Shakespeare, or the rest of one that was interrupted."""
    return train_gpt.train(GPTConfig(**settings, seed=seed), RunFolder(folder, GPTConfig))


def run_albert(settings: Settings, arm: Arm, seed: int, folder: Path) -> list[Row]:
    """One run of ALBERT on WikiText-2, or the rest of one that was interrupted."""
    return train_albert.train(AlbertConfig(**settings, seed=seed), RunFolder(folder, AlbertConfig))
