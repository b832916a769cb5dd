"""Normally distributed "images", for which the best prediction of the noise is known in closed form."""

import minigrad as mg


class Gaussian:
    """E[noise | x_t] for pixels from N(mean, std^2), each by itself."""

    def __init__(self, schedule, mean, std):
        self.schedule, self.mean, self.std = schedule, mean, std

    def __call__(self, x, t):
        bar = self.schedule.alphas_bar[t.numpy()].reshape(-1, *[1] * (x.ndim - 1))
        slope, middle = self.line(bar)
        slope, middle = (mg.tensor(a, device=x.device, dtype=x.dtype) for a in (slope, middle))
        return (x - middle) * slope

    def line(self, bar):
        """It is slope * (x - middle)."""
        return (1 - bar) ** 0.5 / (bar * self.std**2 + 1 - bar), bar**0.5 * self.mean
