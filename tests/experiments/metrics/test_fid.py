"""The Fréchet distance beside SciPy's matrix square root and beside PyTorch's eigenvalues."""

import numpy as np
import pytest
import scipy.linalg
import torch

from experiments.metrics.fid import Moments, fid_infinity, frechet_distance


def moments(features, batch=None):
    result = Moments()
    for start in range(0, len(features), batch or len(features)):
        result.add(features[start : start + (batch or len(features))])
    return result


def clouds(rng, count, size):
    """Two clouds of correlated features, of different means."""
    return [
        rng.standard_normal((count, size)) @ rng.standard_normal((size, size)) + rng.standard_normal(size)
        for _ in range(2)
    ]


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_moments_in_batches_are_numpys(rng, batch):
    features = rng.standard_normal((30, 4)) @ rng.standard_normal((4, 4))
    got = moments(features, batch)
    assert got.count == 30
    np.testing.assert_allclose(got.mean, features.mean(0), rtol=1e-12)
    np.testing.assert_allclose(got.covariance, np.cov(features.T), rtol=1e-11)


def test_moments_far_from_zero(rng):
    features = rng.standard_normal((500, 3))
    far = moments(features + 1e7, 50)
    np.testing.assert_allclose(far.covariance, np.cov(features.T), rtol=1e-6)
    assert moments(features.astype(np.float32)).covariance.dtype == np.float64


def test_distance_is_scipys(rng):
    a, b = clouds(rng, 60, 8)
    root = scipy.linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    want = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert frechet_distance(moments(a), moments(b)) == pytest.approx(want, rel=1e-10)


@pytest.mark.parametrize("count", [5, 40])
def test_distance_is_torchs_also_of_singular_covariances(rng, count):
    """tr (A B)^(1/2) is the sum of the roots of the eigenvalues of A B; 5 images span 4 of 10 dimensions."""
    a, b = (torch.tensor(cloud) for cloud in clouds(rng, count, 10))
    A, B = torch.cov(a.T), torch.cov(b.T)
    roots = torch.linalg.eigvals(A @ B).real.clamp(min=0).sqrt().sum()
    want = ((a.mean(0) - b.mean(0)) ** 2).sum() + A.trace() + B.trace() - 2 * roots
    got = frechet_distance(moments(a.numpy()), moments(b.numpy()))
    assert got == pytest.approx(want.item(), rel=1e-6)  # roots of eigenvalues that are zero leave 1e-8


def test_distances_that_are_known(rng):
    a, _ = clouds(rng, 50, 6)
    assert frechet_distance(moments(a), moments(a)) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(moments(a), moments(a + 2)) == pytest.approx(6 * 4)
    # A = 9 B with one mean: tr (9 + 1 - 2 * 3) B
    trace = np.trace(np.cov(a.T))
    assert frechet_distance(moments(3 * (a - a.mean(0))), moments(a - a.mean(0))) == pytest.approx(4 * trace)


def test_torchmetrics_itself(rng):
    image = pytest.importorskip("torchmetrics.image.fid")
    a, b = (moments(cloud) for cloud in clouds(rng, 60, 8))
    tensors = [torch.tensor(array) for m in (a, b) for array in (m.mean, m.covariance)]
    assert frechet_distance(a, b) == pytest.approx(image._compute_fid(*tensors).item(), rel=1e-6)


def test_bias_of_few_images_and_what_infinitely_many_would_give(rng):
    truth = moments(rng.standard_normal((20_000, 5)) * 2)
    features = rng.standard_normal((400, 5)) * 2 + 0.5
    many, slope = fid_infinity(features, truth)
    assert slope > 0
    assert abs(many - 5 * 0.25) < 0.35
    assert many < frechet_distance(moments(features), truth) < frechet_distance(moments(features[:40]), truth)
    assert fid_infinity(features, truth) == (many, slope)


def test_refusals(rng):
    with pytest.raises(ValueError, match="two samples at least, got 1"):
        _ = moments(np.zeros((1, 3))).covariance
    with pytest.raises(ValueError, match=r"expected features \(N, D\), got shape \(3,\)"):
        Moments().add(np.zeros(3))
    with pytest.raises(ValueError, match="infinite or not a number"):
        Moments().add(np.array([[np.inf]]))
    three = moments(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"expected features \(N, 3\), got shape \(2, 4\)"):
        three.add(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="3 features cannot be compared with 4"):
        frechet_distance(three, moments(np.zeros((2, 4))))
    with pytest.raises(ValueError, match="twenty images and two sizes at least, got 19 and 15"):
        fid_infinity(np.zeros((19, 2)), three)
