"""Every chapter runs and draws; its exercise cannot be passed unsolved, and its check sees wrong answers."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from tutorials.build import HERE, chapters, with_holes

CHAPTERS = [path.stem for path in chapters()]

# Answers that a learner may well give: (chapter, right lines, wrong lines).
WRONG_ANSWERS = [
    ("01_one_slope", "(3 * u * value / third) ** (1 / 3)", "(u * value / third) ** (1 / 3)"),
    ("01_one_slope", "(3 * u * value / third) ** (1 / 3)", "2 * (u * value / third) ** (1 / 2)"),
    ("01_one_slope", "(3 * u * value / third) ** (1 / 3)", "(3 * u * third / value) ** (1 / 3)"),
    ("01_one_slope", "(3 * u * value / third) ** (1 / 3)", "1e-6"),
    ("02_a_tape_in_40_lines", "record(value, (x, value))", "record(value, (x, 1.0))"),
    ("02_a_tape_in_40_lines", "record(value, (x, value))", "record(value, (x, np.log(value)))"),
    ("02_a_tape_in_40_lines", "np.where(p.data == q.data, 0.5, p.data > q.data)", "(p.data > q.data) * 0.5"),
    ("02_a_tape_in_40_lines", "(p, p_wins), (q, 1 - p_wins)", "(p, p.data > q.data), (q, q.data > p.data)"),
    ("02_a_tape_in_40_lines", "(p, p_wins), (q, 1 - p_wins)", "(p, p.data >= q.data), (q, q.data >= p.data)"),
    ("02_a_tape_in_40_lines", "(p, p_wins), (q, 1 - p_wins)", "(p, 1 - p_wins), (q, p_wins)"),
    ("02_a_tape_in_40_lines", "value.grad += output.grad * slope", "value.grad = output.grad * slope"),
    ("03_broadcast_and_sum", "slopes = slopes.sum(axis", "slopes = slopes.mean(axis"),
    ("03_broadcast_and_sum", "return slopes.sum(axis", "return slopes.mean(axis"),
    ("03_broadcast_and_sum", "return slopes.sum(", "return slopes.max(initial=0.0, "),
    ("03_broadcast_and_sum", "if size == 1), keepdims=True)", "if size == 1))"),
    ("03_broadcast_and_sum", "range(slopes.ndim - len(shape))", "range(len(shape), slopes.ndim)"),
]


def read(chapter):
    return (HERE / f"{chapter}.py").read_text(encoding="utf-8")


@pytest.fixture
def run(monkeypatch):
    """Execute a chapter's text as a script and return its figures as arrays of pixels."""
    pictures = []

    def show():
        for number in plt.get_fignums():
            canvas = plt.figure(number).canvas
            canvas.draw()
            pictures.append(np.asarray(canvas.buffer_rgba())[..., :3])
        plt.close("all")

    def execute(source):
        exec(compile(source, "chapter", "exec"), {"__name__": "__main__"})
        return pictures

    monkeypatch.setattr(plt, "show", show)
    with plt.rc_context():
        yield execute
    plt.close("all")


def test_there_are_chapters():
    assert CHAPTERS[:3] == ["01_one_slope", "02_a_tape_in_40_lines", "03_broadcast_and_sum"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_solved_chapter_runs_passes_its_check_and_draws(chapter, run, capsys):
    pictures = run(read(chapter))
    assert "passed: " in capsys.readouterr().out
    assert len(pictures) >= 3
    for picture in pictures:
        drawn = np.any(picture != 255, axis=-1).mean()
        assert 0.01 < drawn < 0.9, f"a figure of {chapter} is {drawn:.0%} ink"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_unsolved_exercise_fails(chapter, run, capsys):
    with pytest.raises(NotImplementedError, match="your turn"):
        run(with_holes(read(chapter)))
    assert "passed: " not in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("chapter", "right", "wrong"), WRONG_ANSWERS)
def test_check_sees_a_wrong_answer(chapter, right, wrong, run, capsys):
    source = read(chapter)
    assert source.count(right) == 1
    with pytest.raises((AssertionError, ValueError)):
        run(source.replace(right, wrong))
    assert "passed: " not in capsys.readouterr().out
