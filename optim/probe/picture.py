"""The measurements of a probe over depth and time."""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.probe.log import read

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {
    "alpha_max": "largest α",
    "gradient_change": "change of the gradient by AGR",
    "update_change": "change of the update by AGR",
    "effective_lr": "effective learning rate, median |update| / |g|",
}


def plot(measurements: str | PathLike[str] | Sequence[dict[str, Any]]) -> "Figure":
    """One row for every tensor, the first layers on top, and one column for every measured step.

    Parameters
    ----------
    measurements : str, Path or list of dict
        The file of a `Probe`, or what `read` made of it.

    Returns
    -------
    matplotlib.figure.Figure
        `figure.savefig(path)` writes it. Colours are logarithmic; what is zero or null stays white.

    Raises
    ------
    ValueError
        If there is no measurement.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    rows = measurements if isinstance(measurements, Sequence) and not isinstance(measurements, str) else None
    rows = read(measurements) if rows is None else rows  # type: ignore[arg-type]
    if not rows:
        raise ValueError("plot: there are no measurements")
    names = list(dict.fromkeys(row["name"] for row in rows))
    steps = sorted({row["step"] for row in rows})
    figure = Figure(figsize=(13, 2.5 + 0.4 * len(names)), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, (key, title) in zip(grid.flat, PANELS.items(), strict=True):
        values = np.full((len(names), len(steps)), np.nan)
        for row in rows:
            if row[key]:
                values[names.index(row["name"]), steps.index(row["step"])] = row[key]
        axes.set_title(title, loc="left", fontsize=10)
        if np.isfinite(values).any():
            image = axes.imshow(values, aspect="auto", norm=LogNorm(), interpolation="nearest")
            figure.colorbar(image, ax=axes)
        axes.set_yticks(range(len(names)), names, fontsize=7)
        shown = range(0, len(steps), max(1, len(steps) // 10))
        axes.set_xticks(shown, [str(steps[i]) for i in shown], fontsize=7)
    for axes in grid[-1]:
        axes.set_xlabel("step", fontsize=8)
    return figure
