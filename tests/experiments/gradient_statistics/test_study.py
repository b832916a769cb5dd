"""What is examined, and what is made of it: zeros, ties, scales, many tensors."""

import json

import numpy as np
import pytest

import minigrad as mg
import optim
from experiments.gradient_statistics import collect, draw_quantiles, examine, study_gradients, study_model
from minigrad import nn
from minigrad.nn import functional as F


def batches(rng, device, count=3):
    return [
        (
            mg.tensor(rng.standard_normal((16, 6)), "float32", device),
            mg.tensor(rng.integers(0, 4, 16), device=device),
        )
        for _ in range(count)
    ]


def network(device):
    mg.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 4)).to(device)


def test_pooling_different_scales_makes_a_gaussian_look_lognormal(rng):
    rows = rng.standard_normal((1000, 300))
    scaled = rows * np.exp(rng.normal(0, 2, (1000, 1)))
    found = {row.scope: row for row in study_gradients({1: {"w": scaled}}).rows}
    assert found["tensor"].verdict == "good"  # the reference value is 0.011
    assert found["rows"].verdict == "poor"
    assert found["rows"].fit_of("lognormal").distance == pytest.approx(0.097, abs=0.005)
    assert found["rows"].fits[0].law in ("half-normal", "generalised Gaussian")
    # tensors of different scales do the same to the pool
    tensors = {str(i): s * rng.standard_normal(3000) for i, s in enumerate(np.exp(rng.normal(0, 2, 50)))}
    found = study_gradients({1: tensors}).rows
    assert {row.verdict for row in found if row.scope == "tensor"} == {"poor"}
    assert found[-1].scope == "pooled"
    assert found[-1].fit_of("lognormal").distance < 0.04


def test_a_lognormal_gradient_passes_in_every_scope(rng):
    g = rng.choice([-1, 1], (300, 300)) * np.exp(rng.normal(-9, 1.3, (300, 300)) + rng.normal(0, 1, (300, 1)))
    found = study_gradients({1: {"w": g}})
    assert [row.verdict for row in found.rows] == ["good"] * 3
    assert [row.fits[0].law for row in found.rows] == ["lognormal"] * 3
    assert all(row.p_holm > 0.05 for row in found.rows)


def test_zeros_are_reported_and_not_fitted(rng):
    g = rng.standard_normal(4000)
    padded = np.concatenate([g, np.zeros(12_000), -np.zeros(4000)])
    alone, among = examine(g), examine(padded)
    assert (among.elements, among.zeros, alone.zeros) == (20_000, 0.8, 0)
    assert among.fits == alone.fits
    assert among.log_mean == alone.log_mean


def test_float16_makes_ties(rng):
    g = 1e-6 * rng.standard_normal(50_000)  # here float16 counts in steps of 6e-8
    full, short = examine(g), examine(g.astype(np.float16))
    assert full.distinct == 1
    assert short.distinct < 0.01
    assert short.zeros > 0.01
    assert short.fit_of("lognormal").distance > 0.02
    assert short.anderson_darling > 1


def test_too_few_to_fit():
    found = examine(np.array([1.0, -1.0, 0.0, 0.0]), "bias", step=3)
    assert (found.verdict, found.fits, found.zeros, found.distinct) == ("too few", (), 0.5, 0.5)
    assert examine(np.zeros(100)).verdict == "too few"
    table = study_gradients({3: {"bias": np.array([1.0, -1.0])}}).table()
    assert "too few" in table


def test_a_gradient_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match=r"the gradient 'w' has values that are not finite"):
        examine(np.array([1.0, np.nan]), "w")


def test_collected_gradients_are_those_of_the_training(rng, device):
    data = batches(rng, device)
    model = network(device)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    found = collect(model, data, [1, 5], optimizer)
    twin = network(device)
    steps = optim.SGD(twin.parameters(), lr=0.1)
    for step, (x, y) in enumerate((data + data)[:5], start=1):
        steps.zero_grad()
        F.cross_entropy(twin(x), y).backward()
        for name, p in twin.named_parameters():
            if step in (1, 5):
                assert np.array_equal(found[step][name], p.grad.numpy())
        steps.step()
    assert list(found) == [1, 5]


def test_bad_requests(device):
    with pytest.raises(ValueError, match="there are no batches"):
        collect(network(device), [], [1])
    with pytest.raises(ValueError, match="numbers from 1"):
        collect(network(device), [], [0])


def test_a_whole_study(rng, device, tmp_path):
    found = study_model(network(device), batches(rng, device), steps=[1, 4])
    # Two weights, one of them with rows long enough, two biases, and all together, at two steps.
    assert len(found.rows) == 2 * (2 + 1 + 2 + 1)
    assert json.loads(json.dumps(found.to_rows()))[0]["fits"][0]["law"] == found.rows[0].fits[0].law
    assert len(found.table().splitlines()) == 2 + len(found.rows) + 1
    assert found.summary.startswith("Within tensors, the lognormal fit is ")
    tested = [row for row in found.rows if row.fits]
    assert all(row.p_holm >= row.p_value for row in tested)
    assert any(row.p_holm > row.p_value for row in tested)


def test_the_figure(rng, tmp_path):
    from PIL import Image

    draw_quantiles({"one": rng.standard_normal((30, 30)), "two": rng.weibull(1, 50)}, tmp_path / "qq.png")
    with Image.open(tmp_path / "qq.png") as picture:
        assert picture.format == "PNG"
    with pytest.raises(ValueError, match="there are no gradients"):
        draw_quantiles({}, tmp_path / "none.png")


def test_the_verdict_on_all_tensors(rng):
    lognormal, gaussian = np.exp(rng.standard_normal(50_000)), rng.standard_normal(50_000)
    few, fewest = rng.standard_normal(40), rng.standard_normal(5)
    cases = {
        "supported": [lognormal, few, fewest],
        "refuted": [gaussian, few],
        "mixed": [lognormal, gaussian],
        "undecided": [few, fewest],
    }
    for expected, tensors in cases.items():
        assert study_gradients({1: {str(i): g for i, g in enumerate(tensors)}}).verdict == expected
