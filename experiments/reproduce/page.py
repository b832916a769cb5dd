"""Figures, the report of one experiment, and the ledger of all that lie in a folder."""

import html
import json
from pathlib import Path
from typing import Any

from experiments import report
from experiments.reproduce import samples
from experiments.reproduce.experiment import Experiment
from experiments.reproduce.paper import published
from experiments.reproduce.reproduction import Reproduction
from experiments.reproduce.results import header, summarize, table

_COLOURS = ["#3b6fb6", "#d9622b", "#3f9a5b", "#8a5fb0", "#b8962e", "#5b6770"]
_REACHED = {
    "smoke": "Smoke scale: it shows that everything runs, and nothing about the optimizers.",
    "laptop": "Laptop scale: smaller networks, fewer epochs or fewer data than in the paper.",
    "gpu": "GPU scale: networks of the paper's kind, trained for a fraction of its epochs.",
    "paper": "Paper scale: the paper's own hyper-parameters as far as they are known.",
}


def write(reproduction: Reproduction) -> dict[str, Any]:
    """Write summary.json, table.md, curves.png, differences.png and report.html beside the ledger.

    Pictures that runs made go into `samples`, so that the page can be written again without the runs.

    Returns
    -------
    dict
        As in summary.json.
    """
    experiment, path = reproduction.experiment, reproduction.path
    summary = summarize(reproduction)
    (path / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    words = sentences(experiment, summary)
    (path / "table.md").write_text(_markdown(words, summary))
    draw_curves(experiment, reproduction.runs(), path / "curves.png")
    draw_differences(summary, path / "differences.png")
    sections = [
        ("Result", report.html_table(header(summary), table(summary)) + _paragraphs(words)),
        *samples.sections(reproduction, summary["seeds"][0]),
        ("In the paper", _in_the_paper(experiment.name)),
        ("Differences seed by seed", report.html_picture(path / "differences.png", "paired differences")),
        ("Settings", report.html_table(("setting", "value"), _lines(summary["settings"]))),
    ]
    title = f"{experiment.title}, {reproduction.scale} scale"
    report.write_page(path / "report.html", title, sections, path / "curves.png")
    return summary


def sentences(experiment: Experiment, summary: dict[str, Any]) -> list[str]:
    """What was run and what it is worth."""
    outcome, seeds = summary["outcome"], summary["seeds"]
    better = "higher" if outcome["higher_is_better"] else "lower"
    return [
        _REACHED[summary["scale"]],
        *experiment.notes,
        f"Seeds finished in every arm: {', '.join(map(str, seeds))}. Each seed has the same first weights "
        f"and the same batches in all arms. Compared is the {outcome['name']} of the last row ({better} is "
        f"better); differences up to {outcome['margin']:g} {outcome['unit']} do not matter. P values are "
        "adjusted (Holm) for all comparisons of the experiment, at 5 %.",
        f"{summary['minutes']:g} minutes of one worker; {summary['machine']}; {summary['versions']}; "
        f"revision {summary['revision']}, {summary['date']}.",
    ]


def write_ledger(out: Path) -> Path:
    """Write index.html and summary.json of a folder, from the summary.json of each experiment in it.

    Returns
    -------
    Path
        The page.
    """
    summaries = [json.loads(path.read_text()) for path in sorted(out.glob("*/summary.json"))]
    (out / "summary.json").write_text(json.dumps(summaries, indent=2) + "\n")
    sections = []
    for summary in summaries:
        parts = [
            _paragraphs([f"{_REACHED[summary['scale']]} Seeds: {', '.join(map(str, summary['seeds']))}."]),
            report.html_table(header(summary), table(summary)),
            "<p><b>In the paper</b></p>" + _in_the_paper(summary["experiment"]),
            f'<p><a href="{summary["experiment"]}/report.html">Curves, settings and differences</a>; '
            f"{summary['minutes']:g} minutes, {html.escape(summary['machine'])}, "
            f"revision {html.escape(str(summary['revision']))}, {summary['date']}</p>",
        ]
        sections.append((summary["title"], "".join(parts)))
    report.write_page(out / "index.html", "What was reproduced", sections)
    return out / "index.html"


def draw_curves(experiment: Experiment, runs: list[dict[str, Any]], path: Path) -> None:
    """The curves of an experiment, one panel each: a colour for each arm, a thin line for each seed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * len(experiment.curves), 3.6), layout="constrained")
    panels = figure.subplots(1, len(experiment.curves), squeeze=False)[0]
    for axes, key in zip(panels, experiment.curves, strict=True):
        for i, arm in enumerate(experiment.arms):
            name: str | None = arm.label
            for entry in (entry for entry in runs if entry["arm"] == arm.label):
                rows = [row for row in entry["rows"] if row.get(key) is not None]
                x, y = [row[experiment.clock] for row in rows], [row[key] for row in rows]
                colour = _COLOURS[i % len(_COLOURS)]
                axes.plot(x, y, color=colour, marker="o", markersize=3, alpha=0.65, label=name)
                name = None
        axes.set(title=key.replace("_", " "), xlabel=experiment.clock)
        axes.set_yscale("log" if "loss" in key else "linear")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    figure.savefig(path, dpi=130)


def draw_differences(summary: dict[str, Any], path: Path) -> None:
    """For each comparison the differences, their mean and interval, and the margin behind them."""
    from matplotlib.figure import Figure

    outcome = summary["outcome"]
    compared = [entry for entry in summary["arms"] if "against" in entry]
    figure = Figure(figsize=(7, 1.3 + 0.45 * len(compared)), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-outcome["margin"], outcome["margin"], color="#e8eef5")
    axes.axvline(0, color="#8894a0", linewidth=0.8)
    for height, entry in enumerate(compared):
        points = entry["differences"]
        axes.plot(points, [height] * len(points), "o", color="#9db4d0", markersize=4)
        axes.plot(entry.get("interval", []), [height] * len(entry.get("interval", [])), color="#2f4b73")
        axes.plot(entry["difference"], height, "D", color="#2f4b73", markersize=5)
    axes.set_yticks(range(len(compared)), [f"{e['arm']}\n- {e['against']}" for e in compared], fontsize=8)
    axes.set_ylim(len(compared) - 0.5, -0.5)
    axes.set_xlabel(f"difference of {outcome['name']} ({outcome['unit']}); shaded: the margin")
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.savefig(path, dpi=130)


def _in_the_paper(name: str) -> str:
    known = published(name)
    shown = report.html_table(known.header, known.rows) if known.rows else ""
    return shown + _paragraphs([known.remark])


def _paragraphs(words: list[str]) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in words)


def _lines(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings, the nested ones flattened to dotted names."""
    lines: list[tuple[str, str]] = []
    for key, value in settings.items():
        nested = isinstance(value, dict)
        lines += _lines(value, f"{prefix}{key}.") if nested else [(prefix + key, str(value))]
    return lines


def _markdown(words: list[str], summary: dict[str, Any]) -> str:
    head = header(summary)
    lines = report.markdown_table(head, table(summary), "l" + "r" * (len(head) - 2) + "l")
    return f"## {summary['title']}, {summary['scale']} scale\n\n{lines}\n\n" + "\n\n".join(words) + "\n"
