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


PAINTER = "--channels 4 --steps 2 --batch-size 2 --sample-every 1 --samples 4 --sample-steps 2".split()
WRITER = "--text text.txt --steps 200 --report-every 100 --batch-size 2 --context 8 --width 8".split()


def test_ddpm_paints_and_goes_on(capsys, tmp_path):
    assert main(["ddpm", *PAINTER, "--optimizer", "adan", "--agr", "--out", "run"]) == 0
    out = capsys.readouterr().out
    assert "samples: run/samples/grid-0000002.png" in out
    assert "Adan(AGR)" in out
    assert len(list((tmp_path / "run" / "samples").glob("grid-*.png"))) == 2
    (tmp_path / "run" / "report.html").unlink()
    assert main(["ddpm", "--resume", "run"]) == 0
    assert (tmp_path / "run" / "report.html").exists()
    assert main(["ddpm", *PAINTER, "--out", "run"]) == 2
    assert "run already holds a run: continue it with --resume run" in capsys.readouterr().err


def test_gpt_writes_and_goes_on(capsys, tmp_path):
    (tmp_path / "text.txt").write_text("to be or not to be\n" * 40)
    assert main(["gpt", *WRITER, "--out", "run"]) == 0
    out = capsys.readouterr().out
    assert "step 100/200: train loss" in out
    assert "samples: run/samples.txt" in out
    assert "after 200 steps" in (tmp_path / "run" / "samples.txt").read_text()
    (tmp_path / "run" / "report.html").unlink()
    assert main(["gpt", "--resume", "run"]) == 0
    assert (tmp_path / "run" / "report.html").exists()


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
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == [
        "cifar10", "cifar100", "wikitext2", "shakespeare", "tiny-imagenet",
    ]  # fmt: skip
    assert listed.count("not here") == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--resume", "nowhere"], "nowhere holds no run"),
        (["train", "--resume", "x", "--lr", "1"], "--resume takes every setting from x; leave out --lr"),
        (["train", "--epochs", "0"], "epochs must be at least 1, got 0"),
        (["train", "--data", "cifar10", "--epochs", "1"], "cifar10"),
        (["train", "--device", "tpu"], "'tpu'"),
        (["compare", "--optimizers", "lion"], "got 'lion'"),
        (["ddpm", "--data", "mnist"], "data must be one of cifar10, cifar100, shapes; got 'mnist'"),
        (["ddpm", "--data", "cifar10"], "minigrad data fetch cifar10"),
        (["ddpm", "--channels", "6"], "channels must be a multiple of 4, got 6"),
        (["ddpm", "--features", "nowhere"], "nowhere holds no run"),
        (["ddpm", "--resume", "nowhere"], "nowhere holds no run"),
        (["ddpm", "--resume", "x", "--agr"], "--resume takes every setting from x; leave out --agr"),
        (["gpt"], "minigrad data fetch shakespeare"),
        (["gpt", "--text", "poem.txt"], "poem.txt"),
        (["gpt", "--text", "python", "--width", "10"], "width must be a multiple of heads, got 10 and 4"),
        (["gpt", "--optimizer", "lion"], "optimizer must be one of adamw, adan; got 'lion'"),
        (["gpt", "--resume", "nowhere"], "nowhere holds no run"),
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


@pytest.mark.parametrize(
    ("module", "arguments", "words"),
    [
        ("experiments.train.train", ["train", *TINY], "`minigrad train --resume DIR` goes on"),
        ("experiments.diffusion.train.train", ["ddpm"], "`minigrad ddpm --resume DIR` goes on"),
        ("experiments.language.train_gpt.train", ["gpt"], "`minigrad gpt --resume DIR` goes on"),
        ("experiments.compare.compare", ["compare", *TINY, "--out", "x"], "the same --out goes on"),
        ("experiments.reproduce.run.reproduce", ["reproduce", "gpt", "--out", "x"], "the same --out goes on"),
    ],
)
def test_interruption_says_how_to_go_on(monkeypatch, capsys, module, arguments, words):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, interrupt)
    assert main(arguments) == 130
    assert words in capsys.readouterr().err
