"""From the ledger to tables, figure, verdicts and report: nothing here needs a run to be made again."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from experiments import report
from experiments.ablation.arms import ARMS
from experiments.ablation.study import Plan, Row, Study
from experiments.config import LABELS
from experiments.equivalence import Paired, evaluate, holm, power, verdict

HEADER = (
    "gradients",
    "test accuracy",
    "difference (points)",
    "95 % interval",
    "p, no difference (Holm)",
    "p, not equivalent (Holm)",
    "verdict",
)


def write(study: Study) -> dict[str, Any]:
    """Write summary.json, tables.md, differences.png, curves.png and report.html beside the ledger.

    Parameters
    ----------
    study : Study
        Seeds of which not every arm is finished are left out, and counted.

    Returns
    -------
    dict
        As in summary.json.

    Raises
    ------
    ValueError
        If fewer than two seeds are finished.
    """
    plan, rows = study.plan(), study.rows()
    summary = summarize(plan, rows)
    path = study.path
    (path / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    draw_differences(summary, path / "differences.png")
    draw_losses(plan, rows, path / "curves.png")
    words = sentences(study.about(), summary)
    tables = {LABELS[name]: table(results) for name, results in summary["optimizers"].items()}
    (path / "tables.md").write_text(_markdown(words, tables))
    sections = [("The plan", "".join(f"<p>{line}</p>" for line in words))]
    sections += [(name, report.html_table(HEADER, lines)) for name, lines in tables.items()]
    sections += [
        ("Differences seed by seed", report.html_picture(path / "differences.png", "paired differences")),
        ("Losses", report.html_picture(path / "curves.png", "curves of the losses")),
    ]
    title = f"Ablation of AGR: {plan.config.model} on {plan.config.data}"
    report.write_page(path / "report.html", title, sections)
    return summary


def summarize(plan: Plan, rows: list[Row]) -> dict[str, Any]:
    """Mean accuracies, paired differences to the first arm, and what the tests say of them."""
    final = {
        (row["optimizer"], row["arm"], row["seed"]): row for row in rows if row["epoch"] == plan.config.epochs
    }
    seeds = [
        seed
        for seed in plan.seeds
        if all((optimizer, arm, seed) in final for optimizer in plan.optimizers for arm in plan.arms)
    ]
    if len(seeds) < 2:
        raise ValueError(f"paired differences need two finished seeds, the ledger has {len(seeds)}")
    optimizers = {}
    for optimizer in plan.optimizers:
        points = {
            arm: np.array([100 * final[optimizer, arm, seed]["test_accuracy"] for seed in seeds])
            for arm in plan.arms
        }
        base, *others = plan.arms
        paired = [evaluate((points[arm] - points[base]).tolist(), plan.margin) for arm in others]
        optimizers[optimizer] = [_entry(base, points[base])] + [
            _entry(arm, points[arm], difference, points[base], p_difference, p_equivalence)
            for arm, difference, p_difference, p_equivalence in zip(
                others,
                paired,
                holm([p.p_difference for p in paired]),
                holm([p.p_equivalence for p in paired]),
                strict=True,
            )
        ]
    return {
        "margin": plan.margin,
        "seeds": seeds,
        "seeds_planned": list(plan.seeds),
        "hours": round(sum(row["seconds"] for row in rows) / 3600, 2),
        "optimizers": optimizers,
    }


def _entry(
    arm: str,
    points: np.ndarray[Any, Any],
    paired: Paired | None = None,
    base: Any = None,
    p_difference: float = 1.0,
    p_equivalence: float = 1.0,
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "arm": arm,
        "description": ARMS[arm].description,
        "accuracies": points.tolist(),
        "mean": points.mean().item(),
    }
    if paired is not None:
        entry |= {
            "differences": (points - base).tolist(),
            "difference": paired.mean,
            "sd": paired.sd,
            "interval": list(paired.interval),
            "p_difference": p_difference,
            "p_equivalence": p_equivalence,
            "verdict": verdict(p_difference, p_equivalence),
        }
    return entry


def table(results: list[dict[str, Any]]) -> list[list[str]]:
    """The rows of a table under HEADER."""
    lines = []
    for entry in results:
        line = [entry["description"], f"{entry['mean']:.2f} %"]
        if "interval" in entry:
            low, high = entry["interval"]
            line += [
                f"{entry['difference']:+.2f}",
                f"{low:+.2f} to {high:+.2f}",
                f"{entry['p_difference']:.2g}",
                f"{entry['p_equivalence']:.2g}",
                entry["verdict"],
            ]
        else:
            line += ["", "", "", "", "the baseline"]
        lines.append(line)
    return lines


def table_lines(summary: dict[str, Any]) -> list[str]:
    """The tables for a terminal, each under the name of its optimizer."""
    return [
        f"{LABELS[name]}\n{report.text_table(HEADER, table(results))}"
        for name, results in summary["optimizers"].items()
    ]


def sentences(about: dict[str, Any], summary: dict[str, Any]) -> list[str]:
    """What was planned and what was run."""
    config, planned = about["config"], len(summary["seeds_planned"])
    sd, margin = about["assumed_sd"], about["margin"]
    images = f"the first {config['limit_train']}" if config["limit_train"] else "all"
    return [
        f"{config['model']} on {images} training images of {config['data']}, {config['epochs']} epochs, "
        f"batches of {config['batch_size']}. Seed by seed, every arm starts from the same weights and sees "
        f"the same batches. Tested on {config['limit_test'] or 'all'} test images after the last epoch.",
        f"Planned before the first run: {planned} seeds. If the paired differences have a standard deviation "
        f"of {sd:g} points, and the margin is {margin:g}, they find an equivalence that is exact with "
        f"probability {power(planned, sd, margin):.0%}. Finished in all arms: {len(summary['seeds'])}.",
        "Intervals are Student's, each for one difference. P values are adjusted (Holm) for all arms of an "
        "optimizer. 'Equivalent' means that two one-sided tests at 5 % refute a difference as large as the "
        "margin.",
        f"{summary['hours']:g} hours of runs, one core each; {about['versions']}; revision "
        f"{about['revision']}, {about['date']}.",
    ]


def _markdown(words: list[str], tables: dict[str, list[list[str]]]) -> str:
    parts = ["\n\n".join(words)]
    for name, lines in tables.items():
        parts.append(f"## {name}\n\n{report.markdown_table(HEADER, lines, 'lrrrrrl')}")
    return "\n\n".join(parts) + "\n"


def draw_differences(summary: dict[str, Any], path: Path) -> None:
    """For each arm the paired differences, their mean and interval, and the margin behind them."""
    from matplotlib.figure import Figure

    margin, results = summary["margin"], summary["optimizers"]
    count = max(len(entries) for entries in results.values()) - 1
    figure = Figure(figsize=(4.6 * len(results) + 1.8, 0.42 * count + 1.4), layout="constrained")
    panels = figure.subplots(1, len(results), sharey=True, squeeze=False)[0]
    for axes, (optimizer, entries) in zip(panels, results.items(), strict=True):
        axes.axvspan(-margin, margin, color="#e8eef5", label="margin")
        axes.axvline(0, color="#8894a0", linewidth=0.8)
        for height, entry in enumerate(entries[1:]):
            axes.plot(
                entry["differences"],
                [height] * len(entry["differences"]),
                "o",
                color="#9db4d0",
                markersize=3.5,
            )
            axes.plot(entry["interval"], [height, height], color="#2f4b73", linewidth=2)
            axes.plot(entry["difference"], height, "D", color="#2f4b73", markersize=5)
        axes.set_yticks(range(len(entries) - 1), [entry["description"] for entry in entries[1:]])
        axes.set(title=LABELS[optimizer], xlabel="difference of test accuracy, points")
        axes.spines[["top", "right", "left"]].set_visible(False)
    panels[0].invert_yaxis()  # shared: for all
    figure.savefig(path, dpi=130)


def draw_losses(plan: Plan, rows: list[Row], path: Path) -> None:
    """The mean over seeds of training and test loss, for each arm."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4 * len(plan.optimizers)), layout="constrained")
    panels = figure.subplots(len(plan.optimizers), 2, squeeze=False)
    epochs = range(1, plan.config.epochs + 1)
    for line, optimizer in zip(panels, plan.optimizers, strict=True):
        for axes, loss in zip(line, ("train_loss", "test_loss"), strict=True):
            for arm in plan.arms:
                chosen = [r for r in rows if (r["optimizer"], r["arm"]) == (optimizer, arm)]
                means = [np.mean([r[loss] for r in chosen if r["epoch"] == epoch]) for epoch in epochs]
                axes.plot(epochs, means, marker="o", markersize=3, label=arm)
            axes.set(title=f"{LABELS[optimizer]}, {loss.replace('_', ' ')}", xlabel="epoch")
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
            axes.xaxis.get_major_locator().set_params(integer=True)
    panels[0][1].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=130)
