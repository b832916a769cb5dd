"""How fast images turn into noise: the forward process of diffusion, and what is known about the way back."""

import numpy as np

from minigrad import Tensor
from minigrad.backend import Array, to_device


class Schedule:
    """The variances of all steps: step t makes sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) noise of x_{t-1}.

    Steps are counted from 0 to T - 1, as in code, not from 1 to T, as in papers.

    Parameters
    ----------
    betas : array, (T,)
        Between 0 and 1.

    Attributes
    ----------
    betas : array, float64 (T,)
    alphas_bar : array, float64 (T,)
        The products of 1 - beta up to each step.

    Raises
    ------
    ValueError
        If the betas are not a row of numbers between 0 and 1.

    References
    ----------
    Ho, Jain & Abbeel (2020), 'Denoising Diffusion Probabilistic Models', section 2.

    Examples
    --------
    >>> schedule = linear(1000)
    >>> print(f"{schedule.alphas_bar[0]:.4f} ... {schedule.alphas_bar[-1]:.6f}")
    0.9999 ... 0.000040
    """

    def __init__(self, betas: Array) -> None:
        self.betas = np.asarray(betas, np.float64)
        within = (self.betas > 0) & (self.betas < 1)
        if self.betas.ndim != 1 or not within.size or not within.all():
            raise ValueError(f"Schedule: expected a row of betas between 0 and 1, got {betas}")
        self.alphas_bar = np.cumprod(1 - self.betas)

    def __len__(self) -> int:
        return len(self.betas)

    def alpha_bar(self, t: int) -> float:
        """alpha_bar of step t; 1 before the first step, t = -1, where nothing is noise."""
        return float(self.alphas_bar[t]) if t >= 0 else 1.0

    def noisy(self, x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """x_t given x_0, in one jump: sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise (equation 4).

        Parameters
        ----------
        x0 : Tensor, (N, ...)
        t : Tensor, int (N,)
            The step of each sample.
        noise : Tensor, (N, ...)
            Standard normal numbers.

        Examples
        --------
        >>> import minigrad as mg
        >>> half = Schedule(np.array([0.75]))
        >>> half.noisy(mg.tensor([[2.0]]), mg.tensor([0]), mg.tensor([[0.0]])).tolist()
        [[1.0]]
        """
        bars = self.alphas_bar[t.numpy()].reshape(-1, *[1] * (x0.ndim - 1))
        kept, added = (
            Tensor(to_device(factor.astype(x0.dtype), x0.device)) for factor in (bars**0.5, (1 - bars) ** 0.5)
        )
        return x0 * kept + noise * added

    def predicted_x0(self, x: Tensor, t: int, epsilon: Tensor) -> Tensor:
        """What x_0 must be if `epsilon` is the noise in x_t: equation 4, solved for x_0."""
        bar = self.alpha_bar(t)
        return (x - epsilon * (1 - bar) ** 0.5) / bar**0.5

    def predicted_noise(self, x: Tensor, t: int, x0: Tensor) -> Tensor:
        """What the noise in x_t must be if `x0` is the image: equation 4, solved for the noise."""
        bar = self.alpha_bar(t)
        return (x - x0 * bar**0.5) / (1 - bar) ** 0.5

    def posterior(self, t: int, before: int | None = None) -> tuple[float, float, float]:
        """The normal distribution of x_before, given x_t and x_0 (equations 6 and 7).

        Parameters
        ----------
        t : int
        before : int, optional
            An earlier step, by default t - 1; -1 stands for x_0 itself.

        Returns
        -------
        tuple of float
            The factors of x_0 and of x_t in its mean, and its variance.

        Examples
        --------
        >>> linear(1000).posterior(0)
        (1.0, 0.0, 0.0)
        """
        before = t - 1 if before is None else before
        bar, bar_before = self.alpha_bar(t), self.alpha_bar(before)
        alpha = bar / bar_before  # of all steps between the two, taken as one
        return (
            bar_before**0.5 * (1 - alpha) / (1 - bar),
            alpha**0.5 * (1 - bar_before) / (1 - bar),
            (1 - alpha) * (1 - bar_before) / (1 - bar),
        )


def linear(timesteps: int = 1000, start: float = 1e-4, end: float = 0.02) -> Schedule:
    """Betas on a straight line, as in Ho et al. (2020), section 4.

    Parameters
    ----------
    timesteps : int
        At least 21. With fewer than 1000 the betas are larger by as much, so that the last image is noise
        all the same.
    start, end : float
        The first beta and the last, of 1000.
    """
    return Schedule(np.linspace(start, end, timesteps) * (1000 / timesteps))


def cosine(timesteps: int = 1000, s: float = 0.008) -> Schedule:
    """alpha_bar falls like a squared cosine, more gently at both ends.

    Nichol & Dhariwal (2021), 'Improved Denoising Diffusion Probabilistic Models', equation 17; no beta is
    above 0.999, as there.

    Parameters
    ----------
    timesteps : int
    s : float
        Keeps the first betas from being too small.
    """
    time = np.arange(timesteps + 1) / timesteps
    bars = np.cos((time + s) / (1 + s) * np.pi / 2) ** 2
    return Schedule(np.minimum(1 - bars[1:] / bars[:-1], 0.999))


SCHEDULES = {"linear": linear, "cosine": cosine}
