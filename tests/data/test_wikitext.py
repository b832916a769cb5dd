import zipfile
from dataclasses import replace
from hashlib import md5

import pytest

from minigrad.data import WikiText2, files
from minigrad.data.wikitext import documents, sentences
from tests.data.corpora import write_wikitext


def test_articles_and_sentences(tmp_path):
    write_wikitext(tmp_path)
    corpus = WikiText2("train", tmp_path)
    assert [document[0] for document in corpus.documents] == [f"= Article {i} =" for i in range(8)]
    assert all(document[2] == "= = Description = =" and len(document) == 5 for document in corpus.documents)
    for document, found in zip(corpus.documents, corpus.sentences(), strict=True):
        assert len(found) == 10
        assert " ".join(found) == " ".join([document[1], *document[3:]])
        assert all(sentence.endswith(" .") and sentence.count(" .") == 1 for sentence in found)
    assert WikiText2("valid", tmp_path).text != corpus.text
    assert repr(corpus) == f"WikiText2(8 articles, {len(corpus.text.split())} words)"


def test_no_article_is_lost_and_none_is_invented():
    text = " \n = One = \n \n = = Part = = \n \n x = y \n = z = \n = w = \n \n = Two = Three = \n \n End . \n"
    assert documents(text) == [
        ["= One =", "= = Part = =", "x = y", "= z =", "= w ="],
        ["= Two = Three =", "End ."],
    ]
    assert documents("no title \n") == []


@pytest.mark.parametrize(
    ("paragraph", "found"),
    [
        ("One . Two ! Three ? Four", ["One .", "Two !", "Three ?", "Four"]),
        ('" Go ! " he said . ( Yes . ) No .', ['" Go ! "', "he said .", "( Yes . )", "No ."]),
        ("H. americanus weighs 0 @.@ 7 – 2 @.@ 2 kg .", ["H. americanus weighs 0 @.@ 7 – 2 @.@ 2 kg ."]),
        ("= = = Heading = = =", []),
    ],
)
def test_sentences(paragraph, found):
    assert sentences([paragraph]) == found


def test_fetch_unpacks_the_zip(tmp_path, monkeypatch):
    folder = write_wikitext(tmp_path / "authors")
    root = tmp_path / "data"
    root.mkdir()
    archive = root / "wikitext-2-v1.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in folder.iterdir():
            packed.write(path, f"wikitext-2/{path.name}")
        packed.writestr("wikitext-2/../../elsewhere", "this must not be unpacked")
    source = replace(files.SOURCES["wikitext2"], md5=md5(archive.read_bytes()).hexdigest())
    monkeypatch.setitem(files.SOURCES, "wikitext2", source)
    assert WikiText2("test", root, download=True).text == (folder / "wiki.test.tokens").read_text("utf-8")
    assert sorted(path.name for path in tmp_path.rglob("*")).count("elsewhere") == 0


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="split must be 'train', 'valid' or 'test', got 'dev'"):
        WikiText2("dev", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"(?s)wikitext2 is not here.*Without data: .*python_topics"):
        WikiText2("train", tmp_path)
    folder = write_wikitext(tmp_path)
    (folder / "wiki.valid.tokens").write_text("<html>not found</html>")
    with pytest.raises(ValueError, match=r"wiki.valid.tokens is not a WikiText file"):
        WikiText2("valid", tmp_path)
