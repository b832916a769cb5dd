"""Schedules beside PyTorch and the formulas of diffusers, and the forward process beside single steps."""

import math

import numpy as np
import pytest
import torch

import minigrad as mg
from experiments.diffusion.schedule import SCHEDULES, Schedule, cosine, linear


def test_linear_betas_and_their_products():
    schedule = linear(1000)
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    np.testing.assert_allclose(schedule.betas, betas.numpy(), rtol=1e-13)
    np.testing.assert_allclose(schedule.alphas_bar, torch.cumprod(1 - betas, 0).numpy(), rtol=1e-12)
    assert linear(100).alphas_bar[-1] == pytest.approx(schedule.alphas_bar[-1], rel=0.6)  # noise all the same
    assert linear(100).betas[0] == pytest.approx(1e-3)


def test_cosine_betas():
    def bar(time):
        return math.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2

    want = [min(1 - bar((i + 1) / 50) / bar(i / 50), 0.999) for i in range(50)]
    np.testing.assert_allclose(cosine(50).betas, want, rtol=1e-12)
    assert cosine(50).betas[-1] == 0.999


def test_diffusers_itself():
    diffusers = pytest.importorskip("diffusers")
    for ours, theirs in (("linear", "linear"), ("cosine", "squaredcos_cap_v2")):
        want = diffusers.DDPMScheduler(1000, beta_schedule=theirs).alphas_cumprod.numpy()
        np.testing.assert_allclose(SCHEDULES[ours](1000).alphas_bar, want, rtol=1e-4)  # float32 there


@pytest.mark.parametrize("make", SCHEDULES.values())
def test_posterior_of_neighbours(make):
    schedule = make(40)
    beta, bar = torch.tensor(schedule.betas), torch.tensor(schedule.alphas_bar)
    before = torch.cat([torch.ones(1, dtype=torch.float64), bar[:-1]])
    want = torch.stack(  # as in diffusers' DDPMScheduler
        [
            before.sqrt() * beta / (1 - bar),
            (1 - beta).sqrt() * (1 - before) / (1 - bar),
            (1 - before) / (1 - bar) * beta,
        ]
    )
    got = np.array([schedule.posterior(t) for t in range(40)]).T
    np.testing.assert_allclose(got, want.numpy(), rtol=1e-9, atol=1e-15)


def test_posterior_of_distant_steps_is_bayes_rule():
    """By the precisions: the product of N(x_t; sqrt(alpha) x, 1 - alpha) and N(x; sqrt(bar) x0, 1 - bar)."""
    schedule = linear(100)
    t, before = 70, 20
    bar = schedule.alpha_bar(before)
    alpha = schedule.alpha_bar(t) / bar
    precision = alpha / (1 - alpha) + 1 / (1 - bar)
    want = bar**0.5 / (1 - bar) / precision, alpha**0.5 / (1 - alpha) / precision, 1 / precision
    assert schedule.posterior(t, before) == pytest.approx(want, rel=1e-12)


def test_one_jump_is_all_the_steps(device, rng):
    schedule = cosine(30)
    x0, noise = (rng.standard_normal((4, 1, 2, 2)) for _ in range(2))
    t = np.array([0, 3, 20, 29])
    got = schedule.noisy(*(mg.tensor(a, device=device) for a in (x0, t, noise)))
    for i, steps in enumerate(t):
        mean, variance = x0[i], 0.0
        for beta in schedule.betas[: steps + 1]:
            mean, variance = mean * math.sqrt(1 - beta), variance * (1 - beta) + beta
        np.testing.assert_allclose(got.numpy()[i], mean + noise[i] * math.sqrt(variance), rtol=1e-12)
    small = schedule.noisy(
        *(mg.tensor(a, device=device) for a in (x0.astype(np.float32), t, noise.astype(np.float32)))
    )
    assert small.dtype == np.float32


def test_image_and_noise_follow_from_each_other(device, rng):
    schedule = linear(50)
    x, noise = (mg.tensor(rng.standard_normal((2, 3)), device=device) for _ in range(2))
    x0 = schedule.predicted_x0(x, 30, noise)
    np.testing.assert_allclose(schedule.predicted_noise(x, 30, x0).numpy(), noise.numpy(), rtol=1e-10)
    back = schedule.noisy(x0, mg.tensor([30, 30], device=device), noise)
    np.testing.assert_allclose(back.numpy(), x.numpy(), rtol=1e-10)


@pytest.mark.parametrize("betas", [[], [0.5, 1.0], [0.0], [float("nan")], [[0.5]]])
def test_other_betas_are_refused(betas):
    with pytest.raises(ValueError, match="expected a row of betas between 0 and 1"):
        Schedule(np.array(betas))
