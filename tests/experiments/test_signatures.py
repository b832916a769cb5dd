"""Failure signatures: each finding's numbers recomputed, and each verdict able to turn."""

import numpy as np
import pytest

import minigrad as mg
import optim
from experiments import signatures
from experiments.signatures import late_in_training, tiny_sums, uniform_gradients


def test_uniform_gradients_are_only_scaled():
    finding = uniform_gradients(size=50)
    assert finding.numbers["factor"] == pytest.approx(0.98, rel=1e-12)
    assert finding.verdict == "reproduced"
    assert "AGR does nothing" in finding.sentence


def test_an_agr_that_turned_uniform_gradients_would_be_seen(monkeypatch):
    monkeypatch.setattr(signatures.optim, "agr", lambda g: g * np.linspace(0.5, 1, g.size))
    assert uniform_gradients().verdict == "refuted"


def test_tiny_sums_are_exact():
    finding = tiny_sums()
    assert finding.verdict == "refuted"
    assert set(finding.numbers["errors_by_power_of_two"].values()) == {0.0}
    assert finding.numbers["authors_at_zero"] == "nan"


def test_an_epsilon_in_the_sum_would_be_seen(monkeypatch):
    monkeypatch.setattr(signatures.optim, "agr", lambda g: g * (1 - np.abs(g) / (np.abs(g).sum() + 1e-12)))
    assert tiny_sums().verdict == "reproduced"


def _runs(shapes, device):
    """Runs whose gradients are given: from uniform to one-hot, or the other way round."""

    def run(seed):
        rng = np.random.default_rng(seed)
        model = mg.nn.Linear(20, 1, bias=False).to(device)
        return model, [mg.tensor((rng.random((1, 20)) + 0.5) ** power, device=device) for power in shapes]

    return [run(seed) for seed in range(3)]


def _linear(model, batch):
    return model(batch.to("float32")).sum()


@pytest.mark.parametrize(
    ("powers", "verdict"),
    [(range(1, 21), "reproduced"), (range(20, 0, -1), "refuted"), ([2] * 20, "refuted")],
)
def test_late_in_training(powers, verdict, device):
    finding = late_in_training(_runs(powers, device), _linear)
    assert finding.verdict == verdict
    low, high = finding.numbers["interval"]
    assert low <= finding.numbers["ratio"] <= high


def test_the_ratio_is_that_of_relative_changes(device):
    powers = [1] * 5 + [4] * 5
    finding = late_in_training(_runs(powers, device), _linear)
    for seed, ratio in enumerate(finding.numbers["ratios"]):
        rng = np.random.default_rng(seed)
        changes = []
        for power in powers:
            g = ((rng.random((1, 20)) + 0.5) ** power).astype(np.float32).astype(np.float64)
            changes.append(np.linalg.norm(g * np.abs(g) / g.sum()) / np.linalg.norm(g))
        assert ratio == pytest.approx(np.mean(changes[-2:]) / np.mean(changes[:2]), rel=1e-6)


def test_short_runs_are_refused(device):
    with pytest.raises(ValueError, match="ten steps at least, got 9"):
        late_in_training(_runs([1] * 9, device), _linear)


def test_a_finding_repeats():
    assert tiny_sums() == tiny_sums()
    assert optim.agr is signatures.optim.agr
