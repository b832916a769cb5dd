from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import NGramMasking, SentencePairs
from minigrad.data.pairs import arrange, pretraining_batch
from minigrad.data.tokenizer import CLS, PAD, SEP
from tests.data.test_masking import VOCABULARY


def numbered(lengths):
    """Documents whose tokens are 5, 6, 7, ...: where each stood can be read off it."""
    count, documents = 5, []
    for document in lengths:
        documents.append([])
        for length in document:
            documents[-1].append(np.arange(count, count + length))
            count += length
    return documents


@given(st.lists(st.lists(st.integers(1, 9), max_size=8), max_size=5), st.integers(1, 12))
def test_pairs_are_whole_sentences_of_one_document_in_a_row(lengths, length):
    documents = numbered(lengths)
    fitting = sum(
        len(a) <= length and len(b) <= length for document in documents for a, b in pairwise(document)
    )
    if not fitting:
        with pytest.raises(ValueError, match=f"no two sentences in a row have at most {length} tokens each"):
            SentencePairs(documents, length)
        return
    pairs = SentencePairs(documents, length)
    assert len(pairs) == fitting
    sentence_of = {
        int(t): (d, s) for d, doc in enumerate(documents) for s, ids in enumerate(doc) for t in ids
    }
    for first, second in pairs:
        both = np.concatenate([first, second])
        np.testing.assert_array_equal(both, np.arange(first[0], first[0] + len(both)))  # consecutive
        assert len({sentence_of[int(t)][0] for t in both}) == 1  # one document
        assert sentence_of[int(first[-1])] != sentence_of[int(second[0])]
        for part in (first, second):
            assert 1 <= len(part) <= length
            places = {sentence_of[int(t)] for t in part}
            assert len(part) == sum(len(documents[d][s]) for d, s in places)  # whole sentences
        # no further sentence would have fitted
        document, before = sentence_of[int(first[0])]
        assert before == 0 or len(first) + len(documents[document][before - 1]) > length
        after = sentence_of[int(second[-1])][1] + 1
        assert after == len(documents[document]) or len(second) + len(documents[document][after]) > length


def test_arranged_batches():
    pairs = SentencePairs(numbered([[2, 3, 1], [4, 2]]), 4)
    chosen = pairs.__getitems__(np.arange(len(pairs)).repeat(200))
    batch = arrange(chosen, np.random.default_rng(0))
    assert batch["swapped"].mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / len(chosen)))
    for (first, second), ids, segments, seen, swapped in zip(
        chosen, *(batch[key] for key in ("ids", "segments", "attention_mask", "swapped")), strict=True
    ):
        a, b = (second, first) if swapped else (first, second)
        real = [CLS, *a, SEP, *b, SEP]
        assert ids.tolist() == real + [PAD] * (len(ids) - len(real))
        assert seen.tolist() == [True] * len(real) + [False] * (len(ids) - len(real))
        assert segments[: len(real)].tolist() == [0] * (len(a) + 2) + [1] * (len(b) + 1)
        # the label can be read off the tokens, which are numbered in their order
        assert (a[0] > b[0]) == swapped
    assert batch["attention_mask"].any(0).all()  # no wider than the longest


def test_pretraining_batch():
    pairs = SentencePairs(numbered([[3, 4, 5, 6, 7]]), 8)
    masking = NGramMasking(VOCABULARY, 0.3)
    batch = pretraining_batch(list(pairs) * 20, masking, np.random.default_rng(0))
    plain = arrange(list(pairs) * 20, np.random.default_rng(0))
    np.testing.assert_array_equal(batch["swapped"], plain["swapped"])
    np.testing.assert_array_equal(plain["ids"].ravel()[batch["positions"]], batch["targets"])
    changed = np.flatnonzero(batch["ids"] != plain["ids"])
    assert set(changed) <= set(batch["positions"])
    assert 0.7 < len(changed) / len(batch["positions"]) < 1
    np.testing.assert_array_equal(
        batch["ids"], pretraining_batch(list(pairs) * 20, masking, np.random.default_rng(0))["ids"]
    )
