"""The file that a probe writes: one JSON object a line."""

import json
from os import PathLike
from pathlib import Path
from typing import Any


def read(path: str | PathLike[str]) -> list[dict[str, Any]]:
    """The measurements in a file, sorted by step.

    Of a step that was measured twice, because a run was resumed from before it, the later ones count. A last
    line that is not complete is passed over: a probe may be about to write it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of dict
        See `Probe`.
    """
    lines = Path(path).read_bytes().split(b"\n")[:-1]
    rows = [json.loads(line) for line in lines]
    latest = {(row["step"], row["name"]): row for row in rows}
    return sorted(latest.values(), key=lambda row: row["step"])


def cut_torn_line(path: Path) -> None:
    """Take away what a process that was killed while writing left of its last line."""
    if path.exists():
        written = path.read_bytes()
        with path.open("r+b") as file:
            file.truncate(written.rfind(b"\n") + 1)
