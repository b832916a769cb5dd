"""A tokenizer trained on the corpus itself: frequent words stay whole, rare ones fall into pieces.

The pieces are those of a unigram language model (Kudo 2018, 'Subword Regularization'), found by
sentencepiece, as in ALBERT. A piece that begins a word begins with '▁', which stands for the blank before it.
"""

import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.backend import Array
from minigrad.data import files
from minigrad.serialization import load, save
from minigrad.tensor import Tensor

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL))

_ENOUGH = (
    2_000_000  # characters to train on: from longer texts every second line is taken, or every third, ...
)


class Tokenizer:
    """Turns text into numbers of pieces and back; the first five numbers are special.

    Made by `Tokenizer.train`, `Tokenizer.cached` or `Tokenizer.load`.

    Parameters
    ----------
    model : bytes
        What sentencepiece trained.
    corpus : str
        The checksum of the text it was trained on.

    Attributes
    ----------
    pieces : tuple of str
        All pieces; a piece's number is its place here. `PAD`, `UNK`, `CLS`, `SEP` and `MASK` come first.
    starts_word : array, bool (V,)
        Whether a piece begins a word.

    Examples
    --------
    >>> tokenizer = Tokenizer.train("the lobster and the other lobsters rest there " * 9, vocab_size=20)
    >>> tokenizer.decode(tokenizer.encode("the lobster rests"))
    'the lobster rests'
    """

    def __init__(self, model: bytes, corpus: str) -> None:
        self._model, self.corpus = model, corpus
        self._processor = _sentencepiece().SentencePieceProcessor(model_proto=model)
        self.pieces = tuple(self._processor.id_to_piece(list(range(len(self._processor)))))
        if self.pieces[: len(SPECIAL)] != SPECIAL:
            raise ValueError(
                f"Tokenizer: expected a model whose first pieces are {', '.join(SPECIAL)}, "
                f"got one with {', '.join(self.pieces[: len(SPECIAL)])}"
            )
        self.starts_word = np.array([piece.startswith("▁") for piece in self.pieces])

    @classmethod
    def train(cls, text: str, vocab_size: int) -> "Tokenizer":
        """Find the pieces of a text.

        Parameters
        ----------
        text : str
        vocab_size : int
            How many pieces, the special ones among them.

        Raises
        ------
        ValueError
            If the text has too few characters or words for that many pieces, or too many for that few.
        """
        spm, stream = _sentencepiece(), io.BytesIO()
        lines = [line for line in text.splitlines() if line.strip()]
        every = -(-len(text) // _ENOUGH)
        try:
            spm.SentencePieceTrainer.train(
                sentence_iterator=iter(lines[::every]),
                max_sentence_length=4 * len(text) + 1,  # in bytes; longer lines would be left out
                model_writer=stream,
                model_type="unigram",
                vocab_size=vocab_size,
                character_coverage=1.0,
                normalization_rule_name="identity",
                pad_id=PAD,
                unk_id=UNK,
                bos_id=-1,
                eos_id=-1,
                pad_piece=SPECIAL[PAD],
                unk_piece=SPECIAL[UNK],
                control_symbols=list(SPECIAL[CLS:]),
                user_defined_symbols=["<unk>"] if "<unk>" in text else [],
                num_threads=1,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise ValueError(f"Tokenizer.train: {vocab_size} pieces do not suit this text: {error}") from None
        return cls(stream.getvalue(), checksum(text))

    @classmethod
    def cached(cls, text: str, vocab_size: int, folder: str | os.PathLike[str] | None = None) -> "Tokenizer":
        """The tokenizer of a text: loaded if it was trained before, else trained and saved.

        Parameters
        ----------
        text : str
        vocab_size : int
        folder : path, optional
            Where it is kept, under a name made of the text's checksum and the number of pieces; in the folder
            `tokenizers` among the data sets if None.

        Raises
        ------
        ValueError
            If the kept file is damaged or belongs to something else, or training is refused.
        """
        folder = Path(folder) if folder else files.data_folder() / "tokenizers"
        corpus = checksum(text)
        path = folder / f"unigram-{corpus[:12]}-{vocab_size}.safetensors"
        if path.exists():
            return cls.load(path, corpus, vocab_size)
        tokenizer = cls.train(text, vocab_size)
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(path)
        return tokenizer

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file with a checksum."""
        model = np.frombuffer(self._model, np.uint8)
        save({"kind": "tokenizer", "corpus": self.corpus, "vocab_size": len(self), "model": model}, path)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], corpus: str | None = None, vocab_size: int | None = None
    ) -> "Tokenizer":
        """What `save` wrote.

        Parameters
        ----------
        path : path
        corpus : str, optional
            The `checksum` of the text that it has to be trained on.
        vocab_size : int, optional
            How many pieces it has to have.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, is no tokenizer's, or belongs to another text or number of pieces.
        """
        content = load(path)
        if not isinstance(content, dict) or content.get("kind") != "tokenizer":
            raise ValueError(f"{path} holds no tokenizer of minigrad")
        for name, expected in (("corpus", corpus), ("vocab_size", vocab_size)):
            if expected is not None and content[name] != expected:
                raise ValueError(
                    f"{path} is the tokenizer of something else: "
                    f"expected {name} {expected}, found {content[name]}"
                )
        model: Tensor = content["model"]
        return cls(model.numpy().tobytes(), content["corpus"])

    def encode(self, text: str) -> Array:
        """The text as numbers of pieces, int64 (N,); a character without a piece is `UNK`."""
        return np.array(self._processor.encode(text), np.int64)

    def encode_all(self, texts: Sequence[str]) -> list[Array]:
        """`encode` of many texts, faster than one by one."""
        return [np.array(ids, np.int64) for ids in self._processor.encode(list(texts))]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of numbers of pieces; special ones are shown by name."""
        pieces = [self.pieces[number] for number in ids]
        return "".join(f"▁{p}" if p in SPECIAL else p for p in pieces).replace("▁", " ").removeprefix(" ")

    def __len__(self) -> int:
        """The number of pieces, V."""
        return len(self.pieces)

    def __repr__(self) -> str:
        return f"Tokenizer({len(self)} pieces)"


def checksum(text: str) -> str:
    """The SHA-256 sum of a text, by which a tokenizer knows its corpus."""
    return hashlib.sha256(text.encode()).hexdigest()


def _sentencepiece() -> Any:
    try:
        import sentencepiece
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the tokenizer needs sentencepiece: pip install 'minigrad[text]'"
        ) from error
    return sentencepiece
