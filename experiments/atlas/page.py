"""The atlas as a page of Markdown: its tables, what translates into what, and the rules themselves."""

import inspect

from experiments import report
from experiments.atlas.convention import Convention
from experiments.atlas.translate import FAMILIES, Untranslatable, translate

INTRODUCTION = """# What libraries mean

The same word stands for different arithmetic. This page is written by `experiments.atlas.page`, out of rules
that the tests run: against the libraries where these are installed, and against each other. *Run* means that
the library itself gave the same numbers, *read* that only its source was read.
"""

MATRIX = """Does the left, with its defaults, have an exact translation into the one above, for a run with a
constant learning rate? `yes`, or `no` with the number of the reason.
"""


def page() -> str:
    """The whole page.

    Examples
    --------
    >>> "| keras.SGD | 3.15.1 |" in page()
    True
    """
    parts = [INTRODUCTION]
    for name, family in FAMILIES.items():
        rows: list[Convention] = family.CONVENTIONS
        parts += [f"## {name}\n", _conventions(rows), MATRIX, _translations(rows), _rules(rows)]
    return "\n".join(parts)


def _conventions(rows: list[Convention]) -> str:
    table = report.markdown_table(
        ["optimizer", "version", "hyper-parameters", "what surprises", "source"],
        [
            [
                row.name,
                row.version,
                ", ".join(f"`{name}={value}`" for name, value in row.defaults.items()),
                row.remark,
                f"[{row.checked}]({row.source})",
            ]
            for row in rows
        ],
        "lllll",
    )
    return table + "\n"


def _translations(rows: list[Convention]) -> str:
    reasons: dict[str, int] = {}

    def cell(source: Convention, target: Convention) -> str:
        if source is target:
            return ""
        try:
            translate({}, source.name, target.name)
        except Untranslatable as error:
            reason = str(error).partition(": ")[2]
            return f"no ({reasons.setdefault(reason, len(reasons) + 1)})"
        return "yes"

    table = report.markdown_table(
        ["", *(row.name for row in rows)],
        [[source.name, *(cell(source, target) for target in rows)] for source in rows],
        "l" * (len(rows) + 1),
    )
    return table + "\n\n" + "".join(f"{number}. {reason}\n" for reason, number in reasons.items())


def _rules(rows: list[Convention]) -> str:
    users: dict[str, list[str]] = {}
    for row in rows:
        users.setdefault(inspect.getsource(row.step), []).append(row.name)
    return "\n".join(f"{', '.join(names)}:\n\n```python\n{source}```\n" for source, names in users.items())
