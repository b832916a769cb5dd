"""The loss of predictors whose loss is known."""

import numpy as np
import pytest

import minigrad as mg
from experiments.diffusion.loss import epsilon_loss
from experiments.diffusion.schedule import linear
from minigrad.random import Generator
from tests.experiments.diffusion.gaussian import Gaussian


def test_loss_of_the_exact_predictor(device):
    schedule, std = linear(100), 0.5
    exact = Gaussian(schedule, 0.3, std)
    generator = Generator(0)
    x0 = mg.randn(4000, 1, 3, 3, generator=generator, device=device) * std + 0.3
    bars = schedule.alphas_bar
    want = (bars * std**2 / (bars * std**2 + 1 - bars)).mean()  # the variance of the noise, given x_t
    got = epsilon_loss(exact, schedule, x0, generator).item()
    assert got == pytest.approx(want, rel=0.03)
    for other in (lambda x, t: exact(x, t) * 1.2, lambda x, t: exact(x, t) + 0.1):
        assert epsilon_loss(other, schedule, x0, generator).item() > got + 0.005


def test_every_image_has_its_own_step_and_noise(device):
    seen = []

    def model(x, t):
        seen.append((x.numpy(), t.numpy()))
        return x * 0

    schedule = linear(100)
    for _ in range(2):
        epsilon_loss(model, schedule, mg.zeros(50, 1, 2, 2, device=device), Generator(3))
    (x, t), again = seen
    np.testing.assert_array_equal(x, again[0])
    assert len(set(t.tolist())) > 20
    assert t.min() >= 0
    assert t.max() < 100
    scale = (1 - schedule.alphas_bar[t]) ** 0.5
    assert (x / scale[:, None, None, None]).std() == pytest.approx(1, abs=0.2)


def test_gradients_reach_the_predictor(device):
    w = mg.ones(1, device=device, requires_grad=True)
    loss = epsilon_loss(lambda x, t: x * w, linear(100), mg.zeros(8, 1, 2, 2, device=device), Generator(0))
    loss.backward()
    assert abs(w.grad.item()) > 0
