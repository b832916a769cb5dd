"""The law change = c / n on tensors for which it is known, and what is derived from it."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

import optim
from experiments.scale.measure import Sample
from experiments.scale.page import draw, markdown
from experiments.scale.prediction import check, fit, predict, study, unchanged
from experiments.scale.shapes import NETWORKS

KINDS = ("convolution", "linear", "norm", "bias", "embedding")


def _samples(rng, sizes, width=1, c=2.0, spread=0.0):
    return [
        Sample("net", width, f"{kind}{n}", kind, n, c / n * math.exp(spread * rng.standard_normal()))
        for kind in KINDS
        for n in sizes
    ]


def test_the_fit_finds_constant_slope_and_spread(rng):
    sizes = np.geomspace(8, 1e6, 400).astype(int).tolist()
    for law in fit(_samples(rng, sizes, c=3.0, spread=0.3)).values():
        assert law.c == pytest.approx(3, rel=0.1)
        assert law.slope == pytest.approx(-1, abs=0.03)
        assert law.spread == pytest.approx(0.3, rel=0.2)
        assert law.tensors == 400


def test_normal_gradients_follow_the_law(rng):
    samples = []
    for n in (100, 1000, 10_000, 100_000):
        g = rng.standard_normal(n)
        samples.append(
            Sample("net", 1, str(n), "linear", n, np.linalg.norm(g - optim.agr(g)) / np.linalg.norm(g))
        )
    law = fit(samples)["linear"]
    # sqrt(E x^4 / E x^2) / E x of a normal distribution
    assert law.c == pytest.approx(math.sqrt(3) * math.sqrt(math.pi / 2), rel=0.05)
    assert law.slope == pytest.approx(-1, abs=0.05)


def test_tiny_tensors_are_not_in_the_fit(rng):
    assert fit(_samples(rng, [1, 4, 7])) == {}


def test_the_check_divides_measured_by_predicted(rng):
    laws = fit(_samples(rng, [10, 100, 1000], c=2.0))
    for row in check(laws, _samples(rng, [5000, 4], width=2, c=3.0)):
        assert row["ratio"] == pytest.approx(1.5)
        assert (row["tensors"], row["largest"]) == (1, 5000)


@pytest.mark.parametrize("size", [10**5, 10**6, 10**7])
def test_unchanged_elements_in_float32(size, rng):
    g = rng.standard_normal(size).astype(np.float32)
    rounded_once = optim.agr(g.astype(np.float64)).astype(np.float32)
    assert unchanged(size, "float32") == pytest.approx((rounded_once == g).mean(), abs=0.005)


def test_predictions_are_for_every_tensor_of_every_network(rng):
    laws = fit(_samples(rng, [10, 100, 1000]))
    rows = predict(laws)
    for network, parameters in NETWORKS.items():
        assert sum(r["parameters"] for r in rows if r["network"] == network) == sum(
            p.size for p in parameters()
        )
    row = next(r for r in rows if (r["network"], r["kind"]) == ("Llama 3 8B", "norm"))
    assert row["tensors"] == 65
    assert row["median_change"] == pytest.approx(2 / 4096)


def test_the_widest_networks_are_left_out_of_the_fit(rng, tmp_path):
    samples = _samples(rng, [10, 100, 1000], width=1, c=2.0) + _samples(rng, [5000], width=2, c=200.0)
    result = study(samples)
    assert result["left_out_widths"] == {"net": 2}
    assert all(law["c"] == pytest.approx(2) for law in result["laws"])
    assert all(row["ratio"] == pytest.approx(100) for row in result["check"])
    result = json.loads(json.dumps(result))
    text = markdown(result)
    assert all(name in text for name in NETWORKS)
    assert "net 2" in text
    draw(result, tmp_path / "scale.png")
    assert (tmp_path / "scale.png").stat().st_size > 10_000


def test_the_command_redraws_from_its_json(rng, tmp_path):
    samples = _samples(rng, [10, 100, 1000]) + _samples(rng, [5000], width=2)
    (tmp_path / "scale.json").write_text(json.dumps(study(samples)))
    command = [sys.executable, "-m", "experiments.scale", str(tmp_path), "--redraw"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (tmp_path / "scale.md").read_text() in done.stdout
    assert (tmp_path / "scale.png").exists()
