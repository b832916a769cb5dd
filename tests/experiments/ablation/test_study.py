"""A study: the plan stays as it was, the ledger only grows, and runs are paired."""

import json
from dataclasses import replace

import pytest

from experiments.ablation import study as module
from experiments.ablation.study import Plan, Study, run_one

FINAL = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


@pytest.fixture
def plan(tiny):
    return Plan(replace(tiny, epochs=1), ("adamw",), ("none", "agr"), seeds=(0, 1))


@pytest.fixture
def _in_this_process(monkeypatch):
    """Runs are made here, where they can be replaced, and not by joblib in processes of its own."""
    import joblib

    class Parallel(joblib.Parallel):
        def __init__(self, workers, **options):
            super().__init__(1, **options)

    monkeypatch.setattr(joblib, "Parallel", Parallel)


def _rows(config, optimizer, arm, seed):
    return [{"optimizer": optimizer, "arm": arm, "seed": seed, "epoch": e + 1} for e in range(config.epochs)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arms": ("none", "lion")}, "an arm is one of none, agr.*got 'lion'"),
        ({"arms": ("none",)}, "two arms at least"),
        ({"seeds": (0,)}, "two seeds at least"),
    ],
)
def test_a_plan_without_a_comparison_is_refused(tiny, options, message):
    with pytest.raises(ValueError, match=message):
        Plan(tiny, **options)


def test_the_number_of_seeds_comes_from_the_power(tiny):
    assert Plan(tiny).seeds == tuple(range(8))
    assert len(Plan(tiny, margin=0.5).seeds) > 20


def test_the_plan_cannot_be_changed(plan, tmp_path):
    study = Study(tmp_path / "study")
    with pytest.raises(FileNotFoundError, match="holds no study"):
        study.plan()
    study.begin(plan)
    assert study.plan() == plan
    written = (tmp_path / "study" / "plan.json").read_text()
    study.begin(plan)
    with pytest.raises(ValueError, match="another plan"):
        study.begin(replace(plan, margin=2.0))
    assert (tmp_path / "study" / "plan.json").read_text() == written


@pytest.mark.usefixtures("_in_this_process")
def test_a_study_goes_on_where_it_stopped(plan, tmp_path, monkeypatch):
    study = Study(tmp_path)
    study.begin(plan)
    made = []

    def interrupted(config, *run):
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(run)
        return _rows(config, *run)

    monkeypatch.setattr(module, "run_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        study.run()
    assert made == list(plan.runs())[:3]
    assert study.left() == list(plan.runs())[3:]
    with study.ledger.open("a") as file:  # a crash in the middle of a line
        file.write('{"optimizer": "ada')
    assert len(study.rows()) == 3
    monkeypatch.setattr(module, "run_one", _rows)
    study.run()
    assert study.left() == []
    assert [json.loads(line)["seed"] for line in study.ledger.read_text().splitlines()] == [0, 0, 1, 1]


def test_runs_are_made_in_other_processes(plan, tmp_path):
    # On the CPU: a look-alike of CuPy that these tests may run on is not installed in other processes.
    plan = replace(plan, config=replace(plan.config, limit_train=32, limit_test=8, device="cpu"))
    study = Study(tmp_path)
    study.begin(plan)
    study.run(workers=2)
    assert study.left() == []
    assert len(study.rows()) == 4


def test_a_seed_fixes_all_but_the_arm(tiny, repeats):
    first, again = (run_one(tiny, "adamw", "none", 3) for _ in range(2))
    repeats(*([{name: row[name] for name in FINAL} for row in rows] for rows in (first, again)))
    agr = run_one(tiny, "adamw", "agr", 3)
    assert agr[0]["train_loss"] == pytest.approx(first[0]["train_loss"], rel=0.05)  # the same first batches
    assert agr[-1]["test_loss"] != first[-1]["test_loss"]
    assert run_one(tiny, "adamw", "none", 4)[0]["train_loss"] != first[0]["train_loss"]


def test_each_optimizer_has_its_learning_rate(tiny, monkeypatch):
    seen = []
    monkeypatch.setattr(module.arms, "build", lambda arm, config, *_: seen.append(config) or 1 / 0)
    for optimizer in ("adamw", "sgd"):
        with pytest.raises(ZeroDivisionError):
            run_one(replace(tiny, lr=0.5), optimizer, "none", 0)
    assert [(c.optimizer, c.lr) for c in seen] == [("adamw", 0.5), ("sgd", 0.1)]
