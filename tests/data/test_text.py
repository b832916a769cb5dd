import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import DataLoader, TextCorpus
from minigrad.data.text import Windows
from minigrad.random import Generator


@given(st.text(min_size=1), st.sampled_from(["char", "word"]), st.sampled_from([0, 0.1, 0.5]))
def test_nothing_of_the_text_is_lost(text, level, fraction):
    corpus = TextCorpus(text, level, fraction)
    assert corpus.decode(corpus.encode(text)) == text
    assert corpus.decode(corpus.train) + corpus.decode(corpus.valid) == text
    assert corpus.train.dtype == corpus.valid.dtype == np.int64
    assert len(corpus.valid) == int(fraction * (len(corpus.train) + len(corpus.valid)))


def test_characters():
    corpus = TextCorpus("banana\n", valid_fraction=0)
    assert corpus.vocabulary == ("\n", "a", "b", "n")
    assert corpus.train.tolist() == [2, 1, 3, 1, 3, 1, 0]


def test_words():
    corpus = TextCorpus("Stop! he said... no?  \nno", level="word", valid_fraction=0.2)
    tokens = [corpus.vocabulary[i] for i in (*corpus.train, *corpus.valid)]
    assert tokens == ["Stop", "!", " he", " said", "...", " no", "?", " ", " ", "\n", "no"]
    assert len(corpus.valid) == 2
    assert corpus.vocabulary == tuple(sorted(set(tokens)))


@pytest.mark.parametrize("level", ["char", "word"])
def test_the_corpus_in_every_python(level):
    corpus = TextCorpus.python_topics(level)
    assert len(corpus.train) > 9 * len(corpus.valid) > 50_000
    assert corpus.train.max() < len(corpus.vocabulary)
    assert (
        "with_item" in corpus.decode(corpus.encode("with_item"))
        if level == "char"
        else " the" in corpus.vocabulary
    )
    assert repr(corpus).endswith(f"{len(corpus.vocabulary)} different)")


@given(st.integers(2, 60), st.integers(1, 12))
def test_windows(count, length):
    ids = np.arange(100, 100 + count)
    if count <= length:
        with pytest.raises(
            ValueError, match=f"a window of {length} tokens and the one after it do not fit into {count}"
        ):
            Windows(ids, length)
        return
    windows = Windows(ids, length)
    assert len(windows) == (count - 1) // length
    for i, (inputs, targets) in enumerate(windows):
        assert inputs.tolist() == ids[i * length : (i + 1) * length].tolist()
        assert targets.tolist() == ids[i * length + 1 : (i + 1) * length + 1].tolist()


def test_windows_in_a_loader():
    corpus = TextCorpus("abcdefghijklmnopqrstuvwxyz" * 4)
    for split in ("train", "valid"):
        windows = corpus.windows(3, split)
        part = getattr(corpus, split)
        assert windows.inputs.ravel().tolist() == part[: len(part) - 1][: len(windows) * 3].tolist()
        batches = list(DataLoader(windows, 2, shuffle=True, generator=Generator(0)))
        assert sum(len(x) for x, _ in batches) == len(windows)
        for x, y in batches:
            assert y.shape == x.shape == (len(x), 3)
            assert ((y.numpy() - x.numpy()) % 26 == 1).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TextCorpus("abc", level="byte"), "level must be 'char' or 'word', got 'byte'"),
        (lambda: TextCorpus(""), "the text is empty"),
        (lambda: TextCorpus("abc", valid_fraction=1), r"valid_fraction must be in \[0, 1\), got 1"),
        (lambda: TextCorpus("abc").encode("abz"), "encode: 'z' is not in the vocabulary"),
        (lambda: TextCorpus("abc").windows(1, "test"), "split must be 'train' or 'valid', got 'test'"),
        (lambda: Windows(np.arange(5), 0), "a window of 0 tokens"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
