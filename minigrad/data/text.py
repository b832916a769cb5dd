"""TextCorpus: a text as numbers, and windows of it for learning to predict what comes next."""

import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np

from minigrad.backend import Array
from minigrad.data.dataset import Dataset

Level: TypeAlias = Literal["char", "word"]

# A word takes the blank before it along, as in GPT-2; so the pieces of a text, joined, are the text.
TOKEN = {"char": re.compile(r".", re.DOTALL), "word": re.compile(r" ?\w+| ?[^\w\s]+|\s")}


class TextCorpus:
    """A text, split into characters or words and numbered; its end is kept for validation.

    Parameters
    ----------
    text : str
    level : {'char', 'word'}
        What gets a number: each character; or each word or run of punctuation, with the blank before it.
    valid_fraction : float
        How much of the text, at its end, is kept for validation.

    Attributes
    ----------
    vocabulary : tuple of str
        All different tokens, sorted; a token's number is its place here.
    train, valid : array, int64
        The two parts of the text as token numbers.

    Raises
    ------
    ValueError
        If the level is unknown, the text is empty, or the fraction is not in [0, 1).

    Examples
    --------
    >>> corpus = TextCorpus("to be, or not to be", level="word", valid_fraction=0)
    >>> corpus.vocabulary
    (' be', ' not', ' or', ' to', ',', 'to')
    >>> corpus.train.tolist()
    [5, 0, 4, 2, 1, 3, 0]
    >>> corpus.decode([2, 1])
    ' or not'
    """

    def __init__(self, text: str, level: Level = "char", valid_fraction: float = 0.1) -> None:
        if level not in TOKEN:
            raise ValueError(f"TextCorpus: level must be 'char' or 'word', got {level!r}")
        if not text:
            raise ValueError("TextCorpus: the text is empty")
        if not 0 <= valid_fraction < 1:
            raise ValueError(f"TextCorpus: valid_fraction must be in [0, 1), got {valid_fraction}")
        self.level = level
        self.vocabulary = tuple(sorted(set(TOKEN[level].findall(text))))
        self._number = {token: number for number, token in enumerate(self.vocabulary)}
        ids = self.encode(text)
        self.train, self.valid = np.split(ids, [len(ids) - int(len(ids) * valid_fraction)])

    @classmethod
    def python_topics(cls, level: Level = "char", valid_fraction: float = 0.1) -> "TextCorpus":
        """The language reference that every Python carries for its `help()`.

        Nearly half a million characters; it differs a little between versions of Python.
        """
        from pydoc_data.topics import topics

        return cls("\n".join(topics[name] for name in sorted(topics)), level, valid_fraction)

    def encode(self, text: str) -> Array:
        """The text as token numbers, int64 (N,).

        Raises
        ------
        ValueError
            If the text holds a token that the corpus does not have.
        """
        tokens = TOKEN[self.level].findall(text)
        try:
            return np.array([self._number[token] for token in tokens], np.int64)
        except KeyError as error:
            raise ValueError(f"TextCorpus.encode: {error.args[0]!r} is not in the vocabulary") from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token numbers: the inverse of `encode`."""
        return "".join(self.vocabulary[number] for number in ids)

    def windows(self, length: int, split: Literal["train", "valid"] = "train") -> "Windows":
        """The part of the text cut into windows, for a `DataLoader`.

        Parameters
        ----------
        length : int
            Tokens in a window.
        split : {'train', 'valid'}
        """
        if split not in ("train", "valid"):
            raise ValueError(f"TextCorpus.windows: split must be 'train' or 'valid', got {split!r}")
        return Windows(self.train if split == "train" else self.valid, length)

    def __repr__(self) -> str:
        return (
            f"TextCorpus({len(self.train)} + {len(self.valid)} tokens of level {self.level!r}, "
            f"{len(self.vocabulary)} different)"
        )


class Windows(Dataset):
    """A long row of tokens cut into windows side by side.

    Sample i is `(input, target)`: `length` tokens, and those that follow each of them.

    Parameters
    ----------
    ids : array, int64 (N,)
    length : int

    Raises
    ------
    ValueError
        If not even one window fits.

    Examples
    --------
    >>> dataset = Windows(np.arange(8), length=3)
    >>> [(x.tolist(), y.tolist()) for x, y in dataset]
    [([0, 1, 2], [1, 2, 3]), ([3, 4, 5], [4, 5, 6])]
    """

    def __init__(self, ids: Array, length: int) -> None:
        count = (len(ids) - 1) // length if length > 0 else 0
        if count < 1:
            raise ValueError(
                f"Windows: a window of {length} tokens and the one after it do not fit into {len(ids)}"
            )
        self.inputs = ids[: count * length].reshape(count, length)
        self.targets = ids[1 : count * length + 1].reshape(count, length)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        return self.inputs[index], self.targets[index]

    def __getitems__(self, indices: Array) -> tuple[Array, Array]:
        return self.inputs[indices], self.targets[indices]
