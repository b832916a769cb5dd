"""Translations are exact, and where none is given none exists."""

from itertools import permutations

import numpy as np
import pytest

from experiments.atlas import CONVENTIONS, FAMILIES, Untranslatable, translate
from tests.experiments.atlas.cases import draw_hyper, relative_difference, run, start_and_gradients

PAIRS = [(a.name, b.name) for family in FAMILIES.values() for a, b in permutations(family.CONVENTIONS, 2)]
TOLERANCE = 1e-12


def halving(t):
    return 0.5 ** (t // 3)


def attempts(source, target, constant_lr, count=12):
    """Hyper-parameters of the source, of the target, whether they are a translation, and how far they are."""
    rng = np.random.default_rng(0)
    schedule = None if constant_lr else halving
    for _ in range(count):
        hyper = draw_hyper(rng, CONVENTIONS[source])
        w, grads = start_and_gradients(rng)
        try:
            other, exact = translate(hyper, source, target, constant_lr=constant_lr), True
        except Untranslatable as error:
            other, exact = error.nearest, False
        with np.errstate(invalid="ignore", divide="ignore"):
            want, got = run(source, w, grads, hyper, schedule), run(target, w, grads, other, schedule)
        yield hyper, other, exact, relative_difference(got, want)


@pytest.mark.parametrize("constant_lr", [True, False])
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_translation_makes_the_same_steps_and_without_one_they_differ(source, target, constant_lr):
    for hyper, other, exact, difference in attempts(source, target, constant_lr):
        assert other.keys() == CONVENTIONS[target].defaults.keys()
        assert (difference < TOLERANCE) == exact, (hyper, other, difference)
