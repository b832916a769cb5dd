r"""What stands in the law book: a statement, its proof, and a line of arithmetic that decides it on numbers.

A law is written as a function whose docstring is the statement and the proof:

    @law("31", "variance", "8 u S", g=V)
    def no_element_exceeds_a_quarter_of_the_sum(psi, g):
        '''No element of $\Psi(g)$ exceeds $S/4$. Proof. ...'''
        return excess(magnitudes(psi(g)), total(g) / 4), u(g) * total(g)

It returns an error and its unit, numbers or arrays; the law holds on `g` where the error is at most the
stated number (8) of units (u S). The tests draw `g` by hypothesis, `measure` by a random generator; both call
this one function.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import optim
from experiments.laws.domains import Domain
from minigrad.backend import Array

Check = Callable[..., tuple[Any, Any]]

# What the paper says, in our words; each law concerns one of these.
CLAIMS = {
    "definition": "The map: every element of a gradient gives up its own share of the sum of all magnitudes",
    "variance": "The variance of the gradient magnitudes falls",
    "smoothing": "The Lipschitz constants of the loss and of its gradient fall: the landscape is smoother",
    "learning rate": "The learning rate adapts: a larger gradient gets a smaller effective learning rate",
    "training": "Training is stable, faster, and generalises better",
}

PROPER_NAMES = {
    "agr": "AGR",
    "adamw": "AdamW",
    "adan": "Adan",
    "jacobian": "Jacobian",
    "lipschitz": "Lipschitz",
}

STATUS = {"Proof": "proved", "Measured": "measured", "Counterexample": "refuted"}


@dataclass(frozen=True)
class Implementation:
    """What the laws speak about: the map Psi on arrays, and the optimizers that apply it with `agr=True`.

    Called, it is Psi. The tests put wrong ones here, and see the laws break.
    """

    psi: Callable[[Array], Array] = optim.agr
    SGD: type[optim.Optimizer] = optim.SGD
    AdamW: type[optim.Optimizer] = optim.AdamW
    Adan: type[optim.Optimizer] = optim.Adan
    device: str = "cpu"

    def __call__(self, g: Array) -> Array:
        """Psi(g)."""
        return self.psi(g)


OURS = Implementation()


@dataclass(frozen=True)
class Outcome:
    """What came out of a measurement.

    Attributes
    ----------
    ratio : float
        The largest error, as a part of what is allowed: the law held if this is at most 1.
    error, allowed : float
        The two numbers behind it.
    examples : int
        On how many inputs it was measured.
    counterexample : dict or None
        The inputs that broke the law.
    """

    ratio: float
    error: float
    allowed: float
    examples: int
    counterexample: dict[str, Any] | None

    @property
    def holds(self) -> bool:
        """Whether no input broke the law."""
        return self.counterexample is None


@dataclass(frozen=True)
class Entry:
    """What a law and a refuted claim have in common.

    Attributes
    ----------
    number : str
        1 to 50 as in the project's list of properties, higher ones are ours; F1, F2, ... are false claims.
    name : str
        A sentence, as an identifier.
    status : {'proved', 'measured', 'refuted'}
    statement, proof : str
        Markdown with LaTeX.
    claim : str
        A key of `CLAIMS`.
    tolerance : str
        A number and its unit, "exact" for none.
    room : str
        The first line of the file where it stands.
    check : callable
        The arithmetic.
    """

    number: str
    name: str
    status: str
    statement: str
    proof: str
    claim: str
    tolerance: str
    room: str
    check: Check

    @property
    def title(self) -> str:
        """The name as a sentence."""
        words = [PROPER_NAMES.get(word, word) for word in self.name.split("_")]
        return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])

    @property
    def factor(self) -> float:
        """The number of units that is allowed."""
        return 0.0 if self.tolerance == "exact" else float(self.tolerance.split()[0])

    def measure(
        self, rng: np.random.Generator, examples: int, dtype: Any, implementation: Implementation = OURS
    ) -> Outcome:
        """Look whether it is so, on numbers.

        Parameters
        ----------
        rng : numpy.random.Generator
        examples : int
            How many inputs to draw.
        dtype : dtype
            float64 or float32.
        implementation : Implementation
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Law(Entry):
    """A true statement about all inputs in the domains `inputs`."""

    inputs: Mapping[str, Domain]

    def errors(self, implementation: Implementation = OURS, **inputs: Any) -> Outcome:
        """The worst error on one input."""
        with np.errstate(all="ignore"):
            error, unit = self.check(implementation, **inputs)
            return _worst(error, self.factor * np.asarray(unit, np.float64), inputs)

    def measure(
        self, rng: np.random.Generator, examples: int, dtype: Any, implementation: Implementation = OURS
    ) -> Outcome:
        """The worst error on `examples` random inputs."""
        outcomes = [
            self.errors(implementation, **{key: x.sample(rng, dtype) for key, x in self.inputs.items()})
            for _ in range(examples)
        ]
        worst = max(outcomes, key=lambda outcome: outcome.ratio)
        return Outcome(worst.ratio, worst.error, worst.allowed, examples, worst.counterexample)


@dataclass(frozen=True)
class Refutation(Entry):
    """A false statement, "a certain value is at most a certain bound", and inputs on which it is not.

    Attributes
    ----------
    at : dict
        The counterexample.
    value : float
        What the value is there, exactly, worked out by hand.
    """

    at: Mapping[str, Any]
    value: float

    def numbers(self, dtype: Any, implementation: Implementation = OURS) -> tuple[float, float]:
        """The value at the counterexample, and the bound that the claim sets it."""
        inputs = {key: np.asarray(x, dtype) for key, x in self.at.items()}
        with np.errstate(all="ignore"):
            value, bound = self.check(implementation, **inputs)
        return float(value), float(bound)

    def measure(
        self,
        rng: np.random.Generator | None = None,
        examples: int = 1,
        dtype: Any = np.float64,
        implementation: Implementation = OURS,
    ) -> Outcome:
        """How far the value is from the one worked out; it also has to break the claim. Nothing is drawn."""
        value, bound = self.numbers(dtype, implementation)
        if not value > bound:
            return Outcome(np.inf, abs(value - self.value), 0.0, 1, dict(self.at))
        allowed = self.factor * np.finfo(dtype).eps / 2 if self.tolerance.endswith(" u") else self.factor
        return _worst(abs(value - self.value), allowed, dict(self.at))


def _worst(error: Any, allowed: Any, inputs: dict[str, Any]) -> Outcome:
    """The element whose error is the largest part of what is allowed; NaN is worse than anything."""
    error, allowed = np.broadcast_arrays(np.asarray(error, np.float64), np.asarray(allowed, np.float64))
    if error.size == 0:
        return Outcome(0.0, 0.0, 0.0, 1, None)
    with np.errstate(all="ignore"):
        ratio = np.where(error == 0, 0.0, np.where(allowed > 0, error / allowed, np.inf))
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    i = ratio.argmax()
    worst = float(ratio.flat[i])
    broken = inputs if worst > 1 else None
    return Outcome(worst, float(error.flat[i]), float(allowed.flat[i]), 1, broken)


def law(number: str, claim: str, tolerance: str, **inputs: Domain) -> Callable[[Check], Law]:
    """Make a function a law; see the top of this file."""
    return lambda check: Law(**_entry(number, claim, tolerance, check), inputs=inputs)


def false(
    number: str, claim: str, tolerance: str, *, value: float, **at: Any
) -> Callable[[Check], Refutation]:
    """Make a function a refuted claim: it returns a value and the bound that the claim sets it."""
    return lambda check: Refutation(**_entry(number, claim, tolerance, check), at=at, value=value)


def _entry(number: str, claim: str, tolerance: str, check: Check) -> dict[str, Any]:
    statement, word, proof = re.split(rf"^({'|'.join(STATUS)})\.\s", inspect.getdoc(check) or "", flags=re.M)
    room = inspect.getdoc(inspect.getmodule(check)) or ""
    return {
        "number": number,
        "name": check.__name__,
        "status": STATUS[word],
        "statement": statement.strip(),
        "proof": proof.strip(),
        "claim": claim,
        "tolerance": tolerance,
        "room": room.partition("\n")[0],
        "check": check,
    }
