"""Charts of results: bars of ratios beside their goals, and curves of growing cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Comparison, Result, comparisons

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
    """A panel for each number of threads; in it a bar for each comparison."""
    found = list(comparisons(result))
    panels = sorted({c.threads for c in found})
    tallest = max(sum(c.threads == threads for c in found) for threads in panels)

    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    figure.set_size_inches(5.5 + 4 * len(panels), 1.6 + 0.24 * tallest)
    axes = figure.subplots(1, len(panels), squeeze=False, sharex=True)[0]
    colours = dict(zip(dict.fromkeys(c.against for c in found), _OTHERS * 3, strict=False))
    for ax, threads in zip(axes, panels, strict=True):
        _panel(ax, [c for c in found if c.threads == threads], colours)
        ax.set_title(f"{threads} thread{'s' * (threads > 1)}", loc="left", fontsize=10)
    handles = [Patch(color=colour, label=f"ours / {name}") for name, colour in colours.items()]
    if any(c.goal for c in found):
        tick = {"linestyle": "", "marker": "|", "markersize": 10, "markeredgewidth": 2}
        handles += [Line2D([], [], color=color, label=name, **tick) for name, color in _GOAL_COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)


def _panel(ax: Any, found: Sequence[Comparison], colours: dict[str, str]) -> None:
    titles = list(dict.fromkeys(c.title for c in found))
    order = {id(c): (titles.index(c.title), i) for i, c in enumerate(found)}
    position, labels, y = {}, [], 0.0
    for title in titles:
        group = [c for c in sorted(found, key=lambda c: order[id(c)]) if c.title == title]
        labels.append((y + (len(group) - 1) / 2, title))
        for c in group:
            position[id(c)] = y
            y += 1
        y += 0.6
    ax.axvline(1, color="#555555", linewidth=0.8)
    for c in found:
        at = position[id(c)]
        spread = [[c.ratio.median - c.ratio.lowest], [c.ratio.highest - c.ratio.median]]
        ax.barh(at, c.ratio.median - 1, left=1, height=0.85, color=colours[c.against], alpha=0.85)
        ax.errorbar(c.ratio.median, at, xerr=spread, color="#333333", linewidth=0.8, capsize=1.5)
        if c.goal:
            for value, colour in zip((c.goal.goal, c.goal.stretch), _GOAL_COLOURS.values(), strict=True):
                if value is not None:
                    ax.plot([value, value], [at - 0.45, at + 0.45], color=colour, linewidth=2)
    ax.set_xscale("log")
    lowest = min([c.ratio.lowest for c in found] + [c.goal.stretch or c.goal.goal for c in found if c.goal])
    ax.set_xlim(left=min(0.5, 0.8 * lowest))
    _plain_ticks(ax.xaxis)
    ax.set_yticks([at for at, _ in labels], [title for _, title in labels], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("our cost over theirs (left of 1: ours is less)", fontsize=9)
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
