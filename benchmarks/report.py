"""Results: stored as JSON with all raw rounds; from these, a table and a chart, at any time again."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks import charts, goals
from benchmarks.comparison import Comparison, Result, comparisons

KINDS = ("steps", "kernels", "memory", "scaling")

BUSY = 0.2
"""Where other processes used more cores than this, a row says little."""

_NOTE = (
    "Ratios are our cost over theirs: the median of the rounds. `busy`: how many cores other processes used "
    f"meanwhile; above {BUSY} the verdict has a question mark."
)


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
