"""The notebooks that are made of the chapters."""

import json
import re

import pytest

from tutorials.build import HOLE, build, chapters, relinked, solved, with_holes

EXERCISE = "def f():\n    # BEGIN SOLUTION\n    a = 1\n    return a\n    # END SOLUTION\n\nf()\n"


def test_hole_stands_at_the_solutions_indentation():
    assert with_holes(EXERCISE) == f"def f():\n    {HOLE}\n\nf()"


def test_solved_keeps_the_answer_and_drops_the_marks():
    assert solved(EXERCISE) == "def f():\n    a = 1\n    return a\n\nf()\n"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# BEGIN SOLUTION\n# BEGIN SOLUTION", "line 2: a solution begins inside the one of line 1"),
        ("\n# END SOLUTION", "line 2: a solution ends that did not begin"),
        ("# BEGIN SOLUTION", "line 1: the solution does not end"),
        ("x = 1", "no solution in this text"),
    ],
)
def test_marks_must_come_in_pairs(source, message):
    with pytest.raises(ValueError, match=message):
        with_holes(source)


def test_links_lead_from_the_notebook_to_chapters_and_library():
    text = "[a](02_a_tape.py), [b](../minigrad/engine.py), [c](https://example.org/03_x.py)"
    expected = "[a](02_a_tape.ipynb), [b](../../minigrad/engine.py), [c](https://example.org/03_x.py)"
    assert relinked(text, ".ipynb", "../../") == expected


def test_links_into_the_library_exist():
    for path in chapters():
        links = re.findall(r"\]\(([\w./]+\.py)\)", path.read_text(encoding="utf-8"))
        assert any(link.startswith("../minigrad/") for link in links)
        for link in links:
            assert (path.parent / link).is_file(), f"{path.name} links to {link}"


def test_both_notebooks_of_every_chapter(tmp_path):
    written = list(build(tmp_path))
    assert len(written) == 2 * len(chapters())
    for path in written:
        book = json.loads(path.read_text(encoding="utf-8"))
        code = "".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
        assert (HOLE in code) == (path.parent.name == "student")
        assert "SOLUTION" not in code
        assert book["metadata"]["kernelspec"]["name"] == "python3"
