"""Tables and verdicts from a ledger, recomputed here."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from experiments import command_line
from experiments.ablation import summary as module
from experiments.ablation.study import Plan, Study
from experiments.ablation.summary import summarize
from experiments.equivalence import holm

ARMS = ("none", "agr", "clipped", "normalized")
EFFECTS = {"none": 0.0, "agr": 0.0, "clipped": 4.0, "normalized": -0.1}


@pytest.fixture
def study(tiny, tmp_path, rng):
    """A ledger in which clipping helps by 4 points, AGR does nothing, and Adan's runs are noisy."""
    plan = Plan(tiny, ("adamw", "adan"), ARMS, seeds=tuple(range(6)))
    study = Study(tmp_path)
    study.begin(plan)
    with study.ledger.open("w") as file:
        for optimizer, arm, seed in plan.runs():
            noise = rng.normal(0, 0.2 if optimizer == "adamw" else 5)
            for epoch in (1, 2):
                accuracy = (50 + seed + EFFECTS[arm] + noise) / 100 if epoch == 2 else 0.1
                row = {"optimizer": optimizer, "arm": arm, "seed": seed, "epoch": epoch, "seconds": 1.5}
                losses = {"train_loss": 2 / epoch, "train_accuracy": 0.4, "test_loss": 2.1 / epoch}
                file.write(json.dumps(row | losses | {"test_accuracy": accuracy}) + "\n")
    return study


def test_differences_are_paired_by_seed_and_taken_after_the_last_epoch(study):
    summary = summarize(study.plan(), study.rows())
    assert summary["seeds"] == [0, 1, 2, 3, 4, 5]
    base, agr, clipped, _ = summary["optimizers"]["adamw"]
    np.testing.assert_allclose(np.subtract(clipped["accuracies"], base["accuracies"]), clipped["differences"])
    assert clipped["difference"] == pytest.approx(4, abs=0.5)
    assert np.std(base["accuracies"]) > 1.5 > 5 * clipped["sd"] / 2  # the seeds' own spread is not in it
    assert clipped["verdict"] == "effect found"
    assert agr["verdict"] == "no effect: equivalent within the margin"
    assert summary["optimizers"]["adan"][1]["verdict"] == "undecided: too few seeds"


def test_p_values_are_adjusted_for_the_arms_of_an_optimizer(study):
    entries = summarize(study.plan(), study.rows())["optimizers"]["adamw"][1:]
    raw = [module.evaluate(entry["differences"], 1.0) for entry in entries]
    assert [e["p_difference"] for e in entries] == holm([r.p_difference for r in raw])
    assert [e["p_equivalence"] for e in entries] == holm([r.p_equivalence for r in raw])


def test_a_seed_that_is_not_finished_in_every_arm_is_left_out(study):
    rows = [row for row in study.rows() if (row["arm"], row["seed"]) != ("agr", 2)]
    assert summarize(study.plan(), rows)["seeds"] == [0, 1, 3, 4, 5]
    with pytest.raises(ValueError, match="two finished seeds, the ledger has 0"):
        summarize(study.plan(), rows[:3])


def test_one_command_makes_everything_from_the_ledger(study, capsys):
    assert command_line.main(["ablate", "report", "--out", str(study.path)]) == 0
    printed = capsys.readouterr().out
    page = (study.path / "report.html").read_text()
    markdown = (study.path / "tables.md").read_text()
    for text in (printed, markdown, page):
        assert "Finished in all arms: 6." in text
        assert "global norm at most 1" in text
        assert "undecided" in text
    assert page.count("data:image/png") == 2
    assert json.loads((study.path / "summary.json").read_text()) == summarize(study.plan(), study.rows())


def test_the_plan_is_told_with_its_power(study):
    about = study.about() | {"seeds": [0, 1, 2]}
    summary = summarize(study.plan(), study.rows()) | {"seeds_planned": [0, 1, 2]}
    assert "3 seeds" in module.sentences(about, summary)[1]
    assert "probability 20%" in module.sentences(about, summary)[1]
    assert about["config"] == json.loads(json.dumps(asdict(study.plan().config)))


def test_a_study_without_a_plan_is_refused(tmp_path, capsys):
    assert command_line.main(["ablate", "report", "--out", str(tmp_path)]) == 2
    assert "holds no study" in capsys.readouterr().err


def test_the_command_plans_and_runs(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(Study, "run", lambda self, workers: None)
    monkeypatch.setattr(module, "write", lambda study: {})
    monkeypatch.setattr(module, "sentences", lambda about, summary: [])
    monkeypatch.setattr(module, "table_lines", lambda summary: [])
    arguments = "ablate run --optimizers sgd --arms none agr --seeds 4 5 --margin 2 --epochs 1 --device cpu"
    assert command_line.main([*arguments.split(), "--out", str(tmp_path)]) == 0
    plan = Study(tmp_path).plan()
    assert (plan.optimizers, plan.arms, plan.seeds, plan.margin) == (("sgd",), ("none", "agr"), (4, 5), 2.0)
    assert plan.config == replace(plan.config, optimizer="sgd", model="convnet", lr=0.1, epochs=1)
