"""Results as JSON, as a table and as a chart."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import goals
from benchmarks.timing import ratio

Result = dict[str, Any]


def save(result: Result, folder: Path) -> None:
    """Write `<kind>.json`, and the table beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['kind']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    path.with_suffix(".md").write_text(markdown(result))


def markdown(result: Result) -> str:
    """The table, under a line that says what it was measured on and with."""
    machine, versions = result["machine"], result["versions"]
    made_with = ", ".join(f"{name} {version}" for name, version in versions.items())
    about = f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']} at the start. {made_with}."
    return f"{about}\n\n{steps_table(result)}\n"


def steps_table(result: Result) -> str:
    """Our time, theirs, and the ratio with its range over the rounds beside the goal."""
    header = [
        "workload",
        "threads",
        "against",
        "minigrad",
        "other",
        "ratio",
        "range",
        "goal",
        "stretch",
        "met",
    ]
    rows = []
    for row in result["rows"]:
        seconds = row["seconds"]
        for against in [name for name in seconds if name != "minigrad"]:
            found = ratio(seconds["minigrad"], seconds[against])
            goal = goals.step_goal(row["workload"], row["threads"], against)
            rows.append(
                [
                    row["title"],
                    str(row["threads"]),
                    against,
                    _duration(min(seconds["minigrad"]) / row["per_step"]),
                    _duration(min(seconds[against]) / row["per_step"]),
                    f"{found.median:.2f}",
                    f"{found.lowest:.2f}-{found.highest:.2f}",
                    *_verdict(found.median, goal),
                ]
            )
    return table(header, rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown that reads well in a terminal, too."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in [header, ["-" * width for width in widths], *rows]
    ]
    return "\n".join(f"| {line} |" for line in lines)


def _verdict(found: float, goal: goals.Goal | None) -> list[str]:
    if goal is None:
        return ["", "", ""]
    met = "stretch" if goal.stretch and found <= goal.stretch else "yes" if found <= goal.goal else "no"
    return [f"{goal.goal:g}", f"{goal.stretch:g}" if goal.stretch else "", met]


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:.2f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"
