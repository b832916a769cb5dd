"""The folder of a reproduction: its plan, fixed before the first run, and the ledger, which only ever grows.

plan.json      experiment, scale, settings, arms, margin; the machine and revision of the first run
ledger.jsonl   one JSON object for each finished run, with all of its rows
runs/          what each run keeps to go on from: checkpoints, samples
"""

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments import ledger, report
from experiments.reproduce.experiment import SCALES, Experiment
from experiments.sweep import sweep

Run = tuple[str, int]  # the label of an arm, and a seed


class Reproduction:
    """An experiment at one scale, in one folder.

    Parameters
    ----------
    path : Path
    experiment : Experiment
    scale : str
    seeds : sequence of int, optional
        By default those of the scale.

    Raises
    ------
    ValueError
        If there is no such scale, or no seed.
    """

    def __init__(
        self, path: Path, experiment: Experiment, scale: str, seeds: Sequence[int] | None = None
    ) -> None:
        self.path, self.experiment, self.scale = path, experiment, scale
        self.settings = experiment.settings(scale)
        self.seeds = tuple(SCALES[scale] if seeds is None else seeds)
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must be different numbers, one at least; got {list(self.seeds)}")
        self.ledger = path / "ledger.jsonl"
        self._plan = path / "plan.json"

    def begin(self) -> None:
        """Write down the plan, if the folder is new.

        Raises
        ------
        ValueError
            If the folder holds another plan; more seeds than before are no other plan.
        """
        plan = self._planned()
        if self._plan.exists():
            written = self.about()
            different = [key for key in plan if written.get(key) != plan[key]]
            if different:
                raise ValueError(
                    f"{self.path} holds a reproduction with other settings ({', '.join(different)}); "
                    "choose another --out"
                )
            return
        self.path.mkdir(parents=True, exist_ok=True)
        about = plan | {
            "versions": report.versions(),
            "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
            "revision": ledger.revision(),
            "date": time.strftime("%Y-%m-%d"),
        }
        aside = self._plan.with_name(".plan.json.tmp")
        aside.write_text(json.dumps(about, indent=2) + "\n")
        os.replace(aside, self._plan)

    def about(self) -> dict[str, Any]:
        """All of plan.json."""
        return json.loads(self._plan.read_text())  # type: ignore[no-any-return]

    def runs(self) -> list[dict[str, Any]]:
        """The finished runs: arm, seed, seconds and rows of each, in the order in which they came out."""
        return ledger.read(self.ledger)

    def left(self) -> list[Run]:
        """The runs that are not finished, seed by seed: what is cut short has whole pairs."""
        done = {(entry["arm"], entry["seed"]) for entry in self.runs()}
        wanted = [(arm.label, seed) for seed in self.seeds for arm in self.experiment.arms]
        return [run for run in wanted if run not in done]

    def run(self, workers: int = 1, cluster: str | None = None) -> None:
        """Make the runs that are left; arguments as in `sweep`."""
        jobs = [(self.experiment, self.scale, *run, self.folder(*run)) for run in self.left()]
        if not jobs:
            return
        self.experiment.prepare(self.scale, self.path.resolve() / "runs")
        for entry in sweep(run_one, jobs, workers, cluster):
            ledger.append(self.ledger, [entry])

    def folder(self, label: str, seed: int) -> Path:
        """Where a run lives."""
        name = "".join(c if c.isalnum() or c in ".-" else "-" for c in label.lower()).strip("-")
        return self.path.resolve() / "runs" / f"{name}-seed{seed}"

    def _planned(self) -> dict[str, Any]:
        plan = {
            "experiment": self.experiment.name,
            "scale": self.scale,
            "settings": self.settings,
            "arms": [asdict(arm) for arm in self.experiment.arms],
            "outcome": asdict(self.experiment.outcome),
        }
        return json.loads(json.dumps(plan))  # type: ignore[no-any-return]  # tuples become lists, as in the file


def run_one(experiment: Experiment, scale: str, label: str, seed: int, folder: Path) -> dict[str, Any]:
    """One run with one BLAS thread, as an entry of the ledger."""
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    with threadpool_limits(1):
        rows = experiment.run(scale, label, seed, folder)
    seconds = round(time.perf_counter() - started, 1)
    return {"arm": label, "seed": seed, "seconds": seconds, "rows": rows}
