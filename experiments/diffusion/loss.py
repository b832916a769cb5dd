"""What a diffusion network is trained for: to see the noise in a noisy image."""

from collections.abc import Callable
from typing import TypeAlias

import minigrad as mg
from experiments.diffusion.schedule import Schedule
from minigrad import Tensor
from minigrad.nn import functional as F
from minigrad.random import Generator

Predictor: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From noisy images (N, C, H, W) and their steps (N,) to the noise in them: a U-Net, or a formula."""


def epsilon_loss(
    model: Predictor, schedule: Schedule, x0: Tensor, generator: Generator | None = None
) -> Tensor:
    """The mean square error of the predicted noise, with a random step and random noise for each image.

    Ho et al. (2020), equation 14 and algorithm 1.

    Parameters
    ----------
    model : Predictor
    schedule : Schedule
    x0 : Tensor, (N, C, H, W)
        Images with values from -1 to 1.
    generator : Generator, optional
        What steps and noise are drawn from; minigrad's default generator if None.

    Examples
    --------
    >>> from experiments.diffusion.schedule import linear
    >>> loss = epsilon_loss(lambda x, t: 0 * x, linear(), mg.zeros(64, 3, 8, 8))
    >>> 0.9 < loss.item() < 1.1  # the variance of the noise
    True
    """
    t = mg.randint(0, len(schedule), (len(x0),), generator=generator, device=x0.device)
    noise = mg.randn(*x0.shape, generator=generator, dtype=x0.dtype, device=x0.device)
    return F.mse_loss(model(schedule.noisy(x0, t, noise), t), noise)
