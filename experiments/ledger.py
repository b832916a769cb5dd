"""Ledgers: files of one JSON object a line that only ever grow, and the state of the code that wrote them."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optim.probe.log import cut_torn_line


def read(path: Path) -> list[dict[str, Any]]:
    """The entries of a ledger. A last line cut off by a crash is passed over; without a file there are none.

    Parameters
    ----------
    path : Path
    """
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def append(path: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Add entries, after what a crash left of a last line is cut off.

    Parameters
    ----------
    path : Path
    entries : sequence of dict
    """
    cut_torn_line(path)
    with path.open("a") as file:
        file.write("".join(json.dumps(entry) + "\n" for entry in entries))


def revision() -> str | None:
    """The git revision of this source tree; None where there is none."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None
