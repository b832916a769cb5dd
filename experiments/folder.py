"""The folder of a run: settings, measurements and checkpoints, whole at every moment.

config.json        the settings
metrics.jsonl      one JSON object an epoch
last.safetensors   everything needed to continue (the weights under "model.")
best.safetensors   the weights with the best test accuracy, under PyTorch's names
curves.png, report.html
"""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import minigrad as mg
from experiments.config import TrainConfig


class RunFolder:
    """Reads and writes the files of one run.

    Every file is written aside and renamed, so that a run killed at any moment leaves whole files behind.

    Parameters
    ----------
    path : path
    settings : type
        The dataclass of the run's settings.
    """

    def __init__(self, path: str | os.PathLike[str], settings: type[Any] = TrainConfig) -> None:
        self.path = Path(path)
        self._settings = settings
        self.metrics = self.path / "metrics.jsonl"
        self.last = self.path / "last.safetensors"
        self.best = self.path / "best.safetensors"
        self.curves = self.path / "curves.png"
        self.report = self.path / "report.html"
        self._config = self.path / "config.json"

    @property
    def started(self) -> bool:
        """Whether a run lives here."""
        return self._config.exists()

    def require_free(self) -> None:
        """Refuse to be used for a new run if one lives here already.

        Raises
        ------
        FileExistsError
            A run is never overwritten.
        """
        if self.started:
            raise FileExistsError(
                f"{self.path} already holds a run: continue it with --resume {self.path}, "
                "or choose another --out"
            )

    def create(self, config: Any) -> None:
        """Make the folder for a new run; refused, as by `require_free`, if one lives here."""
        self.require_free()
        self.path.mkdir(parents=True, exist_ok=True)
        self._write(self._config, json.dumps(dataclasses.asdict(config), indent=2) + "\n")

    def config(self) -> Any:
        """The settings of the run that lives here.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If the settings cannot be read.
        """
        if not self.started:
            raise FileNotFoundError(f"{self.path} holds no run: it has no config.json")
        try:
            return self._settings(**json.loads(self._config.read_text()))
        except (json.JSONDecodeError, TypeError) as error:
            kind = self._settings.__name__
            raise ValueError(
                f"{self._config} does not hold the settings of such a run ({kind}): {error}"
            ) from None

    def save_metrics(self, rows: list[dict[str, Any]]) -> None:
        """Write the measurements of all epochs so far."""
        self._write(self.metrics, "".join(json.dumps(row) + "\n" for row in rows))

    def load_metrics(self) -> list[dict[str, Any]]:
        """The measurements of all epochs so far."""
        return (
            [json.loads(line) for line in self.metrics.read_text().splitlines()]
            if self.metrics.exists()
            else []
        )

    def save_text(self, name: str, text: str) -> None:
        """Write a text file that goes with the measurements."""
        self._write(self.path / name, text)

    def save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Write everything needed to continue."""
        mg.save({"config": dataclasses.asdict(self.config()), **checkpoint}, self.last)

    def load_checkpoint(self, device: str) -> dict[str, Any] | None:
        """What `save_checkpoint` wrote, or None if the run was stopped before its first checkpoint.

        Raises
        ------
        ValueError
            If the file is damaged, or belongs to a run with other settings. It is left as it is.
        """
        if not self.last.exists():
            return None
        checkpoint = mg.load(self.last, device)
        ours = dataclasses.asdict(self.config())
        theirs = checkpoint.get("config") if isinstance(checkpoint, dict) else None
        if not isinstance(theirs, dict) or not theirs.keys() <= ours.keys():
            raise ValueError(f"{self.last} is not a checkpoint of minigrad train")
        theirs = dataclasses.asdict(self._settings(**theirs))  # an older file lacks newer settings
        different = [
            f"{key}: {theirs.get(key)} there, {ours[key]} here"
            for key in ours
            if theirs.get(key) != ours[key]
        ]
        if different:
            raise ValueError(f"{self.last} belongs to a run with other settings ({'; '.join(different)})")
        return dict(checkpoint)

    def _write(self, path: Path, text: str) -> None:
        aside = path.with_name(f".{path.name}.tmp")
        with aside.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
