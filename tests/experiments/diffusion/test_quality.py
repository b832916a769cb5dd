"""The quality of samples, with a feature network whose answers are known."""

import numpy as np
import pytest

from experiments.diffusion.quality import Quality
from experiments.metrics import Features, Moments, frechet_distance


def colours(images):
    """Mean colour as features; red, green or blue as classes."""
    means = images.astype(np.float64).mean((2, 3))
    return Features(means, means)


def test_distance_and_score(rng):
    real = rng.integers(0, 256, (300, 3, 2, 2), dtype=np.uint8)
    quality = Quality(colours, real, name="FID-colours")
    other = (real[::2] // 2).astype(np.uint8)
    found = quality.measure(other)
    a, b = Moments(), Moments()
    a.add(colours(real).features)
    b.add(colours(other).features)
    assert found["FID-colours"] == pytest.approx(frechet_distance(a, b))
    assert 1 < found["IS"] <= 3
    assert quality.measure(real)["FID-colours"] == pytest.approx(0, abs=1e-8)


def test_a_network_without_classes_has_no_score(rng):
    real = rng.integers(0, 256, (30, 3, 2, 2), dtype=np.uint8)
    quality = Quality(lambda images: Features(colours(images).features), real)
    assert list(quality.measure(real)) == ["FID-minigrad"]
