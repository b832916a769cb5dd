"""QQ plots: quantiles of log |g| against those of the fitted laws."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from experiments.gradient_statistics.laws import LAWS, fit
from minigrad.backend import Array, to_numpy

POINTS = 200
COLOURS = dict(zip(LAWS, ["#d9622b", "#5b6770", "#3f9a5b", "#8a5fb0", "#3b6fb6"], strict=True))


def draw_quantiles(gradients: Mapping[str, Array], path: Path) -> None:
    """A panel for each gradient: where a law is right, its curve is the diagonal.

    Both axes are log10 |g| in units of the geometric mean, at 200 quantiles from the 0.1th to the 99.9th
    percentile. Zeros are left out.

    Parameters
    ----------
    gradients : dict of str to array
        Each with at least two different magnitudes.
    path : Path
        The PNG file.

    Raises
    ------
    ValueError
        If there are none.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not gradients:
        raise ValueError("draw_quantiles: there are no gradients")
    columns = len(gradients) if len(gradients) <= 3 else math.ceil(len(gradients) ** 0.5)
    rows = -(-len(gradients) // columns)
    figure = Figure(figsize=(3.4 * columns, 3.3 * rows + 0.5), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).reshape(-1)
    probabilities = np.linspace(1e-3, 1 - 1e-3, POINTS)
    for axes, (name, g) in zip(panels, gradients.items(), strict=False):
        x = np.abs(to_numpy(g).astype(np.float64)).reshape(-1)
        x = x[x > 0]
        x /= np.exp(np.log(x).mean())
        measured = np.log10(np.quantile(x, probabilities))
        axes.plot(measured, measured, color="#c3cad3", linewidth=4, solid_capstyle="round")
        for law, colour in COLOURS.items():
            fitted = fit(law, x)
            expected = np.log10(fitted.distribution().ppf(probabilities))
            axes.plot(expected, measured, color=colour, linewidth=1.4, label=law)
        margin = 0.08 * np.ptp(measured)
        limits = measured[0] - margin, measured[-1] + margin
        axes.set(title=name, xlim=limits, ylim=limits, aspect="equal")
        axes.title.set_fontsize(10)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[len(gradients) :]:
        axes.remove()
    figure.supxlabel("quantiles of the fitted law (log10)", fontsize=10)
    figure.supylabel("quantiles of |g| (log10)", fontsize=10)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=9)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=130)
