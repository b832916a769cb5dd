"""Gaps for a model to fill: words in a row are hidden, and what stood there is the target."""

import numpy as np

from minigrad.backend import Array
from minigrad.data.tokenizer import MASK, SPECIAL, Tokenizer

IGNORED = -100  # the target of a token that was not chosen; what cross_entropy ignores


class NGramMasking:
    """Hides n-grams of whole words, n being 1, 2 or 3 with probability proportional to 1 / n.

    ALBERT (Lan et al. 2020, section 4.1), after BERT (Devlin et al. 2019, section 3.1): 15 % of the tokens
    are chosen. Of these 80 % are replaced by [MASK], 10 % by a random token, and 10 % stay, because later
    tasks have no [MASK] and every token has to be understood.

    Parameters
    ----------
    tokenizer : Tokenizer
    rate : float
        The share of tokens to choose; special tokens do not count.
    longest : int
        The largest n.

    Raises
    ------
    ValueError
        If the rate is not in (0, 1), or `longest` is not positive.
    """

    def __init__(self, tokenizer: Tokenizer, rate: float = 0.15, longest: int = 3) -> None:
        if not 0 < rate < 1:
            raise ValueError(f"NGramMasking: rate must be between 0 and 1, got {rate}")
        if longest < 1:
            raise ValueError(f"NGramMasking: longest must be at least 1, got {longest}")
        self.starts_word, self.vocab_size, self.rate = tokenizer.starts_word, len(tokenizer), rate
        self.sizes = np.arange(1, longest + 1)
        self.chances = 1 / self.sizes / (1 / self.sizes).sum()

    def __call__(self, ids: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Hide words in every row.

        Parameters
        ----------
        ids : array, int64 (N, L)
            Tokens; left as they are.
        rng : numpy Generator

        Returns
        -------
        inputs, targets : array, int64 (N, L)
            Tokens with gaps; and the chosen tokens, with `IGNORED` in all other places.
        """
        chosen = np.zeros(ids.shape, bool)
        for row, marks in zip(ids, chosen, strict=True):
            for start, end in self._spans(row, rng):
                marks[start:end] = True
        lot = rng.random(ids.shape)
        random = rng.integers(len(SPECIAL), self.vocab_size, ids.shape)
        replaced = np.where(lot < 0.8, MASK, np.where(lot < 0.9, random, ids))
        return np.where(chosen, replaced, ids), np.where(chosen, ids, IGNORED)

    def _spans(self, row: Array, rng: np.random.Generator) -> list[tuple[int, int]]:
        """The places (from, to) of the n-grams to hide in one row."""
        words = self._words(row)
        left = max(1, round(self.rate * sum(end - start for start, end in words)))
        free, spans = np.ones(len(words), bool), []
        for first, n in zip(
            rng.permutation(len(words)), rng.choice(self.sizes, len(words), p=self.chances), strict=True
        ):
            # As many of the n words as are free, follow each other, and fit into what is left.
            start, last = words[first][0], first
            while last < first + n and last < len(words) and free[last]:
                if words[last][1] - start > left or (last > first and words[last][0] != words[last - 1][1]):
                    break
                last += 1
            if last > first:
                free[first:last] = False
                spans.append((start, words[last - 1][1]))
                left -= words[last - 1][1] - start
        return spans

    def _words(self, row: Array) -> list[tuple[int, int]]:
        """The places (from, to) of the words in a row; a word begins also after a special token."""
        ordinary = row >= len(SPECIAL)
        starts = ordinary & (self.starts_word[row] | ~np.concatenate([[False], ordinary[:-1]]))
        ends = ordinary & ~np.concatenate([(ordinary & ~starts)[1:], [False]])
        return list(zip(np.flatnonzero(starts).tolist(), (np.flatnonzero(ends) + 1).tolist(), strict=True))
