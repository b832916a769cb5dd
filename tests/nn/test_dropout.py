import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 1.0])
def test_the_right_share_is_dropped_and_the_rest_is_scaled(device, p):
    mg.manual_seed(0)
    x = mg.tensor(np.ones(20_000), device=device, requires_grad=True)
    y = nn.Dropout(p)(x)
    kept = y.numpy() != 0
    assert abs(kept.mean() - (1 - p)) < 0.02
    np.testing.assert_allclose(y.numpy()[kept], 1 / (1 - p) if p < 1 else 0)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())  # the same elements, the same scale


def test_evaluation_changes_nothing(device):
    x = mg.tensor([1.0, 2.0, 3.0], device=device)
    assert nn.Dropout(0.9).eval()(x).tolist() == [1.0, 2.0, 3.0]


def test_a_seed_repeats(device):
    x = mg.tensor(np.ones(100, np.float32), device=device)
    layer = nn.Dropout()
    mg.manual_seed(1)
    first, second = layer(x).numpy(), layer(x).numpy()
    mg.manual_seed(1)
    np.testing.assert_array_equal(first, layer(x).numpy())
    assert (first != second).any()


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="Dropout: p must be between 0 and 1"):
        nn.Dropout(p)
