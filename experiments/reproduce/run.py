"""`minigrad reproduce`: runs, reports, and the page over all of them."""

import os
from collections.abc import Sequence
from pathlib import Path

from experiments import report
from experiments.reproduce import catalogue, page, results
from experiments.reproduce.reproduction import Reproduction


def reproduce(
    name: str,
    scale: str,
    out: Path,
    seeds: Sequence[int] | None = None,
    workers: int | None = None,
    cluster: str | None = None,
) -> Path:
    """Make the runs that are left, experiment by experiment, and write what came out.

    Parameters
    ----------
    name : str
        See `catalogue.select`.
    scale : str
        One of `experiment.SCALES`.
    out : Path
        Each experiment has a folder in it.
    seeds : sequence of int, optional
        By default those of the scale.
    workers : int, optional
        Runs at a time; by default as many as there are cores.
    cluster : str, optional
        See `sweep`.

    Returns
    -------
    Path
        The page over all experiments in the folder.

    Raises
    ------
    ValueError
        If there is no such experiment or scale, or the folder holds one with other settings.
    FileNotFoundError
        If data is missing, saying how to get it.
    """
    chosen = catalogue.select(name)
    reproductions = [Reproduction(out / e.name, e, scale, seeds) for e in chosen]
    for reproduction in reproductions:  # all are refused or none, before hours are spent on the first
        reproduction.begin()
    for reproduction in reproductions:
        print(f"{reproduction.experiment.title}: {len(reproduction.left())} runs left", flush=True)
        reproduction.run(workers or os.cpu_count() or 1, cluster)
        summary = page.write(reproduction)
        print(report.text_table(results.header(summary), results.table(summary)), flush=True)
    return page.write_ledger(out)
