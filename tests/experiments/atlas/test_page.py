"""The page of the atlas has everything that the atlas has."""

from experiments.atlas import CONVENTIONS, FAMILIES
from experiments.atlas.page import page


def test_every_convention_is_there_with_its_source_and_rule():
    text = page()
    for convention in CONVENTIONS.values():
        assert f"| {convention.name} | {convention.version} |" in text
        assert f"]({convention.source})" in text
        assert f"def {convention.step.__name__}(" in text


def test_tables_are_rectangular():
    blocks = [block for block in page().split("\n\n") if block.startswith("|")]
    assert len(blocks) == 2 * len(FAMILIES)
    for block in blocks:
        assert len({line.count("|") for line in block.strip().splitlines()}) == 1


def test_what_does_not_translate_has_a_reason():
    text = page()
    assert "| chainer.MomentumSGD | yes | yes | yes | yes |  | no (1) | yes |" in text
    assert "1. its steps fall by momentum^3" in text


def test_the_atlas_is_wide():
    assert len(CONVENTIONS) >= 30
    assert len({name.split(".")[0] for name in CONVENTIONS}) >= 12
    for convention in CONVENTIONS.values():
        assert convention.source.startswith("https://")
        assert convention.checked in {"run", "read"}
        assert convention.lr in convention.defaults
        assert convention.remark
