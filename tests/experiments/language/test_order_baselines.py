"""Baselines on sentences whose order is told by pairs of words, by single words, or by nothing."""

import numpy as np
import pytest

from experiments.language.order_baselines import logistic_accuracy, word_pairs, words, year_accuracy
from minigrad.data import SentencePairs


def corpus(rng, make, documents=200):
    """Documents of two sentences of five tokens each: exactly one pair each."""
    return SentencePairs([[np.array(s) for s in make(rng)] for _ in range(documents)], length=5)


def noise(rng):
    return rng.integers(10, 30, 5), rng.integers(10, 30, 5)


def circling(rng):
    """0 is followed by 1, 1 by 2, and 2 by 0: each of them stands before as often as behind."""
    first, second = noise(rng)
    first[0] = rng.integers(0, 3)
    second[0] = (first[0] + 1) % 3
    return first, second


def marked(rng):
    first, second = noise(rng)
    first[2] = 5
    return first, second


@pytest.mark.parametrize(
    ("make", "features", "lowest", "highest"),
    [
        (noise, words, 0.4, 0.6),
        (noise, word_pairs, 0.4, 0.6),
        (marked, words, 0.99, 1),
        (circling, words, 0.4, 0.6),
        (circling, word_pairs, 0.95, 1),
    ],
)
def test_logistic_regression_tells_what_there_is_to_tell(rng, make, features, lowest, highest):
    train, valid = corpus(rng, make, 1000), corpus(rng, make, 400)
    assert lowest <= logistic_accuracy(train, valid, features, 30, 1e-3) <= highest


def test_years():
    pairs = [("in 1850 and 1860", "in 1900"), ("in 1999", "in 12345"), ("2010", "1066 ."), ("1990", "1990")]
    assert year_accuracy(pairs) == (0.5, 0.5)
    assert year_accuracy(pairs[:1]) == (1.0, 1.0)
