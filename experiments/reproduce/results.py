"""From the ledger to numbers and a verdict: nothing here needs a run to be made again."""

from typing import Any

import numpy as np

from experiments.equivalence import evaluate, holm, verdict
from experiments.reproduce.experiment import Experiment
from experiments.reproduce.reproduction import Reproduction

ONE_SEED = "undecided: paired differences need two seeds"
SMOKE = "none: a smoke test decides nothing"


def summarize(reproduction: Reproduction) -> dict[str, Any]:
    """What every arm reached, the paired differences to its baseline, and what the tests say of them.

    Parameters
    ----------
    reproduction : Reproduction
        Seeds of which not every arm is finished are left out.

    Returns
    -------
    dict
        What summary.json holds.

    Raises
    ------
    ValueError
        If no seed is finished in every arm.
    """
    experiment, about = reproduction.experiment, reproduction.about()
    runs = {(entry["arm"], entry["seed"]): entry for entry in reproduction.runs()}
    labels = [arm.label for arm in experiment.arms]
    seeds = sorted({seed for _, seed in runs if all((label, seed) in runs for label in labels)})
    if not seeds:
        raise ValueError(f"{reproduction.path} has no seed that is finished in every arm")
    outcome = experiment.outcome
    values = {
        label: [outcome.factor * runs[label, seed]["rows"][-1][outcome.key] for seed in seeds]
        for label in labels
    }
    arms = _compared(experiment, values)
    if reproduction.scale == "smoke":  # hardly trained networks are equal whatever trains them
        arms = [entry | {"verdict": SMOKE} if "against" in entry else entry for entry in arms]
    return {
        "experiment": experiment.name,
        "title": experiment.title,
        "scale": reproduction.scale,
        "seeds": seeds,
        "seeds_planned": list(reproduction.seeds),
        "outcome": about["outcome"],
        "arms": arms,
        "minutes": round(sum(entry["seconds"] for entry in runs.values()) / 60, 1),
        **{key: about[key] for key in ("settings", "versions", "machine", "revision", "date")},
    }


def _compared(experiment: Experiment, values: dict[str, list[float]]) -> list[dict[str, Any]]:
    """An entry for each arm; p values are adjusted for all comparisons of the experiment."""
    entries = {label: _entry(label, numbers) for label, numbers in values.items()}
    compared = [arm for arm in experiment.arms if arm.against]
    for arm in compared:
        d = np.subtract(values[arm.label], values[arm.against])  # type: ignore[index]
        entries[arm.label] |= {
            "against": arm.against,
            "differences": d.tolist(),
            "difference": d.mean().item(),
            "verdict": ONE_SEED,
        }
    if len(next(iter(values.values()))) > 1:
        margin = experiment.outcome.margin
        paired = [evaluate(entries[arm.label]["differences"], margin) for arm in compared]
        different = holm([p.p_difference for p in paired])
        equivalent = holm([p.p_equivalence for p in paired])
        for arm, p, p_difference, p_equivalence in zip(compared, paired, different, equivalent, strict=True):
            entries[arm.label] |= {
                "interval": list(p.interval),
                "p_difference": p_difference,
                "p_equivalence": p_equivalence,
                "verdict": verdict(p_difference, p_equivalence),
            }
    return list(entries.values())


def _entry(label: str, numbers: list[float]) -> dict[str, Any]:
    sd = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
    return {"arm": label, "values": numbers, "mean": float(np.mean(numbers)), "sd": sd}


def header(summary: dict[str, Any]) -> tuple[str, ...]:
    """The first line of the table."""
    outcome = summary["outcome"]
    return ("arm", f"{outcome['name']} ({outcome['unit']})", "difference", "95 % interval", "verdict")


def table(summary: dict[str, Any]) -> list[list[str]]:
    """The lines below the header, one an arm."""
    lines = []
    for entry in summary["arms"]:
        reached = f"{entry['mean']:.3f}" + (f" ± {entry['sd']:.3f}" if entry["sd"] is not None else "")
        line = [entry["arm"], reached, "", "", "a baseline"]
        if "against" in entry:
            low, high = entry.get("interval", (None, None))
            line[2:] = [
                f"{entry['difference']:+.3f}",
                "" if low is None else f"{low:+.3f} to {high:+.3f}",
                f"{entry['verdict']} (to {entry['against']})",
            ]
        lines.append(line)
    return lines
