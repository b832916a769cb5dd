"""Writes tiny corpora in the formats of WikiText-2 and tiny Shakespeare."""

import numpy as np

WORDS = "lobster claw the of in and eats shell ocean large small red blue grows female egg trap coast".split()


def sentence(rng, words=(3, 9)):
    return " ".join([*rng.choice(WORDS, rng.integers(*words)), "."])


def wikitext(rng, articles):
    """A text of articles with a heading, two or three paragraphs and rare words."""
    blocks = []
    for number in range(articles):
        blocks.append(f"= Article {number} =")
        blocks.append(" ".join([sentence(rng), f"A <unk> @-@ like thing weighs 0 @.@ {number} ."]))
        blocks.append("= = Description = =")
        blocks += [" ".join(sentence(rng) for _ in range(4)) for _ in range(2)]
    return "".join(f" \n {block} \n" for block in blocks)


def write_wikitext(root, articles=8):
    """The three files; returns the folder."""
    folder = root / "wikitext-2"
    folder.mkdir(parents=True)
    for seed, split in enumerate(["train", "valid", "test"]):
        text = wikitext(np.random.default_rng(seed), articles)
        (folder / f"wiki.{split}.tokens").write_text(text, encoding="utf-8")
    return folder


def write_shakespeare(root, size=4000):
    folder = root / "tinyshakespeare"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    text = "\n".join(f"LOBSTER:\n{sentence(rng)}\n" for _ in range(size // 20))[:size]
    (folder / "input.txt").write_text(text, encoding="utf-8")
    return text
