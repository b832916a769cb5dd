"""Verdicts follow from the evidence, and turn when it does."""

import copy
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from experiments.config import TrainConfig
from experiments.laws import ENTRIES
from experiments.verify.claims import COMPARED, FROM_LAWS, VERDICTS, judge

SEEDS = 6


def _run(arm, seed, epoch, loss, accuracy):
    row = {"optimizer": "adamw", "arm": arm, "seed": seed, "epoch": epoch, "train_accuracy": 0.5}
    return row | {"train_loss": loss, "test_loss": loss + 0.1, "test_accuracy": accuracy}


@pytest.fixture
def found(rng):
    """Evidence in which AGR does nothing that noise does not do."""
    runs = []
    for seed in range(SEEDS):
        for arm in ("none", "agr", "disturbed"):
            noise = rng.normal(0, 1e-3)
            runs.append(_run(arm, seed, 1, 2.0, 0.1))
            runs.append(_run(arm, seed, 2, 1.0 + seed / 10 + noise, 0.5 + seed / 50 + noise))
    laws = [{"number": entry.number, "holds": True} for entry in ENTRIES.values()]
    fits = [{"law": "lognormal", "distance": 0.1}, {"law": "gamma", "distance": 0.01}]
    return {
        "settings": asdict(TrainConfig(epochs=2)),
        "scale": {"seeds": SEEDS},
        "laws": laws,
        "runs": runs,
        "gradients": {
            "verdict": "refuted",
            "summary": "Poor.",
            "rows": [{"scope": "tensor", "fits": fits}, {"scope": "pooled", "fits": []}],
        },
        "lipschitz": [{"step": 0, "raw": 2.0, "agr": 1.9}, {"step": 10, "raw": 1.0, "agr": 0.99}],
        "signatures": [
            {"name": "tiny", "question": "Tiny?", "verdict": "refuted", "sentence": "No.", "numbers": {}}
        ],
    }


def _of(found, claim):
    return next(verdict for verdict in judge(found) if verdict.claim.startswith(claim))


def test_every_verdict_is_known_and_rests_on_something(found):
    for verdict in judge(found):
        assert verdict.verdict in VERDICTS
        assert verdict.laws or verdict.evidence
        assert set(verdict.laws) <= {entry.number for entry in ENTRIES.values()}


@pytest.mark.parametrize("claim", FROM_LAWS, ids=lambda claim: claim[0][:40])
def test_a_law_that_breaks_on_numbers_withdraws_the_verdict(found, claim):
    assert _of(found, claim[0]).verdict == claim[2]
    for number in claim[4]:
        broken = copy.deepcopy(found)
        next(row for row in broken["laws"] if row["number"] == number)["holds"] = False
        verdict = _of(broken, claim[0])
        assert verdict.verdict == "not confirmed"
        assert number in verdict.sentence


def test_proved_claims_rest_on_laws_and_refuted_ones_on_a_counterexample():
    for _, _, verdict, _, numbers in FROM_LAWS:
        false = [number for number in numbers if number.startswith("F")]
        assert bool(false) == (verdict == "refuted")


@pytest.mark.parametrize(("claim", "measure", "factor", "margin"), [(c[0], *c[2:]) for c in COMPARED])
def test_differences_are_tested_over_paired_seeds(found, claim, measure, factor, margin):
    final = {(r["arm"], r["seed"]): factor * r[measure] for r in found["runs"] if r["epoch"] == 2}
    d = [final["agr", seed] - final["none", seed] for seed in range(SEEDS)]
    verdict = next(v for v in judge(found) if v.claim == claim)
    np.testing.assert_allclose(verdict.numbers["differences"], d)
    np.testing.assert_allclose(verdict.numbers["interval"], stats.ttest_1samp(d, 0).confidence_interval(0.95))
    assert verdict.numbers["p_difference"] >= stats.ttest_1samp(d, 0).pvalue - 1e-12
    assert verdict.verdict == "no effect found"
    assert f"{verdict.numbers['interval'][0]:+.3g}" in verdict.sentence


@pytest.mark.parametrize(
    ("shift", "noise", "verdict", "words"),
    [
        (0.05, 0, "effect found", "for AGR"),
        (-0.05, 0, "effect found", "against AGR"),
        (0, 0.1, "undecided", "few"),
    ],
)
def test_accuracies_that_differ(found, rng, shift, noise, verdict, words):
    for row in found["runs"]:
        if row["arm"] == "agr":
            row["test_accuracy"] += shift + noise * rng.standard_normal()
    result = next(v for v in judge(found) if v.claim == "Networks generalise better with AGR")
    assert result.verdict == verdict
    assert words in result.sentence


def test_a_lower_loss_is_for_agr(found):
    for row in found["runs"]:
        row["train_loss"] -= 0.1 * (row["arm"] == "agr")
    assert "for AGR" in _of(found, "Training is faster").sentence


def test_the_control_compares_sizes(found):
    assert _of(found, "What AGR does").verdict == "no effect found"
    for row in found["runs"]:
        row["test_loss"] += 0.1 * (row["arm"] == "agr") * (-1) ** row["seed"]  # up and down
    assert _of(found, "What AGR does").verdict == "effect found"


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [((0.9, 0.99), "effect found"), ((0.9, 1.0005), "no effect found"), ((0.9, 1.2), "refuted")],
)
def test_lipschitz_constants_on_the_network(found, ratios, verdict):
    found["lipschitz"] = [{"step": i, "raw": 2.0, "agr": 2.0 * ratio} for i, ratio in enumerate(ratios)]
    result = _of(found, "The Lipschitz constant of the gradient falls, on this network")
    assert result.verdict == verdict
    np.testing.assert_allclose(result.numbers["ratios"], ratios)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [("refuted", "refuted"), ("mixed", "refuted"), ("supported", "supported"), ("undecided", "undecided")],
)
def test_lognormal(found, given, verdict):
    found["gradients"]["verdict"] = given
    result = _of(found, "Magnitudes of gradients")
    assert result.verdict == verdict
    assert result.numbers["distances"] == [0.1]
