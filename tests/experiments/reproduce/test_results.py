"""Numbers, verdicts and pages from a ledger, recomputed here."""

import json
from dataclasses import replace

import numpy as np
import pytest

from experiments import ledger
from experiments.equivalence import evaluate, holm
from experiments.reproduce import page
from experiments.reproduce.experiment import Arm
from experiments.reproduce.paper import published
from experiments.reproduce.reproduction import Reproduction
from experiments.reproduce.results import ONE_SEED, SMOKE, header, summarize, table

ARMS = (
    Arm("plain", {}),
    Arm("better", {}, against="plain"),
    Arm("same", {}, against="plain"),
    Arm("other", {}),
    Arm("like other", {}, against="other"),
)
EFFECT = {"plain": 0, "better": 4, "same": 0.1, "other": 10, "like other": 10}


@pytest.fixture
def reproduction(experiment, tmp_path, rng):
    reproduction = Reproduction(tmp_path / "fake", replace(experiment, arms=ARMS), "laptop", range(5))
    reproduction.begin()
    for label, seed in reproduction.left():
        noise = rng.normal(0, 8 if label == "like other" else 0.1)
        accuracy = (40 + 3 * seed + EFFECT[label] + noise) / 100
        rows = [{"epoch": e, "train_loss": 1 / e, "test_accuracy": accuracy * e / 2} for e in (1, 2)]
        ledger.append(reproduction.ledger, [{"arm": label, "seed": seed, "seconds": 6.0, "rows": rows}])
    return reproduction


def test_differences_are_paired_and_taken_to_each_arms_own_baseline(reproduction):
    summary = summarize(reproduction)
    arms = {entry["arm"]: entry for entry in summary["arms"]}
    assert list(arms) == [arm.label for arm in ARMS]
    for label, base in (("better", "plain"), ("same", "plain"), ("like other", "other")):
        expected = np.subtract(arms[label]["values"], arms[base]["values"])
        np.testing.assert_allclose(arms[label]["differences"], expected)
    assert arms["better"]["verdict"] == "effect found"
    assert arms["same"]["verdict"].endswith("within the margin") or "smaller" in arms["same"]["verdict"]
    assert arms["like other"]["verdict"] == "undecided: too few seeds"
    assert "against" not in arms["plain"]
    raw = [evaluate(arms[label]["differences"], 1.0) for label in ("better", "same", "like other")]
    for name in ("p_difference", "p_equivalence"):
        found = [arms[label][name] for label in ("better", "same", "like other")]
        assert found == holm([getattr(p, name) for p in raw])
    assert summary["minutes"] == 2.5


def test_a_seed_that_is_not_finished_in_every_arm_is_left_out(reproduction):
    lines = reproduction.ledger.read_text().splitlines(keepends=True)
    kept = [line for line in lines if tuple(json.loads(line)[k] for k in ("arm", "seed")) != ("same", 3)]
    reproduction.ledger.write_text("".join(kept))
    assert summarize(reproduction)["seeds"] == [0, 1, 2, 4]
    reproduction.ledger.write_text(lines[0])
    with pytest.raises(ValueError, match="no seed that is finished in every arm"):
        summarize(reproduction)


def test_one_seed_decides_nothing(reproduction):
    lines = reproduction.ledger.read_text().splitlines(keepends=True)
    reproduction.ledger.write_text("".join(lines[:5]))
    summary = page.write(reproduction)
    assert summary["arms"][1]["verdict"] == ONE_SEED
    assert table(summary)[1][2:] == [
        f"{summary['arms'][1]['difference']:+.3f}",
        "",
        f"{ONE_SEED} (to plain)",
    ]


def test_a_smoke_test_decides_nothing(reproduction, experiment):
    reproduction.scale = "smoke"
    verdicts = [entry.get("verdict") for entry in summarize(reproduction)["arms"]]
    assert verdicts == [None, SMOKE, SMOKE, None, SMOKE]


def test_everything_is_written_from_the_ledger_alone(reproduction):
    summary = page.write(reproduction)
    folder = reproduction.path
    assert json.loads((folder / "summary.json").read_text()) == json.loads(json.dumps(summary))
    report, markdown = (folder / "report.html").read_text(), (folder / "table.md").read_text()
    for text in (report, markdown):
        for word in (
            "It is a fake.",
            "Laptop scale",
            "fewer epochs",
            "like other",
            "undecided",
        ):
            assert word in text
    assert report.count("data:image/png") == 2
    assert "not available to us" in report
    assert "http" not in report
    for line in table(summary):
        assert "| " + " | ".join(line) + " |" in markdown
    assert len(header(summary)) == len(table(summary)[0])
    index = page.write_ledger(folder.parent).read_text()
    assert 'href="fake/report.html"' in index
    assert "A fake" in index
    assert [s["experiment"] for s in json.loads((folder.parent / "summary.json").read_text())] == ["fake"]


def test_the_papers_numbers_stand_beside_ours():
    known = published("ddpm")
    assert all(len(row) == len(known.header) for row in known.rows)
    assert ("Adan(AGR)", "4.38", "8.32", "8.86", "9.18", "9.26", "9.34") in known.rows
