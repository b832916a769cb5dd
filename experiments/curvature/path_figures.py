"""Pictures and animations of optimizer paths: without AGR on the left, with it on the right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.curvature.paths import OPTIMIZERS, Surface
from minigrad.backend import Array

Paths = Mapping[tuple[str, bool], Array]

COLOURS = dict(zip(OPTIMIZERS, ["#3b6fb6", "#3f9a5b", "#b8962e", "#d9622b", "#8a5fb0"], strict=True))


def draw_paths(surface: Surface, found: Paths, file: Path) -> None:
    """Contours of the function and the whole paths over them.

    Parameters
    ----------
    surface : Surface
    found : dict
        As `all_paths` returns them.
    file : Path
        The PNG file.
    """
    figure, panels = _background(surface, found)
    for key, points in found.items():
        line, head = _line(panels[int(key[1])], key[0])
        _show(line, head, points)
    figure.savefig(file, dpi=130)


def animate_paths(surface: Surface, found: Paths, file: Path, frames: int = 48, fps: int = 12) -> None:
    """The same as an animated GIF, in which the paths grow.

    Parameters
    ----------
    surface : Surface
    found : dict
        As `all_paths` returns them, all of the same length.
    file : Path
        The GIF file.
    frames : int
        At most one for each step; the first shows the start, the last the whole paths.
    fps : int
        Frames per second.
    """
    from matplotlib.animation import PillowWriter

    # A GIF has 256 colours: without the greys of smooth contours enough are left for the paths.
    figure, panels = _background(surface, found, smooth=False)
    lines = {key: _line(panels[int(key[1])], key[0]) for key in found}
    steps = min(len(points) for points in found.values()) - 1
    # Early steps are the longest, so more of the frames are theirs.
    shown = np.unique(np.rint(steps * np.linspace(0, 1, frames) ** 1.5).astype(int))
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, instead of for every frame
    writer = PillowWriter(fps=fps)
    with writer.saving(figure, file, dpi=72):
        for step in shown:
            for key, points in found.items():
                _show(*lines[key], points[: step + 1])
            figure.suptitle(f"{surface.name}, step {step}")
            writer.grab_frame()


def _background(surface: Surface, found: Paths, smooth: bool = True) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    left, right, bottom, top = surface.view
    x, y = np.meshgrid(np.linspace(left, right, 240), np.linspace(bottom, top, 240))
    height = surface.function(x, y)
    height = height - min(height.min(), 0)
    grey = "#9aa6b2" if smooth else "#d5dce4"  # a rough line is a whole pixel wide
    levels = np.geomspace(max(height.max() * 1e-5, 1e-4), height.max(), 24)
    figure = Figure(figsize=(9.4, 4.7), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, title in zip(panels, ["without AGR", "with AGR"], strict=True):
        axes.contour(x, y, height, levels, colors=grey, linewidths=0.5, antialiased=smooth)
        for minimum in surface.minima:
            axes.plot(*minimum, "*", color="#1d2733", markeredgecolor="white", markersize=11, zorder=6)
        axes.plot(*surface.start, "o", color="white", markeredgecolor="#1d2733", markersize=6, zorder=4)
        axes.set(title=title, xlim=(left, right), ylim=(bottom, top), aspect="equal")
    figure.suptitle(surface.name)
    handles = [_line(panels[0], name)[0] for name in dict.fromkeys(name for name, _ in found)]
    figure.legend(
        handles=handles,
        labels=[line.get_label() for line in handles],
        loc="outside lower center",
        ncols=len(handles),
        frameon=False,
    )
    return figure, panels


def _line(axes: Any, name: str) -> tuple[Any, Any]:
    """An empty path, and the mark at its end."""
    colour = COLOURS[name]
    (line,) = axes.plot([], [], color=colour, linewidth=1.6, alpha=0.85, label=name)
    (head,) = axes.plot([], [], "o", color=colour, markersize=6, markeredgecolor="white", zorder=5)
    return line, head


def _show(line: Any, head: Any, points: Array) -> None:
    line.set_data(points[:, 0], points[:, 1])
    head.set_data(points[-1:, 0], points[-1:, 1])
