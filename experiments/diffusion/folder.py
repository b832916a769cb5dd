"""The folder of a diffusion run, whole at every moment.

config.json        the settings
metrics.jsonl      one JSON object for every `sample_every` steps
samples/           pictures of samples at these steps: grids, and strips from noise to image
last.safetensors   everything needed to continue
ema.safetensors    the averaged weights that the samples were made with, under PyTorch's names
curves.png, report.html
"""

import os
from pathlib import Path

from experiments.diffusion.config import DiffusionConfig
from experiments.folder import RunFolder


class DiffusionFolder(RunFolder):
    """Reads and writes the files of one diffusion run."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path, DiffusionConfig)
        self.ema = self.path / "ema.safetensors"
        self.samples = self.path / "samples"

    def grid(self, step: int) -> Path:
        """The picture of the samples after a step."""
        return self.samples / f"grid-{step:07d}.png"

    def strip(self, step: int) -> Path:
        """The picture of how they came out of the noise."""
        return self.samples / f"strip-{step:07d}.png"
