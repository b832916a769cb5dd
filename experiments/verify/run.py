"""`minigrad verify`: evidence, verdicts, report."""

import json
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments import report
from experiments.config import TrainConfig
from experiments.verify import claims, evidence, page


def verify(config: TrainConfig, quick: bool, workers: int, out: Path) -> dict[str, Any]:
    """Write report.html and verify.json to a new folder.

    Parameters
    ----------
    config : TrainConfig
        Of the training runs.
    quick : bool
        Few seeds and examples, for two minutes in place of twenty.
    workers : int
        Training runs at a time.
    out : Path

    Returns
    -------
    dict
        As in verify.json.

    Raises
    ------
    FileExistsError
        If the folder holds a report.
    """
    if (out / "verify.json").exists():
        raise FileExistsError(f"{out} already holds a report; choose another --out")
    started = time.perf_counter()
    found = evidence.collect(
        config,
        evidence.QUICK if quick else evidence.FULL,
        workers,
        lambda step: print(f"{step} ...", flush=True),
    )
    verdicts = claims.judge(found)
    result = {
        "versions": report.versions(),
        "seconds": round(time.perf_counter() - started, 1),
        "verdicts": [asdict(verdict) for verdict in verdicts],
        **found,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "verify.json").write_text(json.dumps(result, indent=1) + "\n")
    redraw(out)
    return result


def redraw(out: Path) -> list[claims.Verdict]:
    """Judge again and write report.html again, from the evidence in verify.json; the verdicts."""
    found = json.loads((out / "verify.json").read_text())
    verdicts = claims.judge(found)
    page.write(found, verdicts, out / "report.html")
    return verdicts


def lines(verdicts: list[claims.Verdict]) -> list[str]:
    """The verdicts for a terminal."""
    width = max(len(verdict.verdict) for verdict in verdicts)
    counts = Counter(verdict.verdict for verdict in verdicts)
    return [
        *(f"{verdict.verdict.ljust(width)}  {verdict.claim}" for verdict in verdicts),
        "",
        ", ".join(f"{count} {word}" for word, count in counts.most_common()),
    ]
