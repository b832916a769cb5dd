"""Inception Score: every image should be of one clear class, and all of them together of every class."""

import numpy as np

from minigrad.backend import Array


def inception_score(logits: Array, splits: int = 10) -> tuple[float, float]:
    """The exponential of the mean divergence between p(class | image) and p(class) of all images.

    The divergence is Kullback and Leibler's. The score is between 1 (all images look alike to the classifier)
    and the number of classes. Salimans et al. (2016), 'Improved Techniques for Training GANs', section 4.

    Parameters
    ----------
    logits : array, (N, classes)
        Of a classifier, one row for each image.
    splits : int
        The images are divided, in their order, into so many parts, and each has a score of its own.

    Returns
    -------
    tuple of float
        Mean and (population) standard deviation over the parts. The deviation says how much the choice of
        images matters, not the choice of a seed in training.

    Raises
    ------
    ValueError
        If there are fewer images than parts, or `logits` is no matrix.

    Examples
    --------
    >>> logits = 50 * np.eye(4)
    >>> [round(value, 6) for value in inception_score(logits, splits=1)]
    [4.0, 0.0]
    """
    if logits.ndim != 2 or not 1 <= splits <= len(logits):
        raise ValueError(
            f"inception_score: expected logits (N, classes) of at least {splits} images, got {logits.shape}"
        )
    scores = [_score(part) for part in np.array_split(logits.astype(np.float64), splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(logits: Array) -> float:
    shifted = logits - logits.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    p = np.exp(log_p)
    marginal = p.mean(0)
    # where a class has no probability at all, in float64, it adds nothing to the divergence
    log_marginal = np.log(marginal, where=marginal > 0, out=np.zeros_like(marginal))
    return float(np.exp((p * (log_p - log_marginal)).sum(1).mean()))
