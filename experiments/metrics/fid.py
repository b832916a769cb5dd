"""Fréchet distance between two clouds of features, each taken for a normal distribution.

Heusel et al. (2017), 'GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium'.
"""

from typing import Any

import numpy as np

from minigrad.backend import Array


class Moments:
    """Mean and covariance of features that come batch by batch, in float64.

    Each batch is centred before it is squared, and merged by the rule of Chan, Golub & LeVeque (1979): plain
    sums of squares would lose the covariance of features that are far from zero to rounding.

    Attributes
    ----------
    count : int
    mean : array, (D,)

    Examples
    --------
    >>> moments = Moments()
    >>> moments.add(np.array([[0.0, 1.0]]))
    >>> moments.add(np.array([[2.0, 1.0], [4.0, 1.0]]))
    >>> moments.mean.tolist(), moments.covariance.tolist()
    ([2.0, 1.0], [[4.0, 0.0], [0.0, 0.0]])
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean: Any = 0.0
        self._scatter: Any = 0.0

    def add(self, features: Array) -> None:
        """Take a batch of features, (N, D), in.

        Raises
        ------
        ValueError
            If it is no matrix, has another D than those before, or holds what is no number.
        """
        if features.ndim != 2 or (self.count and features.shape[1:] != self.mean.shape):
            expected = f"(N, {len(self.mean)})" if self.count else "(N, D)"
            raise ValueError(f"Moments: expected features {expected}, got shape {features.shape}")
        if not np.isfinite(features).all():
            raise ValueError("Moments: some features are infinite or not a number")
        if not len(features):
            return
        batch = features.astype(np.float64)
        mean = batch.mean(0)
        batch -= mean
        total = self.count + len(batch)
        shift = mean - self.mean
        self._scatter = (
            self._scatter + batch.T @ batch + np.outer(shift, shift) * (self.count * len(batch) / total)
        )
        self.mean = self.mean + shift * (len(batch) / total)
        self.count = total

    @property
    def covariance(self) -> Array:
        """The unbiased covariance, (D, D).

        Raises
        ------
        ValueError
            If there are fewer than two samples.
        """
        if self.count < 2:
            raise ValueError(f"Moments: a covariance needs two samples at least, got {self.count}")
        return self._scatter / (self.count - 1)  # type: ignore[no-any-return]


def frechet_distance(a: Moments, b: Moments) -> float:
    """|mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)), for covariances A and B.

    The trace of (A B)^(1/2) is the sum of the singular values of A^(1/2) B^(1/2). Both roots are those of
    symmetric matrices, so nothing becomes complex, and nothing is inverted: A and B may be singular.

    Notes
    -----
    The distance of N images to the truth is too large on average, by about c / N with a c that depends on
    the images. Compare equal N only, or see `fid_infinity`.

    Examples
    --------
    >>> a, b = Moments(), Moments()
    >>> a.add(np.array([[0.0], [2.0]]))
    >>> b.add(np.array([[1.0], [5.0]]))
    >>> round(frechet_distance(a, b), 9)  # 2 ** 2 + (sqrt(2) - sqrt(8)) ** 2
    6.0
    """
    of_a, of_b = a.covariance, b.covariance
    if of_a.shape != of_b.shape:
        raise ValueError(f"frechet_distance: {len(of_a)} features cannot be compared with {len(of_b)}")
    root_of_product = np.linalg.svd(_root(of_a) @ _root(of_b), compute_uv=False).sum()
    distance = ((a.mean - b.mean) ** 2).sum() + np.trace(of_a) + np.trace(of_b) - 2 * root_of_product
    return max(0.0, float(distance))  # rounding may leave less than nothing of two equal clouds


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def fid_infinity(features: Array, reference: Moments, sizes: int = 15, seed: int = 0) -> tuple[float, float]:
    """The distance that infinitely many images would have, by a line through distances over 1 / N.

    Chong & Forsyth (2020), 'Effectively Unbiased FID and Inception Score and where to find them', section 4.

    Parameters
    ----------
    features : array, (N, D)
    reference : Moments
    sizes : int
        How many points the line is fitted to: random choices of a tenth of the images, up to all.
    seed : int

    Returns
    -------
    tuple of float
        The distance at 1 / N = 0, and the line's slope, the c of the bias c / N.

    Raises
    ------
    ValueError
        If there are fewer than twenty images, or two sizes.
    """
    if len(features) < 20 or sizes < 2:
        raise ValueError(
            f"fid_infinity: expected twenty images and two sizes at least, got {len(features)} and {sizes}"
        )
    rng = np.random.default_rng(seed)
    counts = np.linspace(len(features) / 10, len(features), sizes).astype(int)
    distances = []
    for count in counts:
        chosen = Moments()
        chosen.add(features[rng.choice(len(features), count, replace=False)])
        distances.append(frechet_distance(chosen, reference))
    slope, distance = np.polyfit(1 / counts, distances, 1)
    return float(distance), float(slope)
