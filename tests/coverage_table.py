"""Write the table of operations and how each was checked, for the documentation.

    python -m tests.coverage_table [FILE]

Everything in it is computed when it is written: PyTorch's sample inputs are run against our operations, and
first and second derivatives are compared with finite differences.
"""

import sys
import warnings
from pathlib import Path

from tests.opinfo import OPERATIONS, derivative_checks, differentiable, run, title

MOST = 60  # samples of one operation; pooling alone has 1440

HEADER = f"""# Operations and how they are checked

PyTorch's own sample inputs (its OpInfo database; {MOST} of them, evenly chosen, where there are more) were
run against each operation in float64: values agree to 1e-10 relative, gradients to 1e-8. A refused sample is
one whose arguments minigrad does not support; it says so by name. The last two columns count samples whose
derivatives agree with finite differences (`gradcheck`, and `gradgradcheck` for the second ones).

| operation | samples equal | refused | first derivative | second derivative |
| --- | ---: | ---: | :---: | :---: |
"""


def table():
    """The page as Markdown, and whether every cell is as it should be."""
    rows, sound = [], True
    for op in OPERATIONS:
        outcome = run(op, most=MOST)
        sound = sound and not outcome.failures and outcome.passed > 0
        if differentiable(op):
            count = derivative_checks(op, most=3)
            derivatives = f"{count} samples | {count} samples"
            sound = sound and count > 0
        else:
            derivatives = "has none | has none"
        rows.append(f"| `{title(op)}` | {outcome.passed} | {len(outcome.refused)} | {derivatives} |\n")
    return HEADER + "".join(rows), sound


def main():
    """Write the page; exit with 1 if a cell of it is empty or wrong."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/generated/coverage_table.md")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text, sound = table()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
