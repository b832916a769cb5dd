"""Pairs of segments that follow each other, for ALBERT's question which of the two came first."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.backend import Array
from minigrad.data.dataset import Dataset
from minigrad.data.masking import IGNORED, NGramMasking
from minigrad.data.tokenizer import CLS, PAD, SEP


class SentencePairs(Dataset):
    """All places in documents where one sentence ends and another begins, with the text on both sides.

    Sample i is `(first, second)`, two arrays of tokens: as many whole sentences before the place, and after
    it, as fit. Both sides follow the same rule, so that length and edges say nothing about order; and both
    lie in one document. Places beside a sentence that does not fit are left out.

    Parameters
    ----------
    documents : sequence of sequence of array, int64 (N,)
        For each document its sentences as tokens.
    length : int
        How many tokens `first` and `second` may have, each.

    Raises
    ------
    ValueError
        If not even one pair fits.

    Examples
    --------
    >>> one, two, three = np.array([10]), np.array([20, 21]), np.array([30, 31, 32])
    >>> pairs = SentencePairs([[one, two, three], [one]], length=3)
    >>> [(first.tolist(), second.tolist()) for first, second in pairs]
    [([10], [20, 21]), ([10, 20, 21], [30, 31, 32])]
    """

    def __init__(self, documents: Sequence[Sequence[Array]], length: int) -> None:
        self.ids = np.concatenate([np.zeros(0, np.int64), *(s for document in documents for s in document)])
        places, offset = [], 0
        for document in documents:
            borders = offset + np.cumsum([0, *map(len, document)])
            starts = borders[np.searchsorted(borders, borders - length)]
            ends = borders[np.searchsorted(borders, borders + length, "right") - 1]
            places.append(np.stack([starts, borders, ends], 1))
            offset = borders[-1]
        found = np.concatenate(places) if places else np.zeros((0, 3), np.int64)
        self.places = found[(found[:, 0] < found[:, 1]) & (found[:, 1] < found[:, 2])]
        if not len(self.places):
            raise ValueError(f"SentencePairs: no two sentences in a row have at most {length} tokens each")

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        start, middle, end = self.places[index]
        return self.ids[start:middle], self.ids[middle:end]

    def __getitems__(self, indices: Array) -> list[tuple[Array, Array]]:
        return [self[int(index)] for index in indices]


def arrange(pairs: Sequence[tuple[Array, Array]], rng: np.random.Generator) -> dict[str, Array]:
    """A batch of pairs as `[CLS] a [SEP] b [SEP]`, each pair swapped with probability 1/2.

    Parameters
    ----------
    pairs : sequence of (array, array)
    rng : numpy Generator

    Returns
    -------
    dict of str to array
        `ids`, `segments` (0 up to the first [SEP], then 1), int64 (N, L); `attention_mask`, bool (N, L),
        false for padding; `swapped`, int64 (N,). L is the length of the longest.
    """
    swapped = rng.integers(0, 2, len(pairs))
    ordered = [pair[::-1] if swap else pair for pair, swap in zip(pairs, swapped, strict=True)]
    longest = max(len(a) + len(b) for a, b in ordered) + 3
    ids = np.full((len(pairs), longest), PAD)
    segments = np.zeros_like(ids)
    for row, segment, (a, b) in zip(ids, segments, ordered, strict=True):
        row[: len(a) + len(b) + 3] = np.concatenate([[CLS], a, [SEP], b, [SEP]])
        segment[len(a) + 2 : len(a) + len(b) + 3] = 1
    return {"ids": ids, "segments": segments, "attention_mask": ids != PAD, "swapped": swapped}


def pretraining_batch(
    pairs: Sequence[tuple[Array, Array]], masking: NGramMasking, rng: np.random.Generator
) -> dict[str, Any]:
    """What a step of ALBERT's training needs: `arrange`, and then words hidden.

    Parameters
    ----------
    pairs : sequence of (array, array)
    masking : NGramMasking
    rng : numpy Generator

    Returns
    -------
    dict of str to array
        As of `arrange`, with gaps in `ids`; and `positions`, int64 (M,), the places of the chosen tokens,
        counted through the whole batch, with `targets`, int64 (M,), the tokens that stood there.
    """
    batch = arrange(pairs, rng)
    batch["ids"], targets = masking(batch["ids"], rng)
    batch["positions"] = np.flatnonzero(targets != IGNORED)
    batch["targets"] = targets.ravel()[batch["positions"]]
    return batch
