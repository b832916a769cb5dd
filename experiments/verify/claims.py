"""The verdict on each claim of the paper, from the evidence alone.

A verdict is one of VERDICTS. 'proved' and 'refuted' rest on the law book, and stand only while its entries
hold on numbers; the others on measurements, with an interval or with their numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.equivalence import evaluate, holm

VERDICTS = (
    "proved",
    "refuted",
    "effect found",
    "no effect found",
    "supported",
    "reproduced",
    "undecided",
    "not confirmed",
)

Evidence = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What is to be said of one claim.

    Parameters
    ----------
    claim : str
        The paper's, in our words.
    source : str
        Where it is made.
    verdict : str
        One of VERDICTS.
    sentence : str
        Why, with the numbers.
    numbers : dict
        The numbers of the sentence; all follow from the evidence.
    laws : sequence of str
        Numbers of the law book's entries that it rests on.
    evidence : str
        The key of the evidence beside the laws: 'runs', 'gradients', 'lipschitz', 'signatures', or ''.
    """

    claim: str
    source: str
    verdict: str
    sentence: str
    numbers: dict[str, Any]
    laws: Sequence[str] = ()
    evidence: str = ""


def judge(found: Evidence) -> list[Verdict]:
    """All verdicts.

    Parameters
    ----------
    found : dict
        Of `evidence.collect`.
    """
    from_laws = [
        _by_laws(found, claim, source, verdict, sentence, numbers)
        for claim, source, verdict, sentence, numbers in FROM_LAWS
    ]
    return [
        *from_laws,
        _gradient_lipschitz(found),
        _lognormal(found),
        *_differences(found),
        _control(found),
        *[_signature(finding) for finding in found["signatures"]],
    ]


# Claim, source, verdict, sentence, and the entries of the law book that decide it.
FROM_LAWS: list[tuple[str, str, str, str, tuple[str, ...]]] = [
    (
        "The map keeps signs and only shortens gradients",
        "definition of AGR",
        "proved",
        "Signs stay, no element grows, and a tensor of zeros stays zero; the authors' code divides 0 by 0.",
        ("1", "2", "3", "5", "7", "8", "12"),
    ),
    (
        "The variance of the gradient magnitudes falls, over the elements of a gradient",
        "motivation of AGR",
        "proved",
        "Any two elements move towards each other, so variance, range, and every measure of inequality fall.",
        ("25", "26", "27", "28", "29", "54"),
    ),
    (
        "The variance of the gradient falls, from one step to the next",
        "the same claim, as it would have to hold for training to be more stable",
        "refuted",
        "A stochastic gradient that is sometimes one-hot varies more after AGR than before.",
        ("F9", "F10"),
    ),
    (
        "AGR is an adaptive clipping of gradients",
        "abstract of version 1",
        "proved",
        "Each element is softly clipped at the sum of all others; none exceeds a quarter of the whole sum.",
        ("31", "32", "34"),
    ),
    (
        "AGR adapts the learning rate: larger gradients get a smaller one",
        "abstract",
        "proved",
        "The factor 1 - alpha falls as the element grows. As far as it does not change over time, AdamW and "
        "Adan divide it out again.",
        ("3", "24", "43", "53"),
    ),
    (
        "The loss becomes smoother, as far as its slope goes",
        "abstract: 'smooth the loss landscape'",
        "proved",
        "Every norm of the step is shorter, by the factor 1 - H at least. The loss itself is what it was.",
        ("19", "20", "22"),
    ),
    (
        "The Lipschitz constant of the gradient falls",
        "abstract: 'smooth the loss landscape'",
        "refuted",
        "It can grow by the square root of the number of elements, and such gradients are not rare.",
        ("F1", "F2", "F3", "39"),
    ),
    (
        "AGR descends a smoother loss",
        "abstract: 'smooth the loss landscape'",
        "refuted",
        "Round a closed path Psi does work: it is not the gradient of any loss.",
        ("F4", "F5"),
    ),
    (
        "Training with AGR arrives where training without it does",
        "implied by faster convergence",
        "refuted",
        "Descent stays monotone, but gradient descent and AdamW with AGR stand still where a gradient is "
        "one-hot, and gradient descent gets there from almost every start in a bowl.",
        ("46", "47", "F14", "F15", "F16", "F17"),
    ),
]


# Claim, source, what is compared, in which unit (100 for points), and the difference that does not matter.
COMPARED = (
    ("Training is faster with AGR", "title and abstract", "train_loss", 1, 0.02),
    ("Networks generalise better with AGR", "abstract", "test_accuracy", 100, 1.0),
    ("Networks generalise better with AGR, by the test loss", "abstract", "test_loss", 1, 0.02),
)


def _by_laws(
    found: Evidence, claim: str, source: str, verdict: str, sentence: str, numbers: Sequence[str]
) -> Verdict:
    """A verdict that stands while all entries hold on numbers."""
    broken = [row["number"] for row in found["laws"] if row["number"] in numbers and not row["holds"]]
    if broken:
        sentence = f"Broken on numbers: {', '.join(sorted(set(broken)))}."
    return Verdict(claim, source, "not confirmed" if broken else verdict, sentence, {}, tuple(numbers))


def _gradient_lipschitz(found: Evidence) -> Verdict:
    """The same claim as measured on a network: here it may well fall."""
    ratios = [row["agr"] / row["raw"] for row in found["lipschitz"]]
    rises = sum(ratio > 1 for ratio in ratios)
    low, high = min(ratios), max(ratios)
    return Verdict(
        "The Lipschitz constant of the gradient falls, on this network",
        "abstract: 'smooth the loss landscape'",
        "effect found" if rises == 0 else "no effect found" if high < 1.001 else "refuted",
        f"At {len(ratios)} points of a training the local constant changes by {_percent(low)} to "
        f"{_percent(high)}; it rises at {rises} of them.",
        {"ratios": ratios},
        ("F1",),
        "lipschitz",
    )


def _lognormal(found: Evidence) -> Verdict:
    """Whether a lognormal law fits within tensors."""
    gradients = found["gradients"]
    # "mixed" refutes a claim about all tensors.
    verdict = "refuted" if gradients["verdict"] == "mixed" else gradients["verdict"]
    distances = [
        fit["distance"]
        for row in gradients["rows"]
        if row["scope"] == "tensor"
        for fit in row["fits"]
        if fit["law"] == "lognormal"
    ]
    return Verdict(
        "Magnitudes of gradients are roughly lognormal",
        "motivation of AGR",
        verdict,
        f"{gradients['summary']} The distance D of the lognormal fit within tensors is "
        f"{np.median(distances):.3f} in the middle (a normal gradient has 0.097).",
        {"distances": distances},
        (),
        "gradients",
    )


def _differences(found: Evidence) -> list[Verdict]:
    """Final values with AGR less those without, over paired seeds; p values adjusted for all of them."""
    results = []
    for _, _, measure, factor, margin in COMPARED:
        differences = _paired(found, measure, "agr", factor)
        results.append((differences, evaluate(differences, margin)))
    p_differences = holm([result.p_difference for _, result in results])
    p_equivalences = holm([result.p_equivalence for _, result in results])
    verdicts = []
    for (claim, source, measure, factor, margin), (differences, result), p_difference, p_equivalence in zip(
        COMPARED, results, p_differences, p_equivalences, strict=True
    ):
        low, high = result.interval
        unit = " points" if factor == 100 else ""
        if p_difference < 0.05:
            helps = (result.mean > 0) == (factor == 100)
            verdict, words = "effect found", f"an effect, {'for' if helps else 'against'} AGR"
        elif p_equivalence < 0.05:
            verdict = "no effect found"
            words = f"none found, and two one-sided tests exclude one of {margin:g}{unit}"
        else:
            verdict = "undecided"
            words = f"none found, but one of {margin:g}{unit} is not excluded by so few seeds"
        base = np.mean(list(_final(found, measure, "none", factor).values()))
        numbers = {
            "without_agr": base.item(),
            "differences": differences,
            "mean": result.mean,
            "interval": [low, high],
            "p_difference": p_difference,
            "p_equivalence": p_equivalence,
            "margin": margin,
        }
        sentence = (
            f"{measure.replace('_', ' ').capitalize()} after the last epoch: {base:.3g}{unit} without AGR, "
            f"{result.mean:+.3g}{unit} with it, 95 % interval {low:+.3g} to {high:+.3g} over "
            f"{len(differences)} paired seeds; {words}."
        )
        verdicts.append(Verdict(claim, source, verdict, sentence, numbers, (), "runs"))
    return verdicts


def _control(found: Evidence) -> Verdict:
    """Whether AGR moves a run further than random changes of the same size."""
    agr = np.abs(_paired(found, "test_loss", "agr"))
    noise = np.abs(_paired(found, "test_loss", "disturbed"))
    result = evaluate((agr - noise).tolist(), margin=0.02)
    low, high = result.interval
    apart = not low <= 0 <= high
    return Verdict(
        "What AGR does to a run is more than chance",
        "implied by every comparison",
        "effect found" if apart else "no effect found",
        f"AGR moves the test loss of a run by {agr.mean():.2g}, up or down; random changes of the gradient, "
        f"as large as AGR's, move it by {noise.mean():.2g}. The difference is {result.mean:+.2g}, 95 % "
        f"interval {low:+.2g} to {high:+.2g}.",
        {"agr": agr.tolist(), "noise": noise.tolist(), "interval": [low, high]},
        (),
        "runs",
    )


def _signature(finding: dict[str, Any]) -> Verdict:
    return Verdict(
        finding["question"],
        f"readers of the paper: {finding['name']}",
        finding["verdict"],
        finding["sentence"],
        finding["numbers"],
        (),
        "signatures",
    )


def _final(found: Evidence, measure: str, arm: str, factor: float = 1) -> dict[int, float]:
    """Values after the last epoch, by seed."""
    epochs = found["settings"]["epochs"]
    rows = [row for row in found["runs"] if row["arm"] == arm and row["epoch"] == epochs]
    return {row["seed"]: factor * row[measure] for row in rows}


def _paired(found: Evidence, measure: str, arm: str, factor: float = 1) -> list[float]:
    """Final values of an arm less those with raw gradients, seed by seed."""
    base, other = _final(found, measure, "none", factor), _final(found, measure, arm, factor)
    return [other[seed] - base[seed] for seed in base]


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.2g} %"
