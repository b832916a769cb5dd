"""Comparisons: paired runs, honest sentences."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_rel

from experiments import compare as module
from experiments.compare import compare, parse_optimizer, summarize


def test_optimizers_are_read(tiny):
    assert parse_optimizer("adamw+agr", tiny).label == "AdamW(AGR)"
    assert parse_optimizer("sgd", tiny).lr == 0.1  # its own rate
    assert parse_optimizer("adamw", replace(tiny, lr=0.5)).lr == 0.5
    for text in ("adamw+", "adamw+clip", "lion"):
        with pytest.raises(ValueError, match=f"got {text!r}".replace("+", r"\+")):
            parse_optimizer(text, tiny)


def test_paired_differences_and_interval_are_students(rng):
    a, b = rng.random((2, 6))
    first, second = summarize({"A": a.tolist(), "B": b.tolist()})
    assert first["mean"] == pytest.approx(a.mean())
    assert first["sd"] == pytest.approx(a.std(ddof=1))
    assert second["difference"] == pytest.approx((b - a).mean())
    want = ttest_rel(b, a).confidence_interval(0.95)
    np.testing.assert_allclose(second["interval"], want, rtol=1e-12)


def test_one_seed_has_no_interval():
    entry = summarize({"A": [0.5], "B": [0.6]})[1]
    assert entry["difference"] == pytest.approx(0.1)
    assert "interval" not in entry
    assert "says nothing" in module._sentences(summarize({"A": [0.5], "B": [0.6]}))[1]


@pytest.mark.parametrize(
    ("b", "words"), [([0.61, 0.60, 0.62], "a difference"), ([0.4, 0.6, 0.51], "no difference found")]
)
def test_sentences(b, words):
    assert module._sentences(summarize({"A": [0.5, 0.5, 0.52], "B": b}))[1].endswith(words)


def test_a_comparison_pairs_seeds_and_can_be_continued(tiny, tmp_path, capsys):
    tiny = replace(tiny, epochs=1)
    summary = compare(tiny, ["adamw", "adamw+agr"], [0, 1], tmp_path)
    assert list(summary["final_test_accuracy"]) == ["AdamW", "AdamW(AGR)"]
    assert json.loads((tmp_path / "compare.json").read_text()) == json.loads(json.dumps(summary))
    assert "AdamW(AGR)" in capsys.readouterr().out
    assert "data:image/png" in (tmp_path / "report.html").read_text()
    before = (tmp_path / "adamw-seed0" / "last.safetensors").stat().st_mtime_ns
    assert compare(tiny, ["adamw", "adamw+agr"], [0, 1], tmp_path) == summary
    assert (tmp_path / "adamw-seed0" / "last.safetensors").stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="run with other settings"):
        compare(replace(tiny, batch_size=16), ["adamw"], [0], tmp_path)
