"""What sentence order can be told by without a network: ALBERT's accuracy has to be laid beside it.

    python -m experiments.language.order_baselines --out FOLDER

An inner sentence of an article is the first of one pair and the second of another, so that no word by itself
says anything. What may tell are pairs of words, one on either side (a logistic regression learns which), and
years: articles go forward in time.
"""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.backend import Array
from minigrad.data import SentencePairs, Tokenizer, WikiText2
from minigrad.data.wikitext import sentences

_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")


def words(first: Array, second: Array, count: int) -> tuple[Array, Array]:
    """Features of a pair that is in order: +1 for each word before, -1 for each word behind."""
    columns = np.concatenate([first, second])
    return columns, np.repeat([1.0, -1.0], [len(first), len(second)])


def word_pairs(first: Array, second: Array, count: int) -> tuple[Array, Array]:
    """The same for each pair of a word before and a word behind; -1 for the pair the other way round."""
    there, back = (first[:, None] * count + second).ravel(), (second[:, None] * count + first).ravel()
    return np.concatenate([there, back]), np.repeat([1.0, -1.0], len(there))


def logistic_accuracy(
    train: SentencePairs,
    valid: SentencePairs,
    features: Callable[[Array, Array, int], tuple[Array, Array]],
    count: int,
    penalty: float,
) -> float:
    """The share of pairs whose order a logistic regression tells.

    Parameters
    ----------
    train, valid : SentencePairs
        In order. Features change their sign with the order, so that nothing has to be swapped.
    features : callable
        `words` or `word_pairs`.
    count : int
        How many of the most frequent words of `train` are looked at.
    penalty : float
        On half the square of the weights.
    """
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    frequent = np.argsort(-np.bincount(train.ids), kind="stable")[:count]
    rank = np.full(1 + max(train.ids.max(), valid.ids.max()), -1)
    rank[frequent] = np.arange(len(frequent))
    columns_in_all = count if features is words else count**2

    def table(pairs: SentencePairs) -> Any:
        rows, columns, values = [], [], []
        for i in range(len(pairs)):
            first, second = (np.unique(rank[ids]) for ids in pairs[i])
            found, signs = features(first[first >= 0], second[second >= 0], count)
            rows.append(np.full(len(found), i))
            columns.append(found)
            values.append(signs)
        where = np.concatenate(rows), np.concatenate(columns)
        return csr_matrix((np.concatenate(values), where), (len(pairs), columns_in_all))

    x = table(train)

    def loss(weight: Array) -> tuple[float, Array]:
        score = x @ weight
        slope = -(x.T @ (1 / (1 + np.exp(score)))) / len(score) + penalty * weight
        return np.logaddexp(0, -score).mean() + penalty * weight @ weight / 2, slope

    weight = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 40}).x
    score = table(valid) @ weight
    return float(np.mean(score > 0) + np.mean(score == 0) / 2)


def year_accuracy(texts: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """The share of pairs with different years on both sides, and the accuracy of putting the earlier first.

    Examples
    --------
    >>> year_accuracy([("Born in 1850 .", "He died in 1901 ."), ("It rained .", "In 1900 .")])
    (0.5, 0.75)
    """
    right, known = 0.0, 0
    for pair in texts:
        first, second = (np.mean([int(y) for y in _YEAR.findall(text)] or [np.nan]) for text in pair)
        known += bool(first < second or first > second)
        right += 1.0 if first < second else 0.0 if first > second else 0.5
    return known / len(texts), right / len(texts)


def measure(length: int = 46, vocab_size: int = 4000) -> dict[str, Any]:
    """All of them on WikiText-2's validation pairs, of segments of at most `length` tokens."""
    corpora = WikiText2("train"), WikiText2("valid")
    tokenizer = Tokenizer.cached(corpora[0].text, vocab_size)
    train, valid = (
        SentencePairs([tokenizer.encode_all(sentences(d)) for d in corpus.documents], length)
        for corpus in corpora
    )
    share, years = year_accuracy([(tokenizer.decode(a), tokenizer.decode(b)) for a, b in valid])
    return {
        "length": length,
        "pairs": len(valid),
        "standard_error": 0.5 / len(valid) ** 0.5,
        "words": logistic_accuracy(train, valid, words, vocab_size, penalty=1e-4),
        "word_pairs": logistic_accuracy(train, valid, word_pairs, 500, penalty=1e-2),
        "years": years,
        "years_on_both_sides": share,
    }


def main() -> None:
    """Measure, print, and write `order_baselines.json`."""
    parser = argparse.ArgumentParser(description="What sentence order can be told by without a network.")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    out: Path = parser.parse_args().out
    found = json.dumps(measure(), indent=2)
    out.mkdir(parents=True, exist_ok=True)
    (out / "order_baselines.json").write_text(found + "\n")
    print(found)


if __name__ == "__main__":
    main()
