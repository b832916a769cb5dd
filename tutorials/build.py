"""Makes notebooks of the chapters: for students, with holes to fill, and solved ones.

A chapter is one Python file in percent format (`# %%` starts a cell). The lines between `# BEGIN SOLUTION`
and `# END SOLUTION` are the answer to an exercise; the student's version has a hole in their place.

    python tutorials/build.py      writes _build/student/*.ipynb and _build/solved/*.ipynb beside this file
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOLE = 'raise NotImplementedError("your turn: write the lines that belong here")'


def chapters() -> list[Path]:
    """The chapters' files, in reading order."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def with_holes(source: str) -> str:
    """The student's version of a text: each solution is replaced by one line that raises.

    Raises
    ------
    ValueError
        If the marks do not come in pairs, or if there are none.

    Examples
    --------
    >>> print(with_holes('''def two():
    ...     # BEGIN SOLUTION
    ...     return 1 + 1
    ...     # END SOLUTION'''))
    def two():
        raise NotImplementedError("your turn: write the lines that belong here")
    """
    lines, start = [], None
    for number, line in enumerate(source.splitlines(), 1):
        mark = line.strip()
        if mark == "# BEGIN SOLUTION":
            if start is not None:
                raise ValueError(f"line {number}: a solution begins inside the one of line {start}")
            start = number
            lines.append(line.replace(mark, HOLE))
        elif mark == "# END SOLUTION":
            if start is None:
                raise ValueError(f"line {number}: a solution ends that did not begin")
            start = None
        elif start is None:
            lines.append(line)
    if start is not None:
        raise ValueError(f"line {start}: the solution does not end")
    if HOLE not in "\n".join(lines):
        raise ValueError("there is no solution in this text, so nothing to exercise")
    return "\n".join(lines)


def solved(source: str) -> str:
    """The complete version, without the marks."""
    return re.sub(r"^ *# (BEGIN|END) SOLUTION\n", "", source, flags=re.MULTILINE)


def relinked(markdown: str, chapter: str, library: str) -> str:
    """The text with other links: to chapters, ending in `chapter`, and into the library, below `library`."""
    markdown = re.sub(r"\]\((\d\d_\w+)\.py\)", rf"](\1{chapter})", markdown)
    return re.sub(r"\]\(\.\./((?:minigrad|optim|models|experiments)/)", rf"]({library}\1", markdown)


def notebook(source: str, chapter: str = ".ipynb", library: str = "../../../") -> Any:
    """A text in percent format as a notebook (nbformat), with its links adjusted."""
    import jupytext

    book = jupytext.reads(source, fmt="py:percent")
    book.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = relinked(cell.source, chapter, library)
    return book


def build(target: Path) -> Iterable[Path]:
    """Write both notebooks of every chapter below `target`, and yield their paths."""
    import jupytext

    for path in chapters():
        source = path.read_text(encoding="utf-8")
        for version, text in {"student": with_holes(source), "solved": solved(source)}.items():
            output = target / version / f"{path.stem}.ipynb"
            output.parent.mkdir(parents=True, exist_ok=True)
            jupytext.write(notebook(text), output)
            yield output


if __name__ == "__main__":
    for written in build(HERE / "_build"):
        sys.stdout.write(f"{written}\n")
