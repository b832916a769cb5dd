"""What runs drew or wrote, for their report: pictures, kept beside it, and texts, from the ledger."""

import html
import shutil
from pathlib import Path

from experiments import report
from experiments.reproduce.experiment import Row
from experiments.reproduce.reproduction import Reproduction


def sections(reproduction: Reproduction, seed: int) -> list[tuple[str, str]]:
    """For each run of this seed that made something, a heading and the first and the last that it made."""
    found = []
    for entry in reproduction.runs():
        if entry["seed"] == seed:
            pictures = _pictures(reproduction, entry["arm"], seed)
            shown = [report.html_picture(path, path.stem) for path in pictures]
            shown += _texts(entry["rows"], reproduction.experiment.clock)
            if shown:
                found.append((f"Samples of {entry['arm']}, seed {seed}", "".join(shown)))
    return found


def _pictures(reproduction: Reproduction, label: str, seed: int) -> list[Path]:
    """The first and the last grid, and the last strip; copied out of the run's folder if that is there."""
    run, kept = reproduction.folder(label, seed), reproduction.path / "samples"
    arm = run.name.rpartition("-seed")[0]
    grids, strips = (sorted(run.glob(f"samples/{kind}-*.png")) for kind in ("grid", "strip"))
    for picture in [*grids[:1], *grids[-1:], *strips[-1:]]:
        kept.mkdir(exist_ok=True)
        shutil.copyfile(picture, kept / f"{arm}-{picture.name}")
    return [path for kind in ("grid", "strip") for path in sorted(kept.glob(f"{arm}-{kind}-*.png"))]


def _texts(rows: list[Row], clock: str) -> list[str]:
    written = [row for row in rows if "sample" in row]
    return [
        f"<p>After {clock} {row[clock]}:</p><pre>{html.escape(row['sample'])}</pre>"
        for row in [*written[:1], *written[1:][-1:]]
    ]
