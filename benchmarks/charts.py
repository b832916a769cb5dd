"""Charts of results: bars of ratios beside their goals, and curves of growing cost."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.comparison import Comparison, Result, comparisons

_OURS, _OTHERS = "#3b6fb6", ["#d9622b", "#3f9a5b", "#8a5fb0", "#b8962e"]
_GOAL_COLOURS = {"goal": "black", "stretch": "#888888"}


def draw(result: Result, path: Path) -> None:
    """Write the chart of a result as a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")  # without pyplot: no global state, no display needed
    FigureCanvasAgg(figure)
    (_curves if result["kind"] == "scaling" else _bars)(figure, result)
    figure.savefig(path, dpi=120)


def _bars(figure: Any, result: Result) -> None:
    """A panel for each number of threads, or precision; a bar for each comparison, from 1 to the ratio."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    found = list(comparisons(result))
    panels = list(dict.fromkeys(c.panel for c in sorted(found, key=lambda c: c.threads)))
    titles = list(dict.fromkeys(c.title for c in found))
    others = list(dict.fromkeys(c.against for c in found))
    lanes: dict[tuple[str, str], float] = {}
    for title in titles:
        top = max(lanes.values(), default=-1.6) + 1.6
        present = [other for other in others if any((c.title, c.against) == (title, other) for c in found)]
        lanes |= {(title, other): top + i for i, other in enumerate(present)}
    colours = dict(zip(others, _OTHERS * len(others), strict=False))

    figure.set_size_inches(4 + 4 * len(panels), 1.6 + 0.2 * max(lanes.values()))
    axes = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    for ax, panel in zip(axes, panels, strict=True):
        _panel(ax, [c for c in found if c.panel == panel], lanes, colours)
        ax.set_title(panel, loc="left", fontsize=10)
    middles = [fmean(y for (title, _), y in lanes.items() if title == t) for t in titles]
    axes[0].set_yticks(middles, titles, fontsize=8)
    axes[0].invert_yaxis()
    axes[0].set_xscale("log")
    for ax in axes:
        ax.use_sticky_edges = False  # room beside bars that begin or end at the edge
    axes[0].margins(x=0.03, y=0.02)
    _plain_ticks(axes[0].xaxis)

    handles = [Patch(color=colour, label=f"ours / {name}") for name, colour in colours.items()]
    tick = {"linestyle": "", "marker": "|", "markersize": 10, "markeredgewidth": 2}
    for i, (name, colour) in enumerate(_GOAL_COLOURS.items()):
        if any(c.goal and c.goal[i] for c in found):
            handles.append(Line2D([], [], color=colour, label=name, **tick))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)


def _panel(
    ax: Any, found: Sequence[Comparison], lanes: dict[tuple[str, str], float], colours: dict[str, str]
) -> None:
    ax.axvline(1, color="#555555", linewidth=0.8)
    for c in found:
        y, (median, lowest, highest) = lanes[c.title, c.against], c.ratio
        ax.barh(y, median - 1, left=1, height=0.85, color=colours[c.against], alpha=0.85)
        spread = [[median - lowest], [highest - median]]
        ax.errorbar(median, y, xerr=spread, color="#333333", linewidth=0.8, capsize=1.5)
        for value, colour in zip((c.goal or (None, None)), _GOAL_COLOURS.values(), strict=True):
            if value is not None:
                ax.plot([value, value], [y - 0.45, y + 0.45], color=colour, linewidth=2)
    ax.set_xlabel("our cost over theirs (left of 1: ours is less)", fontsize=9)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def _plain_ticks(axis: Any) -> None:
    """1, 2 and 5 in each decade, written as they are."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _curves(figure: Any, result: Result) -> None:
    """A panel for each curve: the time of every side over what grows."""
    names = list(dict.fromkeys(row["workload"] for row in result["rows"]))
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    figure.set_size_inches(3.4 * columns, 2.9 * lines)
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for ax, name in zip(axes, names, strict=False):
        rows = [row for row in result["rows"] if row["workload"] == name]
        for threads, style in zip(sorted({row["threads"] for row in rows}), ("-", "--", ":"), strict=False):
            _curve(ax, [row for row in rows if row["threads"] == threads], style)
        ax.set_title(rows[0]["curve"], fontsize=10)
        ax.set_xlabel(rows[0]["axis"], fontsize=9)
        ax.set_ylabel("ms a step", fontsize=9)
        ax.legend(frameon=False, fontsize=7)
    for ax in axes[len(names) :]:
        ax.set_visible(False)


def _curve(ax: Any, rows: Sequence[dict[str, Any]], style: str) -> None:
    rows = sorted(rows, key=lambda row: row["x"])
    xs = [row["x"] for row in rows]
    for side, colour in zip(rows[0]["seconds"], (_OURS, *_OTHERS), strict=False):
        rounds = [sorted(row["seconds"][side]) for row in rows]
        middle = [1e3 * times[len(times) // 2] for times in rounds]
        label = f"{side}, {rows[0]['threads']} thread{'s' * (rows[0]['threads'] > 1)}"
        ax.plot(xs, middle, style, marker="o", markersize=3, color=colour, label=label)
        lowest, highest = ([1e3 * times[i] for times in rounds] for i in (0, -1))
        ax.fill_between(xs, lowest, highest, color=colour, alpha=0.15, linewidth=0)
    ax.set(xscale="log", yscale="log")
    ax.set_xticks(xs, [f"{x:,}" if x < 1e4 else f"{x / 1e6:.2g} M" for x in xs], fontsize=8)
    ax.minorticks_off()
    _plain_ticks(ax.yaxis)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
