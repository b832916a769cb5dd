"""A reproduction: the plan stays, the ledger grows, runs are paired, and nothing is made twice."""

import json
import os
from dataclasses import replace

import pytest

from experiments.reproduce.experiment import pair
from experiments.reproduce.reproduction import Reproduction, run_one


def test_runs_are_made_once_and_pairs_first(experiment, tmp_path):
    reproduction = Reproduction(tmp_path / "r", experiment, "smoke")
    reproduction.begin()
    assert reproduction.left() == [("AdamW", 0), ("AdamW(AGR)", 0), ("AdamW", 1), ("AdamW(AGR)", 1)]
    reproduction.run()
    assert reproduction.left() == []
    assert [(e["arm"], e["seed"], len(e["rows"])) for e in reproduction.runs()] == [
        ("AdamW", 0, 2),
        ("AdamW(AGR)", 0, 2),
        ("AdamW", 1, 2),
        ("AdamW(AGR)", 1, 2),
    ]
    before = reproduction.ledger.read_bytes()
    reproduction.run()
    more = Reproduction(tmp_path / "r", experiment, "smoke", seeds=[0, 1, 5])
    more.begin()
    more.run()
    assert more.ledger.read_bytes().startswith(before)
    assert len(more.runs()) == 6


def test_a_run_gets_the_settings_of_scale_and_arm_and_a_folder_of_its_own(experiment, tmp_path):
    reproduction = Reproduction(tmp_path, experiment, "smoke", [3])
    reproduction.begin()
    reproduction.run()
    called = {path.parent.name: json.loads(path.read_text()) for path in tmp_path.glob("runs/*/called.json")}
    assert set(called) == {"adamw-seed3", "adamw-agr-seed3"}
    about = called["adamw-agr-seed3"]
    assert about["settings"] == {"lr": 0.1, "optimizer": "adamw", "agr": True}
    assert (about["arm"], about["seed"]) == ("AdamW(AGR)", 3)


def test_a_failure_keeps_what_was_finished(experiment, tmp_path):
    reproduction = Reproduction(tmp_path, experiment, "laptop", [0, 1])
    reproduction.begin()
    with pytest.raises(FloatingPointError, match="no longer finite"):
        reproduction.run()
    assert reproduction.left() == [("AdamW", 1), ("AdamW(AGR)", 1)]


def test_a_ledger_cut_off_in_the_middle_of_a_line(experiment, tmp_path):
    reproduction = Reproduction(tmp_path, experiment, "smoke")
    reproduction.begin()
    reproduction.run()
    whole = reproduction.ledger.read_text()
    reproduction.ledger.write_text(whole[:-20])
    assert reproduction.left() == [("AdamW(AGR)", 1)]
    reproduction.run()
    assert [(e["arm"], e["seed"]) for e in reproduction.runs()][-1] == ("AdamW(AGR)", 1)
    assert len(reproduction.runs()) == 4


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"scales": {"smoke": {"lr": 0.5}}}, "settings"),
        ({"arms": pair("adan", "Adan")}, "arms"),
        ({"name": "other"}, "experiment"),
    ],
)
def test_another_plan_is_refused(experiment, tmp_path, change, named):
    Reproduction(tmp_path, experiment, "smoke").begin()
    written = (tmp_path / "plan.json").read_text()
    Reproduction(tmp_path, experiment, "smoke").begin()
    with pytest.raises(ValueError, match=rf"with other settings \(.*{named}.*\); choose another --out"):
        Reproduction(tmp_path, replace(experiment, **change), "smoke").begin()
    assert (tmp_path / "plan.json").read_text() == written


@pytest.mark.parametrize("seeds", [[], [1, 1]])
def test_seeds_are_different_numbers(experiment, tmp_path, seeds):
    with pytest.raises(ValueError, match="different numbers, one at least; got"):
        Reproduction(tmp_path, experiment, "smoke", seeds)


def test_an_unknown_scale(experiment, tmp_path):
    with pytest.raises(ValueError, match="fake has the scales smoke, laptop; got 'huge'"):
        Reproduction(tmp_path, experiment, "huge")


def test_runs_are_made_in_other_processes(experiment, tmp_path):
    reproduction = Reproduction(tmp_path, experiment, "smoke")
    reproduction.begin()
    reproduction.run(workers=2)
    assert reproduction.left() == []
    called = [json.loads(path.read_text()) for path in tmp_path.glob("runs/*/called.json")]
    assert os.getpid() not in [about["process"] for about in called]


def test_an_entry_of_the_ledger(experiment, tmp_path):
    entry = run_one(experiment, "smoke", "AdamW", 2, tmp_path)
    assert list(entry) == ["arm", "seed", "seconds", "rows"]
    assert entry["rows"][-1]["test_accuracy"] == pytest.approx(0.7)


def test_what_runs_share_is_made_once_before_the_first(experiment, tmp_path):
    prepared = replace(experiment, preparation="tests.experiments.reproduce.runner:prepare")
    reproduction = Reproduction(tmp_path, prepared, "smoke")
    reproduction.begin()
    assert not (tmp_path / "runs").exists()
    reproduction.run(workers=2)
    assert (tmp_path / "runs" / "shared.txt").read_text() == "lr 0.1, 0 runs\n"
    reproduction.run()  # nothing is left to do, and nothing to prepare
    assert (tmp_path / "runs" / "shared.txt").read_text() == "lr 0.1, 0 runs\n"
