"""The command line: what it does, and what it says to a newcomer."""

import pytest

from experiments.command_line import main

TINY = "--data shapes --model convnet --epochs 1 --batch-size 32 --limit-train 64 --limit-test 32".split()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "data"))


def test_train_and_resume(capsys, tmp_path):
    assert main(["train", *TINY, "--out", "run", "--agr", "--no-augment", "--optimizer", "sgd"]) == 0
    assert "best test accuracy" in capsys.readouterr().out
    assert main(["train", "--resume", "run"]) == 0
    assert (tmp_path / "run" / "report.html").exists()
    assert main(["train", *TINY, "--out", "run"]) == 2
    assert "already holds a run: continue it with --resume run" in capsys.readouterr().err


def test_a_folder_is_chosen_when_none_is_given(tmp_path):
    assert main(["train", *TINY]) == 0
    assert len(list((tmp_path / "runs").glob("shapes-convnet-AdamW-*"))) == 1


def test_compare(capsys):
    assert (
        main(["compare", *TINY, "--optimizers", "adamw", "adan", "--seeds", "0", "1", "--out", "both"]) == 0
    )
    out = capsys.readouterr().out
    assert "Adan: test accuracy" in out
    assert "report: both/report.html" in out


def test_info_and_data(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    for word in ("minigrad", "numpy", "BLAS", "threads", "gpu", "cifar10", "not here"):
        assert word in out
    assert main(["data", "list"]) == 0
    assert "cifar100" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--resume", "nowhere"], "nowhere holds no run"),
        (["train", "--resume", "x", "--lr", "1"], "--resume takes every setting from x; leave out --lr"),
        (["train", "--epochs", "0"], "epochs must be at least 1, got 0"),
        (["train", "--data", "cifar10", "--epochs", "1"], "cifar10"),
        (["train", "--device", "tpu"], "'tpu'"),
        (["compare", "--optimizers", "lion"], "got 'lion'"),
        (["data", "where"], "needs the name"),
        (["data", "where", "cifar10"], "minigrad data fetch cifar10"),
        (["data", "where", "mnist"], "mnist"),
    ],
)
def test_refusals_are_one_line_without_a_traceback(arguments, words, capsys, tmp_path):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("minigrad: ")
    assert words in error
    assert not list(tmp_path.glob("runs/*/*"))


def test_unknown_words_show_the_usage(capsys):
    with pytest.raises(SystemExit):
        main(["trian"])
    assert "invalid choice: 'trian'" in capsys.readouterr().err


def test_interruption_says_how_to_go_on(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.train.train", interrupt)
    assert main(["train", *TINY]) == 130
    assert "--resume" in capsys.readouterr().err
