"""The command: refusals, one experiment of real runs, and what stands in the folder afterwards."""

import json

import pytest

from experiments import ledger, setup
from experiments.command_line import main
from experiments.config import MODELS, TrainConfig
from experiments.reproduce import catalogue
from experiments.reproduce.experiment import SCALES


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "data"))


@pytest.fixture
def fake(experiment, monkeypatch):
    monkeypatch.setitem(catalogue.GROUPS, "fake", (experiment,))
    return experiment


@pytest.mark.parametrize("experiment_", catalogue.select("all"), ids=lambda e: e.name)
def test_every_experiment_has_every_scale_and_json_can_hold_it(experiment_):
    assert set(experiment_.scales) == set(SCALES)
    labels = [arm.label for arm in experiment_.arms]
    assert all(arm.against in [*labels, None] for arm in experiment_.arms)
    assert any(arm.against for arm in experiment_.arms)
    for scale in SCALES:
        settings = experiment_.settings(scale)
        assert json.loads(json.dumps(settings)) == settings
        for arm in experiment_.arms:
            assert settings | arm.changes != settings


@pytest.mark.parametrize("name", ["cifar100", "tiny-imagenet"])
@pytest.mark.parametrize("scale", SCALES)
def test_settings_of_images_are_those_of_a_training_run(name, scale):
    for experiment_ in catalogue.select(name):
        for arm in experiment_.arms:
            config = TrainConfig(**experiment_.settings(scale), **arm.changes, seed=1)
            assert config.model in MODELS
            assert config.label == arm.label
            assert TrainConfig(**json.loads(json.dumps(config.__dict__, default=vars))) == config


def test_a_real_experiment_end_to_end(fake, tmp_path, monkeypatch, capsys):
    """CIFAR-100's experiment with drawn images in its place: two arms, two seeds, and everything written."""
    experiment_ = catalogue.select("cifar100-resnet")[0]
    tiny = {
        "data": "shapes",
        "model": "convnet",
        "epochs": 1,
        "batch_size": 32,
        "limit_train": 64,
        "limit_test": 32,
        "recipe": {"mixup": 0.8, "cutmix": 1.0, "randaugment": 9.0, "erasing": 0.5, "ema": 0.9, "clip": 1.0},
    }
    monkeypatch.setitem(experiment_.scales, "smoke", tiny)
    assert main(["reproduce", "cifar100-resnet", "--out", "out", "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "report: out/index.html" in printed
    assert "AdamW(AGR)" in printed
    folder = tmp_path / "out" / "cifar100-resnet"
    written = "plan.json ledger.jsonl runs summary.json table.md curves.png differences.png report.html"
    assert {path.name for path in folder.iterdir()} == set(written.split())
    losses = [run["rows"][0]["train_loss"] for run in ledger.read(folder / "ledger.jsonl")]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)  # the same first batch in both arms
    assert losses[0] != losses[1]
    assert losses[0] != losses[2]
    assert "lossy copy" in (folder / "report.html").read_text()


def test_a_second_call_makes_no_run_and_the_same_table(fake, capsys):
    assert main(["reproduce", "fake", "--out", "out", "--workers", "1"]) == 0
    first = capsys.readouterr().out
    assert main(["reproduce", "fake", "--out", "out", "--workers", "1"]) == 0
    again = capsys.readouterr().out
    assert "4 runs left" in first
    assert "0 runs left" in again
    assert first.splitlines()[1:] == again.splitlines()[1:]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mnist"], "there is no experiment 'mnist'; there are all, cifar100, tiny-imagenet, ddpm"),
        (["fake", "--scale", "huge"], "fake has the scales smoke, laptop; got 'huge'"),
        (["fake", "--seeds", "1", "1"], "seeds must be different numbers"),
        (["fake", "--workers", "-1"], "workers must be at least 1, got -1"),
        (["cifar100-resnet", "--workers", "1"], "minigrad data fetch cifar100"),
    ],
)
def test_refusals(fake, arguments, words, capsys):
    assert main(["reproduce", *arguments, "--out", "out"]) == 2
    assert words in capsys.readouterr().err


def test_missing_tiny_imagenet_says_how_to_get_it():
    with pytest.raises(FileNotFoundError, match=r"cs231n.*MINIGRAD_DATA"):
        setup.datasets(TrainConfig(data="tiny-imagenet"))


def test_a_folder_with_another_scale_is_refused_before_any_run(fake, capsys):
    assert main(["reproduce", "fake", "--out", "out", "--workers", "1"]) == 0
    assert main(["reproduce", "fake", "--scale", "laptop", "--out", "out"]) == 2
    assert "holds a reproduction with other settings (scale, settings)" in capsys.readouterr().err


def test_diffusion_runs_are_judged_by_one_classifier(monkeypatch, tmp_path):
    experiment_ = catalogue.select("ddpm")[0]
    tiny = experiment_.scales["smoke"] | {
        "data": "shapes",
        "channels": 4,
        "steps": 2,
        "batch_size": 2,
        "sample_every": 1,
        "warmup": 1,
        "classifier": {"model": "mlp", "epochs": 1, "limit_train": 64, "limit_test": 32},
    }
    monkeypatch.setitem(experiment_.scales, "smoke", tiny)
    assert main(["reproduce", "ddpm", "--out", "out", "--workers", "1", "--seeds", "0"]) == 0
    folder = tmp_path / "out" / "ddpm"
    assert (folder / "runs" / "classifier" / "best.safetensors").exists()
    for run in ledger.read(folder / "ledger.jsonl"):
        assert [row["step"] for row in run["rows"]] == [1, 2]
        assert all(row["FID-minigrad"] > 0 and row["IS"] >= 1 for row in run["rows"])
    # the first and the last picture of an arm, and how images came out of the noise
    made = ["grid-0000001", "grid-0000002", "strip-0000002"]
    kept = {path.name for path in (folder / "samples").iterdir()}
    assert kept == {f"{arm}-{name}.png" for arm in ("adan", "adan-agr") for name in made}
    assert (folder / "report.html").read_text().count("data:image/png") == 2 + 6


def test_texts_that_were_written_stand_in_the_report(fake, monkeypatch, tmp_path):
    from experiments.reproduce import page
    from experiments.reproduce.reproduction import Reproduction

    reproduction = Reproduction(tmp_path / "fake", fake, "smoke", [4])
    reproduction.begin()
    for label, text in (("AdamW", "To be <or> not"), ("AdamW(AGR)", "Or to be")):
        rows = [
            {"epoch": e, "train_loss": 1.0, "test_accuracy": 0.5, "sample": f"{text} {e}"} for e in (1, 2)
        ]
        ledger.append(reproduction.ledger, [{"arm": label, "seed": 4, "seconds": 1.0, "rows": rows}])
    page.write(reproduction)
    report = (tmp_path / "fake" / "report.html").read_text()
    assert "<pre>To be &lt;or&gt; not 2</pre>" in report
    assert "Or to be 1" in report
