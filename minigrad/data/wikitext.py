"""WikiText-2: good articles of Wikipedia, split into words by its authors.

S. Merity, C. Xiong, J. Bradbury & R. Socher, "Pointer Sentinel Mixture Models", 2016. 600 articles for
training, 60 for validation and 60 for testing; rare words are `<unk>`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from minigrad.data import files

Document = list[str]  # its paragraphs

# " = Title = " opens an article, " = = Section = = " a section of it; both stand between empty lines.
_TITLE = re.compile(r" = (?!= ).*(?<! =) = ")
_HEADING = re.compile(r"= .* =")
# A full stop that ends a sentence is a word of its own; closing quotation marks and brackets belong to it.
_SENTENCE_END = re.compile(r"(?<= [.!?])((?: [\"')])*) (?=\S)")


class WikiText2:
    """The articles of one part of WikiText-2.

    Parameters
    ----------
    split : {'train', 'valid', 'test'}
    root : path, optional
        The folder that holds `wikitext-2`; `$MINIGRAD_DATA` or the user's cache folder if None.
    download : bool
        Fetch the files first, if they are not there.

    Attributes
    ----------
    text : str
        The file as it is.
    documents : list of list of str
        For each article its paragraphs, the title and other headings among them.

    Raises
    ------
    FileNotFoundError
        If the files are not there, saying how to get them.
    ValueError
        If the split is unknown, or a file is damaged or no WikiText file, naming it.
    """

    name = "wikitext2"

    def __init__(
        self,
        split: Literal["train", "valid", "test"] = "train",
        root: str | Path | None = None,
        download: bool = False,
    ) -> None:
        if split not in ("train", "valid", "test"):
            raise ValueError(f"WikiText2: split must be 'train', 'valid' or 'test', got {split!r}")
        folder = files.fetch(self.name, root) if download else files.find(self.name, root)
        path = folder / f"wiki.{split}.tokens"
        self.text = files.read_text(path)
        self.documents = documents(self.text)
        if not self.documents:
            raise ValueError(f"{path} is not a WikiText file: no line ' = Title = ' opens an article")

    def sentences(self) -> list[list[str]]:
        """For each article its sentences, without headings: those would tell order without reading."""
        return [sentences(document) for document in self.documents]

    def __repr__(self) -> str:
        return f"WikiText2({len(self.documents)} articles, {len(self.text.split())} words)"


def documents(text: str) -> list[Document]:
    r"""The articles of a text in WikiText's format, each a list of its paragraphs.

    Examples
    --------
    >>> documents(" \n = Lobsters = \n \n They live . \n \n = = Uses = = \n \n Eaten . \n")
    [['= Lobsters =', 'They live .', '= = Uses = =', 'Eaten .']]
    """
    lines = ["", *text.split("\n"), ""]
    articles: list[Document] = []
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        # in running text a formula may look like a title
        if _TITLE.fullmatch(line) and not before.strip() and not after.strip():
            articles.append([])
        if articles and line.strip():
            articles[-1].append(line.strip())
    return articles


def sentences(paragraphs: Sequence[str]) -> list[str]:
    """The sentences of paragraphs, without headings.

    Examples
    --------
    >>> sentences(["= Lobsters =", 'He said : " Run ! " They ran . J. Smith did not .'])
    ['He said : " Run ! "', 'They ran .', 'J. Smith did not .']
    """
    return [
        sentence
        for paragraph in paragraphs
        if not _HEADING.fullmatch(paragraph)
        for sentence in _SENTENCE_END.sub(r"\1\n", paragraph).split("\n")
    ]
