"""Tiny Shakespeare: a million characters of his plays, the classic first corpus of a language model.

A. Karpathy, "The Unreasonable Effectiveness of Recurrent Neural Networks", 2015.
"""

from pathlib import Path

from minigrad.data import files
from minigrad.data.text import Level, TextCorpus


class Shakespeare(TextCorpus):
    """The plays as a `TextCorpus`; the last tenth is for validation.

    Parameters
    ----------
    root : path, optional
        The folder that holds `tinyshakespeare`; `$MINIGRAD_DATA` or the user's cache folder if None.
    level : {'char', 'word'}
        What gets a number.
    download : bool
        Fetch the file first, if it is not there.

    Raises
    ------
    FileNotFoundError
        If the file is not there, saying how to get it.
    ValueError
        If the file is not UTF-8 text, naming it.
    """

    name = "shakespeare"

    def __init__(self, root: str | Path | None = None, level: Level = "char", download: bool = False) -> None:
        folder = files.fetch(self.name, root) if download else files.find(self.name, root)
        super().__init__(files.read_text(folder / "input.txt"), level, valid_fraction=0.1)
