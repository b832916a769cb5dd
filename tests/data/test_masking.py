from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data.masking import IGNORED, NGramMasking
from minigrad.data.tokenizer import CLS, MASK, PAD, SEP, SPECIAL


class Vocabulary(SimpleNamespace):
    """Stands in for a tokenizer: pieces of even numbers begin words."""

    size = 40

    def __init__(self):
        super().__init__(starts_word=(np.arange(self.size) % 2 == 0) & (np.arange(self.size) >= len(SPECIAL)))

    def __len__(self):
        return self.size


VOCABULARY = Vocabulary()


def rows(rng, count, length):
    """[CLS] tokens [SEP] tokens [SEP], some padded."""
    ids = rng.integers(len(SPECIAL), Vocabulary.size, (count, length))
    ids[:, 0], ids[:, length // 2] = CLS, SEP
    for row, end in zip(ids, rng.integers(length // 2 + 1, length, count), strict=True):
        row[end:] = PAD
        row[end] = SEP
    return ids


def words_of(row):
    """The word number of each place, -1 for special tokens, found one by one."""
    found, word, inside = [], -1, False
    for token in row:
        if token < len(SPECIAL):
            found.append(-1)
            inside = False
            continue
        if VOCABULARY.starts_word[token] or not inside:
            word += 1
        inside = True
        found.append(word)
    return np.array(found)


@given(st.integers(0, 2**32), st.integers(4, 60), st.sampled_from([0.15, 0.5]))
def test_whole_words_within_the_rate_and_nothing_special(seed, length, rate):
    rng = np.random.default_rng(seed)
    ids = rows(rng, 5, length)
    before = ids.copy()
    inputs, targets = NGramMasking(VOCABULARY, rate)(ids, rng)
    np.testing.assert_array_equal(ids, before)
    chosen = targets != IGNORED
    np.testing.assert_array_equal(targets[chosen], ids[chosen])
    np.testing.assert_array_equal(inputs[~chosen], ids[~chosen])
    assert not chosen[ids < len(SPECIAL)].any()
    assert ((inputs[chosen] == MASK) | (inputs[chosen] >= len(SPECIAL))).all()
    for row, marks in zip(ids, chosen, strict=True):
        words = words_of(row)
        assert marks.sum() <= max(1, round(rate * (words >= 0).sum()))
        for word in np.unique(words[marks]):
            assert marks[words == word].all()


def many(rate=0.15, longest=3):
    rng = np.random.default_rng(0)
    ids = rng.integers(len(SPECIAL), Vocabulary.size, (60, 400))
    return ids, *NGramMasking(VOCABULARY, rate, longest)(ids, rng)


def test_rates():
    ids, inputs, targets = many()
    chosen = targets != IGNORED
    count = chosen.sum()
    assert chosen.mean() == pytest.approx(0.15, abs=0.002)
    masked, kept = inputs[chosen] == MASK, inputs[chosen] == ids[chosen]
    # a random token is the right one by chance, too
    same = 0.1 / (Vocabulary.size - len(SPECIAL))
    assert masked.mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / count))
    assert kept.mean() == pytest.approx(0.1 + same, abs=4 * np.sqrt(0.09 / count))
    other = inputs[chosen][~masked & ~kept]
    assert set(other) == set(range(len(SPECIAL), Vocabulary.size))


def test_lengths_are_proportional_to_1_over_n(monkeypatch):
    counts = np.zeros(4)
    masking = NGramMasking(VOCABULARY, rate=0.02)  # so few that they hardly ever meet
    rng = np.random.default_rng(0)
    for _ in range(60):
        row = np.full(400, 6)  # words of one token
        for start, end in masking._spans(row, rng)[:-1]:  # the last has to fit into what is left
            counts[end - start] += 1
    share = counts[1:] / counts.sum()
    assert np.abs(share - np.array([6, 3, 2]) / 11).max() < 5 * np.sqrt(0.25 / counts.sum())


def test_longest_is_kept():
    masking = NGramMasking(VOCABULARY, 0.15, longest=1)
    spans = masking._spans(np.full(400, 6), np.random.default_rng(0))
    assert {end - start for start, end in spans} == {1}
    assert len(spans) == 60


def test_no_ngram_crosses_a_special_token():
    rng = np.random.default_rng(0)
    row = np.array([CLS, *[6, SEP] * 30])
    spans = [NGramMasking(VOCABULARY, 0.9)._spans(row, rng) for _ in range(20)]
    assert {end - start for found in spans for start, end in found} == {1}


def test_repeats_with_its_generator():
    ids = rows(np.random.default_rng(0), 8, 50)
    masking = NGramMasking(VOCABULARY)
    first, second, other = (masking(ids, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first[0] != other[0]).any()


def test_a_row_without_words():
    inputs, targets = NGramMasking(VOCABULARY)(np.array([[CLS, SEP, SEP]]), np.random.default_rng(0))
    assert inputs.tolist() == [[CLS, SEP, SEP]]
    assert (targets == IGNORED).all()


def test_errors():
    with pytest.raises(ValueError, match="rate must be between 0 and 1, got 1"):
        NGramMasking(VOCABULARY, 1)
    with pytest.raises(ValueError, match="longest must be at least 1, got 0"):
        NGramMasking(VOCABULARY, longest=0)
