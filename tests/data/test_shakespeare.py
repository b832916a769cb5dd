import pytest

from minigrad.data import Shakespeare
from tests.data.corpora import write_shakespeare


@pytest.mark.parametrize("level", ["char", "word"])
def test_the_text_in_two_parts(tmp_path, level):
    text = write_shakespeare(tmp_path)
    corpus = Shakespeare(tmp_path, level)
    assert corpus.decode(corpus.train) + corpus.decode(corpus.valid) == text
    assert len(corpus.valid) == (len(corpus.train) + len(corpus.valid)) // 10


def test_is_found_by_the_environment(tmp_path, monkeypatch):
    write_shakespeare(tmp_path)
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))
    assert repr(Shakespeare(download=True)) == repr(Shakespeare())


def test_absent_or_damaged(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"shakespeare is not here: there is no .*input.txt"):
        Shakespeare(tmp_path)
    write_shakespeare(tmp_path)
    path = tmp_path / "tinyshakespeare" / "input.txt"
    path.write_bytes(b"Speak \xff")
    with pytest.raises(ValueError, match=r"input.txt is damaged: it is not UTF-8"):
        Shakespeare(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"input.txt is damaged: it is empty"):
        Shakespeare(tmp_path)
