"""AdamW for frameworks that have none, in place on arrays: what a user of theirs would write."""

import numpy as np


class AdamW:
    def __init__(self, weights: list[np.ndarray], lr: float = 1e-3, weight_decay: float = 1e-2) -> None:
        self.weights, self.lr, self.weight_decay = weights, lr, weight_decay
        self.m = [np.zeros_like(w) for w in weights]
        self.v = [np.zeros_like(w) for w in weights]
        self.t = 0

    def step(self, gradients: list[np.ndarray], betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self.t += 1
        first, second = betas
        rate = self.lr / (1 - first**self.t)
        correction = (1 - second**self.t) ** 0.5
        for w, g, m, v in zip(self.weights, gradients, self.m, self.v, strict=True):
            m += (1 - first) * (g - m)
            v += (1 - second) * (g * g - v)
            w *= 1 - self.lr * self.weight_decay
            w -= rate * m / (np.sqrt(v) / correction + 1e-8)
