"""`minigrad compare`: the same job with several optimizers, each with the same seeds, and what differs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments import report
from experiments.config import OPTIMIZERS, TrainConfig
from experiments.folder import RunFolder
from experiments.train import train

HEADER = ("optimizer", "seed", "train loss", "test accuracy", "seconds per epoch")


def parse_optimizer(text: str, base: TrainConfig) -> TrainConfig:
    """The settings for "adamw", or with AGR for "adamw+agr".

    Raises
    ------
    ValueError
        If the optimizer is unknown.
    """
    name, plus, suffix = text.partition("+")
    if name not in OPTIMIZERS or (plus and suffix != "agr"):
        raise ValueError(
            f"an optimizer is one of {', '.join(OPTIMIZERS)}, with +agr behind it for AGR; got {text!r}"
        )
    return replace(base, optimizer=name, agr=bool(plus), lr=base.lr if name == base.optimizer else None)


def compare(base: TrainConfig, optimizers: Sequence[str], seeds: Sequence[int], out: Path) -> dict[str, Any]:
    """Run every optimizer with every seed (or go on where interrupted); write table, figure and report.

    Parameters
    ----------
    base : TrainConfig
        What all runs have in common.
    optimizers : sequence of str
        For example `["adamw", "adamw+agr"]`; differences are taken to the first.
    seeds : sequence of int
        Each seed fixes the first weights and the order of the data, the same for all optimizers.
    out : Path
        A folder with one run's folder for each optimizer and seed.

    Returns
    -------
    dict
        The summary, as in compare.json.

    Raises
    ------
    ValueError
        If a folder holds a run with other settings.
    """
    configs = [parse_optimizer(text, base) for text in optimizers]
    runs: dict[str, list[list[dict[str, Any]]]] = {}
    for text, config in zip(optimizers, configs, strict=True):
        for seed in seeds:
            wanted, folder = (
                replace(config, seed=seed),
                RunFolder(out / f"{text.replace('+', '-')}-seed{seed}"),
            )
            if folder.started and folder.config() != wanted:
                raise ValueError(f"{folder.path} holds a run with other settings; choose another --out")
            runs.setdefault(wanted.label, []).append(train(wanted, folder))
    rows = [
        [
            label,
            str(seed),
            f"{r[-1]['train_loss']:.4f}",
            f"{r[-1]['test_accuracy']:.2%}",
            f"{np.mean([e['seconds'] for e in r]):.1f}",
        ]
        for label, all_seeds in runs.items()
        for seed, r in zip(seeds, all_seeds, strict=True)
    ]
    accuracies = {label: [r[-1]["test_accuracy"] for r in all_seeds] for label, all_seeds in runs.items()}
    summary = {
        "settings": asdict(base),
        "seeds": list(seeds),
        "final_test_accuracy": accuracies,
        "summary": summarize(accuracies),
    }
    (out / "compare.json").write_text(json.dumps(summary, indent=2) + "\n")
    report.draw_curves(runs, out / "curves.png")
    sections = [
        ("Runs", report.html_table(HEADER, rows)),
        ("Final test accuracy", _differences(summary["summary"], len(seeds))),
    ]
    report.write_page(
        out / "report.html", f"{base.model} on {base.data}: {', '.join(runs)}", sections, out / "curves.png"
    )
    print()
    print(report.text_table(HEADER, rows))
    print()
    for line in _sentences(summary["summary"]):
        print(line)
    return summary


def summarize(accuracies: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Mean and standard deviation for each label, its paired difference to the first, and a 95 % interval.

    The interval is Student's, from the differences seed by seed; with one seed there is none.
    """
    from scipy.stats import t

    first = np.array(next(iter(accuracies.values())))
    results = []
    for label, values in accuracies.items():
        a = np.array(values)
        entry: dict[str, Any] = {
            "label": label,
            "mean": a.mean().item(),
            "sd": a.std(ddof=1).item() if len(a) > 1 else None,
        }
        if results:
            d = a - first
            entry["difference"] = d.mean().item()
            if len(d) > 1:
                half = (t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))).item()
                entry["interval"] = [entry["difference"] - half, entry["difference"] + half]
        results.append(entry)
    return results


def _sentences(summary: list[dict[str, Any]]) -> list[str]:
    base = summary[0]["label"]
    lines = []
    for entry in summary:
        line = f"{entry['label']}: test accuracy {entry['mean']:.2%}"
        if entry["sd"] is not None:
            line += f" (standard deviation over seeds {entry['sd']:.2%})"
        if "difference" in entry:
            line += f"; {100 * entry['difference']:+.2f} points to {base}"
            if "interval" in entry:
                low, high = (100 * bound for bound in entry["interval"])
                line += f", 95 % interval {low:+.2f} to {high:+.2f}"
                line += ": no difference found" if low <= 0 <= high else ": a difference"
            else:
                line += " with a single seed, which says nothing about the next one"
        lines.append(line)
    return lines


def _differences(summary: list[dict[str, Any]], seeds: int) -> str:
    items = "".join(f"<li>{line}</li>" for line in _sentences(summary))
    return (
        f"<ul>{items}</ul><p class='note'>{seeds} seed{'s' if seeds > 1 else ''}; "
        "each seed has the same first weights and order of images for all.</p>"
    )
