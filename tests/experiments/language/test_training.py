"""Tiny runs of both experiments: they learn, repeat bit for bit, and go on bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

import minigrad as mg
from experiments.folder import RunFolder
from experiments.language import train_gpt
from experiments.language.config import AlbertConfig, GPTConfig
from experiments.language.train_gpt import Characters
from experiments.language.training import Training
from minigrad.data import TextCorpus
from tests.data.corpora import write_shakespeare, write_wikitext

SMALL = {"steps": 6, "warmup": 1, "report_every": 2, "batch_size": 4, "context": 8, "layers": 1, "heads": 2}


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(write_shakespeare(tmp_path / "data"))
    return str(path)


@pytest.fixture
def corpus(text):
    return train_gpt.read_corpus(text)


@pytest.fixture
def config(device, text):
    return GPTConfig(**SMALL, text=text, width=8, valid_batches=2, sample=20, dropout=0.1, device=device)


def run(config, path):
    return train_gpt.train(config, RunFolder(path, type(config)))


def numbers(rows):
    return [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in rows]


def test_a_run_of_gpt_leaves_everything_behind(config, tmp_path, capsys):
    rows = run(config, tmp_path / "a")
    folder = RunFolder(tmp_path / "a", GPTConfig)
    assert folder.config() == config
    assert folder.load_metrics() == rows
    assert [row["step"] for row in rows] == [2, 4, 6]
    assert {"train_loss", "valid_loss", "lr", "seconds_per_step", "sample"} <= rows[0].keys()
    samples = (tmp_path / "a" / "samples.txt").read_text()
    assert [f"after {step} steps" in samples for step in (2, 4, 6)] == [True] * 3
    assert all(row["sample"] in samples for row in rows)
    assert "step 6/6: train loss" in capsys.readouterr().out
    report = folder.report.read_text()
    assert all(f"After step {step}:" in report for step in (2, 4, 6))
    assert report.count("data:image/png") == 1


def test_stopped_and_resumed_is_undisturbed(config, tmp_path, monkeypatch):
    config = replace(config, optimizer="adan", agr=True)
    undisturbed = run(config, tmp_path / "a")
    steps = []
    real = Characters.losses

    def stop(self, rng):
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return real(self, rng)

    with monkeypatch.context() as patch:
        patch.setattr(Characters, "losses", stop)
        with pytest.raises(KeyboardInterrupt):
            run(config, tmp_path / "b")
    assert len(RunFolder(tmp_path / "b", GPTConfig).load_metrics()) == 1
    resumed = run(config, tmp_path / "b")
    assert numbers(resumed) == numbers(undisturbed)
    weights = [mg.load(tmp_path / name / "last.safetensors")["model"] for name in "ab"]
    for name, weight in weights[0].items():
        np.testing.assert_array_equal(weight.numpy(), weights[1][name].numpy(), err_msg=name)


def test_gpt_learns_a_text_that_repeats(device, tmp_path):
    (tmp_path / "abc.txt").write_text("abc\n" * 60)
    settings = SMALL | {"steps": 60, "report_every": 60, "batch_size": 8, "text": str(tmp_path / "abc.txt")}
    config = GPTConfig(
        **settings, width=16, lr=1e-2, valid_batches=1, sample=12, temperature=0, device=device
    )
    (row,) = run(config, tmp_path / "a")
    assert row["valid_loss"] < 0.2 < np.log(4)
    assert row["sample"] == "abc\nabc\nabc"


def test_measures_are_nats_per_character(config, corpus):
    task = Characters(config, corpus)
    for parameter in task.model.parameters():
        mg.nn.init.zeros_(parameter)
    task.model.eval()
    assert task.measures()["valid_loss"] == pytest.approx(np.log(len(corpus.vocabulary)), rel=1e-5)


def test_vectors_do_not_decay(config, corpus, tmp_path):
    training = Training(config, RunFolder(tmp_path / "a", GPTConfig), Characters(config, corpus))
    matrices, vectors = training.optimizer.param_groups
    assert {p.ndim for p in matrices["params"]} == {2}
    assert {p.ndim for p in vectors["params"]} == {1}
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.1, 0.0)


def test_a_diverging_run_says_so(config, corpus, tmp_path):
    task = Characters(config, corpus)
    task.model.wte.weight.data[...] = np.inf
    with pytest.raises(FloatingPointError, match="smaller learning rate"):
        Training(config, RunFolder(tmp_path / "a", GPTConfig), task)._stretch(1)


def test_a_run_of_albert(device, tmp_path, monkeypatch):
    pytest.importorskip("sentencepiece")
    from experiments.language.train_albert import train

    write_wikitext(tmp_path)
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))
    settings = SMALL | {"context": 40, "steps": 4}
    config = AlbertConfig(
        **settings, width=8, hidden=16, embedding_size=8, vocab_size=60, valid_batches=2, device=device
    )
    first = train(config, RunFolder(tmp_path / "a", AlbertConfig))
    assert numbers(train(config, RunFolder(tmp_path / "b", AlbertConfig))) == numbers(first)
    assert [row["step"] for row in first] == [2, 4]
    for row in first:
        assert row["train_mlm_loss"] == pytest.approx(np.log(60), rel=0.2)
        assert row["valid_mlm_loss"] == pytest.approx(np.log(60), rel=0.2)
        assert row["valid_sop_loss"] == pytest.approx(np.log(2), rel=0.2)
        assert 0 <= row["valid_sop_accuracy"] <= 1
        assert "[" in row["sample"]
    assert len(list((tmp_path / "tokenizers").iterdir())) == 1


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (GPTConfig, {"optimizer": "sgd"}, "optimizer must be one of adamw, adan; got 'sgd'"),
        (GPTConfig, {"steps": 0}, "steps must be at least 1, got 0"),
        (GPTConfig, {"lr": -1.0}, "lr must not be negative, got -1.0"),
        (GPTConfig, {"warmup": 2000}, "warmup must be less than the 2000 steps, got 2000"),
        (GPTConfig, {"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        (GPTConfig, {"device": "tpu"}, "device must be cpu, cuda or cuda:N; got 'tpu'"),
        (AlbertConfig, {"vocab_size": 0}, "vocab_size must be at least 1, got 0"),
        (AlbertConfig, {"mask_rate": 0.0}, r"mask_rate must be in \(0, 1\), got 0.0"),
        (AlbertConfig, {"context": 7}, "context must be at least 8, for two segments; got 7"),
    ],
)
def test_settings_are_checked(kind, change, message):
    with pytest.raises(ValueError, match=message):
        kind(**change)


def test_labels_and_short_texts(config):
    assert replace(config, optimizer="adan", agr=True).label == "Adan(AGR)"
    assert config.label == "AdamW"
    with pytest.raises(ValueError, match=r"too short: expected more than 8 tokens .* got 1"):
        Characters(config, TextCorpus("to be or no"))
