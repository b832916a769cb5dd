"""Results: stored as JSON with all raw rounds; from these, a table and a chart, at any time again."""

import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import goals
from benchmarks.timing import Ratio, ratio

KINDS = ("steps", "kernels", "memory", "scaling")

Result = dict[str, Any]

BUSY = 0.2
"""Where other processes used more cores than this, a row says little."""

_NOTE = (
    "Ratios are our cost over theirs: the median of the rounds. `busy`: how many cores other processes used "
    f"meanwhile; above {BUSY} the verdict has a question mark."
)


class Comparison(NamedTuple):
    """One line of a table: the first side against another one."""

    title: str
    threads: int
    against: str
    ours: str
    theirs: str
    ratio: Ratio
    goal: goals.Goal | None
    row: dict[str, Any]


def save(result: Result, folder: Path) -> None:
    """Write `<kind>.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{result['kind']}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def redraw(folder: Path) -> list[Path]:
    """Make table and chart of every result in the folder.

    Raises
    ------
    ValueError
        If there is none.
    """
    from benchmarks import charts

    found = [path for kind in KINDS if (path := folder / f"{kind}.json").exists()]
    if not found:
        raise ValueError(f"no results in {folder}: expected {', '.join(f'{kind}.json' for kind in KINDS)}")
    written = []
    for path in found:
        result = json.loads(path.read_text())
        table, chart = path.with_suffix(".md"), path.with_suffix(".png")
        charts.draw(result, chart)
        table.write_text(f"# {result['kind'].capitalize()}\n\n{markdown(result)}\n\n![chart]({chart.name})\n")
        written += [table, chart]
    return written


def comparisons(result: Result) -> Iterator[Comparison]:
    """Every pair of our side and another one in the result."""
    for row in result["rows"]:
        memory = result["kind"] == "memory"
        values = {name: [b] for name, b in row["bytes"].items()} if memory else row["seconds"]
        show = _megabytes if memory else _duration
        ours, *others = values
        for against in others:
            yield Comparison(
                row["title"],
                row["threads"],
                against,
                *[show(statistics.median(values[name]) / row.get("per_step", 1)) for name in (ours, against)],
                ratio(values[ours], values[against]),
                goals.goal_of(result["kind"], row["workload"], row["threads"], against),
                row,
            )


def markdown(result: Result) -> str:
    """The table, under a line that says what it was measured on and with."""
    machine, versions = result["machine"], result["versions"]
    made_with = ", ".join(f"{name} {version}" for name, version in versions.items())
    about = f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']} at the start; {made_with}."
    header = ["", "threads", "against", "ours", "theirs", "ratio", "range", "busy", "goal", "stretch", "met"]
    rows = [
        [
            c.title,
            str(c.threads),
            c.against,
            c.ours,
            c.theirs,
            f"{c.ratio.median:.2f}",
            f"{c.ratio.lowest:.2f} to {c.ratio.highest:.2f}",
            "" if c.row.get("others") is None else f"{c.row['others']:.1f}",
            *_goal_cells(c),
        ]
        for c in comparisons(result)
    ]
    return f"{about}\n\n{_table(header, rows)}\n\n{_summary(result)}"


def _goal_cells(c: Comparison) -> list[str]:
    if c.goal is None:
        return ["", "", ""]
    stretch = "" if c.goal.stretch is None else f"{c.goal.stretch:g}"
    doubt = " ?" if (c.row.get("others") or 0) > BUSY else ""
    return [f"{c.goal.goal:g}", stretch, goals.verdict(c.ratio.median, c.goal) + doubt]


def _summary(result: Result) -> str:
    verdicts = [goals.verdict(c.ratio.median, c.goal) for c in comparisons(result) if c.goal]
    met = sum(verdict != "no" for verdict in verdicts)
    goals_met = f"{met} of {len(verdicts)} goals met, {verdicts.count('stretch')} with the stretch. "
    return goals_met * bool(verdicts) + _NOTE


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown that reads well in a terminal, too."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in [header, ["-" * width for width in widths], *rows]
    ]
    return "\n".join(f"| {line} |" for line in lines)


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:.2f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def _megabytes(count: float) -> str:
    return f"{count / 2**20:.0f} MB"
