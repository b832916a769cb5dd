"""The law book as a page, in Markdown."""

from collections.abc import Iterable

from experiments.laws import CLAIMS, LAWS, REFUTED, Entry, Law, Refutation
from experiments.laws.law import STATUS

TESTS = "tests/experiments/laws/test_laws.py"
DTYPES = ("float64", "float32")

TOP = r"""# The law book of AGR

What is true of adaptive gradient regularization ([arXiv:2407.16944](https://arxiv.org/abs/2407.16944)),

$$\alpha_i = \frac{|g_i|}{\sum_j |g_j|}, \qquad \Psi(g)_i = (1 - \alpha_i) \, g_i, \qquad \Psi(0) = 0,$$

with a proof for each law, and what is not, with a counterexample. Every entry is a test as well: a law is
measured on gradients that hypothesis draws, in float64 and in float32; a refuted claim on its counterexample,
where the test fails if the claim holds. This page is made from the objects in `experiments/laws` that the
tests in `{TESTS}` run.

One tensor has the gradient $g$ with $n$ elements; $x_i = |g_i|$, $S = \sum_i x_i$ and $R_i = S - x_i$;
$H = \sum_i \alpha_i^2$. A gradient is one-hot if exactly one element is not zero. $L$ is a loss, $w$ its
parameters, $\eta$ a learning rate, $\lambda$ a weight decay, $\beta_1$ the decay of Adam's first moment.
$u$ is half the distance from 1 to the next number of a dtype, and an ulp the distance from a number to the
next one.
"""

# What the entries about a claim come to.
VERDICTS = {
    "definition": r"Well defined once $\Psi(0) = 0$ is agreed on; also computed signs are right.",
    "variance": "True over the elements of a gradient, in a strong sense (28); false from step to step (F9).",
    "smoothing": r"True of the length of a step (19). False of how the gradient changes from place to place: "
    r"its Lipschitz constant can grow by $\sqrt n$ (F2, 39), and no other loss is descended (F5).",
    "learning rate": "True, with a ceiling for each element, the sum of all others (32). Adam and "
    "Adan divide it out again, as far as it does not change over time (43).",
    "training": "Descent stays monotone, with the same learning rates (46). But it stands still at one-hot "
    "gradients (14), and not at the minimum (47, F14 to F17). Whether it is faster, experiments have to say.",
}


def markdown() -> str:
    """The page: what each claim of the paper comes to, then all entries, room by room."""
    entries = [*LAWS.values(), *REFUTED.values()]
    parts = [TOP.replace("{TESTS}", TESTS), "## The claims of the paper\n"]
    for claim, words in CLAIMS.items():
        parts.append(f"**{words}.** {VERDICTS[claim]}\n")
        about = sorted((entry for entry in entries if entry.claim == claim), key=_position)
        true = [entry for entry in about if isinstance(entry, Law)]
        parts.append(f"- Laws: {_links(true)}")
        parts.append(f"- False claims: {_links(entry for entry in about if entry not in true)}\n")
    for room in dict.fromkeys(entry.room for entry in entries):
        parts.append(f"## {room.rstrip('.')}\n")
        parts += [_section(entry) for entry in entries if entry.room == room]
    return "\n".join(parts)


def ids_of(entry: Entry) -> list[str]:
    """The identifiers of its tests in the file `TESTS`."""
    function = "test_law" if isinstance(entry, Law) else "test_refuted"
    return [f"{function}[{entry.name}-{dtype}]" for dtype in DTYPES]


def _links(entries: Iterable[Entry]) -> str:
    return ", ".join(f"[{_heading(entry)}](#{_label(entry)})" for entry in entries)


def _heading(entry: Entry) -> str:
    return f"{entry.number}. {'Not so: ' * isinstance(entry, Refutation)}{entry.title}"


def _position(entry: Entry) -> int:
    return int(entry.number.removeprefix("F"))


def _label(entry: Entry) -> str:
    return f"law-{entry.number.lower()}"


def _section(entry: Entry) -> str:
    word = {status: word for word, status in STATUS.items()}[entry.status]
    facts = [f"Concerns: {CLAIMS[entry.claim][0].lower()}{CLAIMS[entry.claim][1:]}"]
    if isinstance(entry, Law):
        facts += [f"`{name}`: {domain}" for name, domain in entry.inputs.items()]
        facts.append(f"Tolerance: `{entry.tolerance}`")
    elif isinstance(entry, Refutation):
        facts.append(f"The number at the counterexample: {entry.value:.6g} (tolerance: `{entry.tolerance}`)")
    facts.append("Tests: " + ", ".join(f"`{test}`" for test in ids_of(entry)))
    return "\n".join(
        [
            f"({_label(entry)})=",
            f"### {_heading(entry)}\n",
            entry.statement + "\n",
            f"*{word}.* {entry.proof}\n",
            *(f"- {fact}" for fact in facts),
            "",
        ]
    )
