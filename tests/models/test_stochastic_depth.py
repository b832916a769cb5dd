import numpy as np
import pytest

import minigrad as mg
from models.stochastic_depth import DropPath, rates


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_drops_whole_samples(dtype, device):
    mg.manual_seed(0)
    x = mg.tensor(np.random.default_rng(0).random((2000, 2, 3)) + 1, dtype=dtype, device=device)
    x.requires_grad_()
    y = DropPath(0.25)(x)
    assert y.dtype == x.dtype
    factors = y.numpy() / x.numpy()
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), factors, rtol=1e-6)
    assert np.ptp(factors, (1, 2)).max() < 1e-6
    kept = factors[:, 0, 0] > 0
    np.testing.assert_allclose(factors[kept], 4 / 3, rtol=1e-6)
    assert (factors[~kept] == 0).all()
    assert abs(kept.mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 2000)


def test_does_nothing_in_evaluation_or_without_a_probability(device):
    x = mg.ones(5, 2, device=device)
    assert DropPath(0.9).eval()(x) is x
    assert DropPath()(x) is x
    assert (DropPath(1.0)(x).numpy() == 0).all()


def test_rates_grow_to_the_last_block():
    assert rates(0.3, 4) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert rates(0.3, 1) == [0]
    assert rates(0.3, 0) == []


@pytest.mark.parametrize("drop_prob", [-0.1, 1.5, float("nan")])
def test_refusals(drop_prob):
    with pytest.raises(ValueError, match="drop_prob must be between 0 and 1"):
        DropPath(drop_prob)
    assert repr(DropPath(0.5)) == "DropPath(drop_prob=0.5)"
