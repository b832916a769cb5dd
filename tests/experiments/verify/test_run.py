"""The command on a tiny training: whole evidence, a report that holds it, and refusals."""

import json
import re

import pytest

from experiments import command_line, setup
from experiments.config import TrainConfig
from experiments.verify import evidence, run
from experiments.verify.evidence import Scale
from minigrad.data import Shapes

TINY = Scale(examples=2, seeds=2, gradient_steps=(1,), points=1, batch=4, late_steps=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, device):
    config = TrainConfig(
        model="mlp", epochs=1, batch_size=16, limit_train=32, limit_test=16, warmup=0, device=device
    )
    out = tmp_path_factory.mktemp("verify") / "report"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "QUICK", TINY)
        patch.setattr(setup, "Shapes", lambda train=True: Shapes(train=train, size=40))
        run.verify(config, quick=True, workers=1, out=out)
    return out


def test_the_report_shows_what_is_in_the_json(folder):
    found = json.loads((folder / "verify.json").read_text())
    page = (folder / "report.html").read_text()
    assert [row["seed"] for row in found["runs"]] == [0, 0, 0, 1, 1, 1]
    assert len(found["laws"]) == 2 * 76
    assert all(row["holds"] for row in found["laws"])
    assert len(found["verdicts"]) == page.count('class="verdict"') - len(found["signatures"])
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= set(re.findall(r'id="([^"]+)"', page))
    assert "http" not in re.sub(r"arxiv\.org\S*", "", page)  # self-contained
    for row in found["runs"]:
        assert f"{row['train_loss']:.4f}" in page
    # verdicts can be made again from the JSON alone
    assert [verdict.sentence for verdict in run.redraw(folder)] == [v["sentence"] for v in found["verdicts"]]
    assert (folder / "report.html").read_text() == page


def test_a_report_is_never_overwritten(folder, tiny):
    with pytest.raises(FileExistsError, match="already holds a report"):
        run.verify(tiny, quick=True, workers=1, out=folder)


def test_the_terminal_gets_a_line_for_each_claim(folder):
    lines = run.lines(run.redraw(folder))
    assert sum("refuted" in line for line in lines) > 3
    assert lines[0].startswith("proved")


@pytest.mark.parametrize(("flags", "images", "scale"), [(["--quick"], 3000, "QUICK"), ([], 5000, "FULL")])
def test_the_command(tmp_path, monkeypatch, flags, images, scale):
    seen = []
    monkeypatch.setattr(run, "redraw", lambda folder: [])
    monkeypatch.setattr(run, "lines", lambda verdicts: [])
    monkeypatch.setattr(
        evidence, "collect", lambda config, scale, workers, tell: seen.append((config, scale, workers)) or {}
    )
    monkeypatch.setattr(run.claims, "judge", lambda found: [])
    out = tmp_path / "new"
    assert command_line.main(["verify", *flags, "--model", "mlp", "--workers", "3", "--out", str(out)]) == 0
    config, given, workers = seen[0]
    assert (config.model, config.limit_train, workers) == ("mlp", images, 3)
    assert given == getattr(evidence, scale)
    assert command_line.main(["verify", *flags, "--out", str(out)]) == 2  # a report is there
