"""Three ways in which AGR is said to fail, each tried out.

Readers of the paper name them: gradients that are all alike, too much regularization late in training, and a
sum of gradients near zero. `uniform_gradients` and `tiny_sums` are arithmetic; `late_in_training` trains.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad as mg
import optim
from experiments.equivalence import evaluate
from minigrad import nn


@dataclass(frozen=True)
class Finding:
    """What came out.

    Parameters
    ----------
    name : str
    question : str
    verdict : {'reproduced', 'refuted', 'undecided'}
    sentence : str
        With the numbers in it.
    numbers : dict
    """

    name: str
    question: str
    verdict: str
    sentence: str
    numbers: dict[str, Any]


def uniform_gradients(size: int = 100, steps: int = 50) -> Finding:
    """Equal magnitudes: AGR is a factor 1 - 1/n, and an adaptive optimizer divides it out again.

    Parameters
    ----------
    size : int
        Elements of the tensor.
    steps : int

    Examples
    --------
    >>> uniform_gradients().verdict
    'reproduced'
    """
    signs = np.where(np.arange(size) % 3 == 0, -1.0, 1.0)
    factor = optim.agr(signs) / signs
    ends = []
    for agr in (False, True):
        w = mg.zeros(size, dtype="float64", requires_grad=True)
        optimizer = optim.AdamW([w], lr=1e-2, weight_decay=0.0, agr=agr)
        for step in range(steps):
            w.grad = mg.tensor(signs * np.cos(0.3 * step))
            optimizer.step()
        ends.append(w.numpy())
    moved = float(np.abs(ends[0] - ends[1]).max() / np.abs(ends[0]).max())
    return Finding(
        "uniform gradients",
        "If all magnitudes are equal, does AGR still do anything?",
        "reproduced" if np.ptp(factor) < 1e-15 and moved < 1e-6 else "refuted",
        f"With {size} equal magnitudes every element is multiplied by {factor[0]:.6g} = 1 - 1/n: the "
        f"direction stays. AdamW divides the factor out; after {steps} steps its weights with and without "
        f"AGR differ by {moved:.1e} of their size. AGR does nothing there.",
        {"factor": float(factor[0]), "spread": float(np.ptp(factor)), "adamw_difference": moved},
    )


def tiny_sums(size: int = 100, seed: int = 0) -> Finding:
    """A sum of magnitudes near zero: alpha = |g| / sum |g| does not depend on the scale, down to zero itself.

    The authors' formula, g - g |g| / sum |g|, is computed beside ours.

    Examples
    --------
    >>> tiny_sums().numbers["ours_at_zero"]
    0.0
    """
    g = np.random.default_rng(seed).standard_normal(size)
    want = optim.agr(g)
    errors = {}
    for exponent in (-40, -400, -900, -1000):  # powers of two are exact; below 2^-1022 numbers lose digits
        scaled = optim.agr(np.ldexp(g, exponent))
        errors[exponent] = float(np.abs(np.ldexp(scaled, -exponent) - want).max() / np.abs(want).max())
    zero = np.zeros(size)
    with np.errstate(invalid="ignore"):
        official = zero - zero * (np.abs(zero) / np.abs(zero).sum())
    ours = float(np.abs(optim.agr(zero)).max())
    exact = max(errors.values()) == 0
    return Finding(
        "a sum near zero",
        "Does the division by a sum of magnitudes near zero blow up?",
        "refuted" if exact and ours == 0 else "reproduced",
        "No small sum does: AGR of a gradient times 2^-1000 is AGR of the gradient, times 2^-1000, bit for "
        f"bit. Zero itself does in the authors' formula, which gives {official[0]} for a tensor without any "
        f"gradient; `optim.agr` gives {ours:g} there.",
        {
            "errors_by_power_of_two": {str(exponent): error for exponent, error in errors.items()},
            "ours_at_zero": ours,
            "authors_at_zero": str(official[0]),
        },
    )


def late_in_training(
    runs: Sequence[tuple[nn.Module, Iterable[Any]]],
    loss: Callable[[nn.Module, Any], mg.Tensor],
    lr: float = 1e-3,
) -> Finding:
    """Whether AGR's share of the gradient grows while the network is trained with AdamW(AGR).

    Parameters
    ----------
    runs : sequence of (Module, iterable of batches)
        One a seed, two at least.
    loss : callable
        From a model and a batch.
    lr : float

    Raises
    ------
    ValueError
        If there are fewer than two runs, or one has fewer than ten steps.
    """
    logs = []
    for model, batches in runs:
        changes = []
        optimizer = optim.AdamW(model.parameters(), lr=lr, agr=True)
        for batch in batches:
            optimizer.zero_grad()
            loss(model, batch).backward()
            changes.append(_relative_change(model))
            optimizer.step()
        if len(changes) < 10:
            raise ValueError(f"late_in_training: a run needs ten steps at least, got {len(changes)}")
        fifth = len(changes) // 5
        logs.append(np.log(np.mean(changes[-fifth:]) / np.mean(changes[:fifth])))
    paired = evaluate(logs, margin=np.log(1.25).item())
    ratio, (low, high) = np.exp(paired.mean).item(), np.exp(paired.interval).tolist()
    verdict = "reproduced" if low > 1 else "refuted" if high < 1.25 else "undecided"
    return Finding(
        "late in training",
        "Does AGR take a larger share of the gradient late in training than early?",
        verdict,
        f"In the last fifth of the steps AGR changes the gradient, as a whole, by {ratio:.2f} times what it "
        f"does in the first fifth (95 % interval over {len(logs)} seeds: {low:.2f} to {high:.2f}). "
        "The size of the gradients plays no part in it, only how unequal they are.",
        {"ratio": ratio, "interval": [low, high], "ratios": np.exp(logs).tolist()},
    )


def _relative_change(model: nn.Module) -> float:
    """|g - Psi(g)| / |g| over all tensors of a model, in float64."""
    changed = total = 0.0
    for p in model.parameters():
        if p.grad is not None:
            g = p.grad.data.astype(np.float64)
            changed += float(((g - optim.agr(g)) ** 2).sum())
            total += float((g**2).sum())
    return float(np.sqrt(changed / total)) if total else 0.0
