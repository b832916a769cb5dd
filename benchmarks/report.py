"""Results: stored as JSON with all raw rounds; from these, a table and a chart, at any time again."""

import json
from pathlib import Path

from benchmarks import charts, goals
from benchmarks.comparison import Comparison, Result, comparisons
from benchmarks.gpu import report as gpu_report
from benchmarks.tables import table

TITLES = {
    "steps": "Steps",
    "kernels": "Kernels",
    "memory": "Memory",
    "scaling": "Scaling",
    "gpu": "On a GPU",
}
KINDS = tuple(TITLES)

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
    """Make table and chart of every result in the folder, and in its folder `peers`.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = results_in(folder)
    if not found:
        raise ValueError(f"no results in {folder}: expected {', '.join(f'{kind}.json' for kind in KINDS)}")
    written = []
    for path in found:
        result = json.loads(path.read_text())
        page, chart = path.with_suffix(".md"), path.with_suffix(".png")
        text = f"# {title(result)}\n\n{markdown(result)}\n"
        written.append(page)
        if any(comparisons(result)):  # none on a GPU where no results agree
            charts.draw(result, chart)
            text += f"\n![chart]({chart.name})\n"
            written.append(chart)
        page.write_text(text)
    return written


def results_in(folder: Path) -> list[Path]:
    """The JSON files of a folder, and of its folder `peers`: a run against other frameworks on NumPy."""
    places = [place / f"{kind}.json" for place in (folder, folder / "peers") for kind in KINDS]
    return [path for path in places if path.exists()]


def title(result: Result) -> str:
    """What was measured, in a few words."""
    if "pytorch" in result["options"].get("against", ["pytorch"]):
        return TITLES[result["kind"]]
    return f"{TITLES[result['kind']]} against other frameworks on NumPy"


def markdown(result: Result) -> str:
    """The table, under a line that says what it was measured on and with."""
    machine, versions = result["machine"], result["versions"]
    made_with = ", ".join(f"{name} {version}" for name, version in versions.items())
    about = f"{machine['cpu']}, {machine['cores']} cores, load {machine['load']} at the start; {made_with}."
    gpu = result["kind"] == "gpu"
    columns = {
        "": lambda c: c.title,
        "precision" if gpu else "threads": lambda c: c.panel if gpu else str(c.threads),
        "against": lambda c: c.against,
        "ours": lambda c: c.ours,
        "theirs": lambda c: c.theirs,
        "ratio": lambda c: _number(c.ratio.median),
        "range": lambda c: f"{_number(c.ratio.lowest)} to {_number(c.ratio.highest)}",
        "busy": lambda c: "" if c.row.get("others") is None else f"{c.row['others']:.1f}",
        "goal": lambda c: f"{c.goal.goal:g}" if c.goal else "",
        "stretch": lambda c: f"{c.goal.stretch:g}" if c.goal and c.goal.stretch is not None else "",
        "met": _met,
        **(gpu_report.COLUMNS if gpu else {}),
    }
    rows = [[cell(c) for cell in columns.values()] for c in comparisons(result)]
    parts = [about, table(list(columns), rows), _summary(result)]
    if gpu:
        parts = [gpu_report.about(result), *parts, *gpu_report.agreement(result)]
    return "\n\n".join(parts)


def _number(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"


def _met(c: Comparison) -> str:
    if c.goal is None:
        return ""
    return goals.verdict(c.ratio.median, c.goal) + " ?" * ((c.row.get("others") or 0) > BUSY)


def _summary(result: Result) -> str:
    verdicts = [goals.verdict(c.ratio.median, c.goal) for c in comparisons(result) if c.goal]
    met = sum(verdict != "no" for verdict in verdicts)
    goals_met = f"{met} of {len(verdicts)} goals met, {verdicts.count('stretch')} with the stretch. "
    return goals_met * bool(verdicts) + _NOTE
