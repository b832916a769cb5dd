"""From noise to images, step by step: DDPM's random walk, and DDIM, which takes fewer steps."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import minigrad as mg
from experiments.diffusion.loss import Predictor
from experiments.diffusion.schedule import Schedule
from minigrad import Tensor
from minigrad.random import Generator

Progress: TypeAlias = Callable[[int, Tensor, Tensor], None]
"""Called after every step, with its t, the images after it, and the image that the network saw in them."""


def ddpm(
    model: Predictor,
    schedule: Schedule,
    noise: Tensor,
    *,
    variance: str = "large",
    clip: bool = True,
    generator: Generator | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Ancestral sampling: all T steps, each to a random point near the mean that the network predicts.

    Parameters
    ----------
    model : Predictor
    schedule : Schedule
    noise : Tensor, (N, C, H, W)
        Standard normal numbers: where the walk begins.
    variance : {'large', 'small'}
        Of a step: beta_t, which is right for images that are themselves noise, or that of
        q(x_{t-1} | x_t, x_0), right if there is one image only. Real images lie in between.
    clip : bool
        Keep the predicted image between -1 and 1.
    generator : Generator, optional
    progress : callable, optional
        See `Progress`.

    Raises
    ------
    ValueError
        If the variance is unknown.

    References
    ----------
    Ho, Jain & Abbeel (2020), 'Denoising Diffusion Probabilistic Models', algorithm 2 and section 3.2.
    """
    if variance not in ("large", "small"):
        raise ValueError(f"ddpm: variance must be 'large' or 'small', got {variance!r}")

    def move(x: Tensor, x0: Tensor, t: int, before: int) -> tuple[Tensor, float]:
        of_x0, of_x, small = schedule.posterior(t)
        return x0 * of_x0 + x * of_x, small if variance == "small" else float(schedule.betas[t])

    return _walk(model, schedule, noise, range(len(schedule)), move, clip, generator, progress)


def ddim(
    model: Predictor,
    schedule: Schedule,
    noise: Tensor,
    steps: int = 50,
    *,
    eta: float = 0.0,
    clip: bool = True,
    generator: Generator | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Jumps over most steps, without (eta = 0) or with (eta = 1) as much randomness as DDPM has.

    With eta = 0 the images follow from the noise alone; with eta = 1 and all steps this is `ddpm` with its
    small variance.

    Parameters
    ----------
    model : Predictor
    schedule : Schedule
    noise : Tensor, (N, C, H, W)
    steps : int
        S: how many of the schedule's steps are visited, floor(i T / S) for i from 0 to S - 1. The noisiest
        are left out on purpose: near T - 1 an error of the predicted noise is divided by nearly 0 in the
        image, and with few steps that one guess would give all images glaring colours.
    eta : float
        From 0 to 1.
    clip : bool
        Keep the predicted image between -1 and 1.
    generator : Generator, optional
    progress : callable, optional
        See `Progress`.

    Raises
    ------
    ValueError
        If there are fewer steps than that in the schedule, or eta is out of range.

    References
    ----------
    Song, Meng & Ermon (2021), 'Denoising Diffusion Implicit Models', equations 12 and 16, appendix D.2.
    """
    if not 1 <= steps <= len(schedule):
        raise ValueError(f"ddim: steps must be from 1 to the schedule's {len(schedule)}, got {steps}")
    if not 0 <= eta <= 1:
        raise ValueError(f"ddim: eta must be from 0 to 1, got {eta}")

    def move(x: Tensor, x0: Tensor, t: int, before: int) -> tuple[Tensor, float]:
        bar = schedule.alpha_bar(before)
        variance = eta**2 * schedule.posterior(t, before)[2]
        epsilon = schedule.predicted_noise(x, t, x0)  # not the network's own: x0 may have been clipped
        return x0 * bar**0.5 + epsilon * max(0.0, 1 - bar - variance) ** 0.5, variance

    visited = [i * len(schedule) // steps for i in range(steps)]
    return _walk(model, schedule, noise, visited, move, clip, generator, progress)


Move: TypeAlias = Callable[[Tensor, Tensor, int, int], tuple[Tensor, float]]
"""From x_t, the predicted x_0, t and the step before it to the mean and the variance of what comes next."""


def _walk(
    model: Predictor,
    schedule: Schedule,
    x: Tensor,
    visited: Sequence[int],
    move: Move,
    clip: bool,
    generator: Generator | None,
    progress: Progress | None,
) -> Tensor:
    """Visit steps from the last to the first; only the way to the finished image adds no noise."""
    with mg.no_grad():
        for t, before in zip(reversed(visited), [*reversed(visited[:-1]), -1], strict=True):
            epsilon = model(x, mg.full((len(x),), t, device=x.device))
            x0 = schedule.predicted_x0(x, t, epsilon)
            if clip:
                x0 = mg.clamp(x0, -1, 1)
            x, variance = move(x, x0, t, before)
            if before >= 0 and variance > 0:
                z = mg.randn(*x.shape, generator=generator, dtype=x.dtype, device=x.device)
                x = x + z * variance**0.5
            if progress is not None:
                progress(t, x, x0)
    return x
