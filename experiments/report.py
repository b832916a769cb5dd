"""Figures and self-contained HTML pages of runs. The pages need nothing beside them: pictures are inside."""

import base64
import html
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Rows = list[dict[str, Any]]

_COLOURS = ["#3b6fb6", "#d9622b", "#3f9a5b", "#8a5fb0", "#b8962e", "#5b6770"]
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2733;
       max-width: 54rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } p.note { color: #566; }
table { border-collapse: collapse; } th { color: #566; font-weight: 600; } img { max-width: 100%; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #dde3ea; }
th:first-child, td:first-child { text-align: left; }
"""


def draw_curves(runs: dict[str, list[Rows]], path: Path) -> None:
    """Loss and accuracy over the epochs, one colour for each label, one thin line for each seed.

    Parameters
    ----------
    runs : dict of str to list of Rows
        For each label, the measurements of each seed.
    path : Path
        The PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(9, 3.6), layout="constrained"
    )  # without pyplot: no global state, no display needed
    left, right = figure.subplots(1, 2)
    for (label, seeds), colour in zip(runs.items(), _COLOURS * len(runs), strict=False):
        for i, rows in enumerate(seeds):
            epochs = [row["epoch"] for row in rows]
            name = label if i == 0 else None
            style: dict[str, Any] = {
                "color": colour,
                "marker": "o",
                "markersize": 3.5,
                "alpha": 1 if len(seeds) == 1 else 0.65,
            }
            left.plot(epochs, [row["train_loss"] for row in rows], label=name, **style)
            left.plot(epochs, [row["test_loss"] for row in rows], linestyle="--", **(style | {"marker": ""}))
            right.plot(epochs, [100 * row["test_accuracy"] for row in rows], label=name, **style)
    left.set(title="Loss (solid: training, dashed: test)", xlabel="epoch", yscale="log")
    right.set(title="Test accuracy in %", xlabel="epoch")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False, loc="lower right")
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=130)


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """The same table in Markdown.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence of str
    align : str
        A letter for each column: l to the left, r to the right.

    Examples
    --------
    >>> print(markdown_table(["arm", "loss"], [["AGR", "0.5"]], "lr"))
    | arm | loss |
    | --- | ---: |
    | AGR | 0.5 |
    """
    rule = [{"l": "---", "r": "---:"}[letter] for letter in align]
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, rule, *rows])


def html_picture(path: Path, description: str) -> str:
    """A PNG file as an HTML image that holds the file in itself."""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{html.escape(description)}" src="data:image/png;base64,{data}">'


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same table for a terminal: the first column to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, *rows]:
        first, *others = (
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def write_page(
    path: Path, title: str, sections: Sequence[tuple[str, str]], figure: Path | None = None
) -> None:
    """A self-contained HTML page: title, figure, and sections of ready-made HTML under their headings."""
    parts = [f"<h1>{html.escape(title)}</h1>"]
    if figure is not None:
        parts.append(html_picture(figure, "curves of loss and accuracy"))
    parts += [f"<h2>{html.escape(heading)}</h2>\n{body}" for heading, body in sections]
    parts.append(f'<p class="note">{html.escape(versions())}</p>')
    page = "\n".join(parts)
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n{page}\n</body></html>\n"
    )


def versions() -> str:
    """One line on what the numbers were computed with."""
    import minigrad

    return (
        f"minigrad {minigrad.__version__}, NumPy {np.__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}"
    )
