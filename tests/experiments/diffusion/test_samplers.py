"""Samplers on data whose distribution is known, beside each other, and beside the papers' formulas."""

import numpy as np
import pytest
import torch

import minigrad as mg
from experiments.diffusion.samplers import ddim, ddpm
from experiments.diffusion.schedule import cosine, linear
from minigrad.random import Generator
from tests.experiments.diffusion.gaussian import Gaussian

MEAN, STD = 0.3, 0.4


def wavy(x, t):
    """A predictor of no particular meaning."""
    return mg.sin(x * 3) + x * 0.2


def noise(count, device, dtype="float64"):
    return mg.randn(count, 1, 2, 2, generator=Generator(1), device=device, dtype=dtype)


@pytest.mark.parametrize("variance", ["small", "large"])
def test_ddpm_draws_from_the_distribution_of_the_data(device, variance):
    schedule = linear(400)
    exact = Gaussian(schedule, MEAN, STD)
    images = ddpm(
        exact, schedule, noise(1500, device), variance=variance, clip=False, generator=Generator(2)
    ).numpy()

    # The moments of the walk itself, by equation 11 of Ho et al.: every step is linear in x.
    mean, var = 0.0, 1.0
    bars = schedule.alphas_bar
    for t in reversed(range(400)):
        beta, bar = schedule.betas[t], bars[t]
        slope, middle = exact.line(bar)
        share = beta / np.sqrt(1 - bar) * slope
        mean = (mean - share * (mean - middle)) / np.sqrt(1 - beta)
        spread = beta if variance == "large" else (1 - bars[t - 1]) / (1 - bar) * beta
        var = var * (1 - share) ** 2 / (1 - beta) + (spread if t else 0)
    error = np.sqrt(var / images.size)
    assert images.mean() == pytest.approx(mean, abs=4 * error)
    assert images.var() == pytest.approx(var, rel=4 * np.sqrt(2 / images.size))
    assert (mean, var**0.5) == pytest.approx((MEAN, STD), rel=0.03)


@pytest.mark.parametrize("steps", [60, 300])
def test_ddim_moves_the_noise_to_the_data(device, steps):
    schedule = linear(300)
    start = noise(50, device)
    images = ddim(Gaussian(schedule, MEAN, STD), schedule, start, steps, clip=False)
    np.testing.assert_allclose(images.numpy(), MEAN + STD * start.numpy(), atol=5 / steps)


def test_few_steps_of_ddim_bear_a_network_that_is_slightly_off(device):
    schedule = cosine(1000)
    start = mg.randn(50, 1, 16, 16, generator=Generator(1), device=device, dtype="float64")

    def of_one_colour(x, t):
        """The best prediction of the noise in images that have one colour, drawn from N(0, STD^2)."""
        bar = float(schedule.alphas_bar[t.numpy()[0]])
        seen = x.sum((1, 2, 3), keepdim=True) / (256 + (1 - bar) / (bar * STD**2))  # sqrt(bar) E[colour | x]
        return (x - seen) / (1 - bar) ** 0.5

    right = ddim(of_one_colour, schedule, start, 25).numpy()
    wrong = ddim(lambda x, t: of_one_colour(x, t) + 0.001, schedule, start, 25).numpy()
    assert abs(wrong - right).max() < 0.03  # 0.35 if the walk begins at step 999


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-5)])
def test_ddim_with_eta_1_and_all_steps_is_ddpm(device, clip, dtype, tolerance):
    schedule = cosine(50)
    walks = [
        sampler(wavy, schedule, noise(3, device, dtype), clip=clip, generator=Generator(5), **options)
        for sampler, options in ((ddpm, {"variance": "small"}), (ddim, {"steps": 50, "eta": 1.0}))
    ]
    assert walks[0].dtype == dtype
    scale = np.abs(walks[0].numpy()).max()
    np.testing.assert_allclose(walks[0].numpy(), walks[1].numpy(), atol=tolerance * scale)


def test_ddim_is_equation_12(device):
    schedule, eta = linear(100), 0.6
    start, generator = noise(2, device), Generator(7)
    got = ddim(wavy, schedule, start, 5, eta=eta, clip=False, generator=Generator(7))
    x = torch.tensor(start.numpy())
    bars = torch.tensor(schedule.alphas_bar)
    for t, before in ((80, 60), (60, 40), (40, 20), (20, 0), (0, None)):
        bar, last = bars[t], bars[before] if before is not None else torch.tensor(1.0)
        epsilon = torch.sin(x * 3) + x * 0.2
        sigma = eta * ((1 - last) / (1 - bar)).sqrt() * (1 - bar / last).sqrt()
        x0 = (x - (1 - bar).sqrt() * epsilon) / bar.sqrt()
        x = last.sqrt() * x0 + (1 - last - sigma**2).sqrt() * epsilon
        if before is not None:
            x = x + sigma * torch.tensor(mg.randn(*start.shape, generator=generator, dtype="float64").numpy())
    np.testing.assert_allclose(got.numpy(), x.numpy(), rtol=1e-9)


def test_what_progress_sees(device):
    schedule, seen = linear(30), []
    end = ddim(wavy, schedule, noise(2, device), 5, progress=lambda *moment: seen.append(moment))
    assert [t for t, _, _ in seen] == [24, 18, 12, 6, 0]
    assert seen[-1][1] is end
    assert all(np.abs(x0.numpy()).max() <= 1 for _, _, x0 in seen)
    assert any(np.abs(x.numpy()).max() > 1 for _, x, _ in seen)
    assert not end.requires_grad


def test_without_eta_nothing_is_drawn(device):
    generator = Generator(0)
    state = generator.get_state()
    first, second = (ddim(wavy, linear(30), noise(2, device), 7, generator=generator) for _ in range(2))
    np.testing.assert_array_equal(first.numpy(), second.numpy())
    assert generator.get_state() == state


def test_refusals():
    schedule, x = linear(30), mg.zeros(1, 1, 1, 1)
    with pytest.raises(ValueError, match="steps must be from 1 to the schedule's 30, got 31"):
        ddim(wavy, schedule, x, 31)
    with pytest.raises(ValueError, match="eta must be from 0 to 1, got 2"):
        ddim(wavy, schedule, x, 3, eta=2)
    with pytest.raises(ValueError, match="variance must be 'large' or 'small', got 'medium'"):
        ddpm(wavy, schedule, x, variance="medium")
