"""Every exhibit is caught by the check that it names, and what it was made from is not."""

from unittest import mock

import pytest

import optim
from tests.museum import adam, adan, around, sgd  # noqa: F401  (they hang the exhibits)
from tests.museum.checks import CHECKS
from tests.museum.exhibit import EXHIBITS, FOLKLORE
from tests.optim.cases import HYPER


def run(check, target, subject):
    """The check with `subject` in the place of the attribute of `optim`."""
    original = optim
    *path, name = target.split(".")
    for part in path:
        original = getattr(original, part)
    hyper = {subject: HYPER.get(getattr(original, name))}
    with mock.patch.dict(HYPER, hyper), mock.patch.object(original, name, subject):
        CHECKS[check](subject)


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_it_is_killed(exhibit):
    with pytest.raises(AssertionError):
        run(exhibit.killed_by, exhibit.target, exhibit.mutant)


GENUINE = sorted({(exhibit.killed_by, exhibit.target) for exhibit in EXHIBITS})


@pytest.mark.parametrize(("check", "target"), GENUINE)
def test_the_genuine_passes(check, target):
    genuine = optim
    for part in target.split("."):
        genuine = getattr(genuine, part)
    run(check, target, genuine)


@pytest.mark.parametrize("parts", [adam.Adam, adam.AdamW, adan.Parts, sgd.Parts], ids=lambda c: c.__name__)
def test_what_was_taken_apart_still_works(parts):
    for check, target in GENUINE:
        if target == parts.__name__:
            run(check, target, parts)


def test_the_museum_is_large_and_its_labels_are_complete():
    assert len(EXHIBITS) >= 35
    assert len({exhibit.name for exhibit in EXHIBITS}) == len(EXHIBITS)
    assert sum(exhibit.source != FOLKLORE for exhibit in EXHIBITS) >= 30
    for exhibit in EXHIBITS:
        assert exhibit.source == FOLKLORE or exhibit.source.startswith("https://github.com/")
        assert exhibit.story
        assert exhibit.killed_by in CHECKS
