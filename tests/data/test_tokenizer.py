import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.data.corpora import WORDS, wikitext

pytest.importorskip("sentencepiece")

from minigrad.data.tokenizer import MASK, SPECIAL, UNK, Tokenizer, checksum

TEXT = wikitext(np.random.default_rng(0), 20)
TOKENIZER = Tokenizer.train(TEXT, 60)


@given(st.lists(st.sampled_from([*WORDS, "<unk>", "@-@", "A", "lobsters", "redeem"]), min_size=1))
def test_nothing_of_a_text_is_lost(words):
    text = " ".join(words)
    ids = TOKENIZER.encode(text)
    assert ids.dtype == np.int64
    assert ids.min() >= len(SPECIAL)
    assert TOKENIZER.decode(ids) == text
    assert TOKENIZER.starts_word[ids].sum() == len(words)


def test_pieces():
    assert TOKENIZER.pieces[:5] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    assert len(TOKENIZER) == len(TOKENIZER.pieces) == 60
    assert any(len(piece.strip("▁")) > 1 for piece in TOKENIZER.pieces[6:])
    assert "<unk>" in TOKENIZER.pieces
    assert UNK in TOKENIZER.encode("日 lobster")
    assert MASK not in TOKENIZER.encode("[MASK]")  # special tokens are never read out of a text
    assert TOKENIZER.decode([*TOKENIZER.encode("red"), MASK, *TOKENIZER.encode("claw")]) == "red [MASK] claw"


def test_many_texts_at_once():
    texts = ["the lobster", "", "red claw ."]
    for ids, text in zip(TOKENIZER.encode_all(texts), texts, strict=True):
        np.testing.assert_array_equal(ids, TOKENIZER.encode(text))


def test_training_repeats():
    assert Tokenizer.train(TEXT, 60).pieces == TOKENIZER.pieces


def test_is_trained_once(tmp_path, monkeypatch):
    first = Tokenizer.cached(TEXT, 60, tmp_path / "kept")
    monkeypatch.setattr(Tokenizer, "train", None)
    again = Tokenizer.cached(TEXT, 60, tmp_path / "kept")
    assert again.pieces == first.pieces
    assert again.encode(TEXT).tolist() == first.encode(TEXT).tolist()
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))
    (tmp_path / "kept").rename(tmp_path / "tokenizers")
    assert Tokenizer.cached(TEXT, 60).pieces == first.pieces


def test_another_text_or_size_has_a_file_of_its_own(tmp_path):
    for text, size in ((TEXT, 60), (TEXT, 61), (TEXT + "claws", 60)):
        Tokenizer.cached(text, size, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "tokenizer.safetensors"
    TOKENIZER.save(path)
    return path


@pytest.mark.parametrize("keep", [0, 7, 200, -1])
def test_a_truncated_file_is_refused(kept, keep):
    kept.write_bytes(kept.read_bytes()[:keep])
    with pytest.raises(ValueError, match=f"{re.escape(str(kept))} is damaged"):
        Tokenizer.load(kept)


def test_a_changed_file_is_refused(kept):
    content = bytearray(kept.read_bytes())
    content[-20] ^= 1
    kept.write_bytes(content)
    with pytest.raises(ValueError, match="do not match its checksum"):
        Tokenizer.load(kept)


def test_what_belongs_to_something_else_is_refused(kept, tmp_path):
    assert Tokenizer.load(kept, checksum(TEXT), 60).pieces == TOKENIZER.pieces
    with pytest.raises(ValueError, match="something else: expected vocab_size 4000, found 60"):
        Tokenizer.load(kept, vocab_size=4000)
    with pytest.raises(ValueError, match=f"expected corpus {checksum('other')}, found {checksum(TEXT)}"):
        Tokenizer.load(kept, corpus=checksum("other"))
    mg.save({"weight": mg.ones(2)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="holds no tokenizer of minigrad"):
        Tokenizer.load(tmp_path / "model.safetensors")
    with pytest.raises(FileNotFoundError):
        Tokenizer.load(tmp_path / "nothing")


def test_a_model_with_other_special_pieces_is_refused():
    import io

    import sentencepiece

    stream = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT.splitlines()), model_writer=stream, vocab_size=60, minloglevel=2
    )
    with pytest.raises(ValueError, match=r"first pieces are \[PAD\], .* got one with <unk>, <s>"):
        Tokenizer(stream.getvalue(), "")


@pytest.mark.parametrize("size", [8, 5000])
def test_sizes_that_do_not_suit_the_text(size):
    with pytest.raises(ValueError, match=f"{size} pieces do not suit this text"):
        Tokenizer.train(TEXT, size)
