"""What a result of a GPU says beyond its times: on which one, whose products, and whether results agree."""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.comparison import Comparison, Result, megabytes
from benchmarks.gpu import parity
from benchmarks.tables import table

KINDS = ("results", "losses", "gradients", "weights")


def _products(c: Comparison) -> str:
    executed, left = (sum(c.row["cudnn"][key].values()) for key in ("executed", "fallbacks"))
    if executed:
        return f"cuDNN, {executed} calls" + f", {left} left to cuBLAS" * bool(left)
    return "im2col + cuBLAS" if c.row["convolves"] else ""


def _memory(c: Comparison) -> str:
    ours, theirs = c.row["peak"]["minigrad"], c.row["peak"].get(c.against)
    return "" if ours is None or theirs is None else f"{megabytes(ours)}, {megabytes(theirs)}"


COLUMNS: dict[str, Callable[[Comparison], str]] = {
    "our products": _products,
    "memory, ours and theirs": _memory,
}


def about(result: Result) -> str:
    """The GPU in one line."""
    gpu = result["machine"]["gpu"]
    return ", ".join([gpu["name"], *[f"{key} {value}" for key, value in gpu.items() if key != "name"]]) + "."


def agreement(result: Result) -> Iterator[str]:
    """How far our results are from PyTorch's in float64, each beside what is allowed."""
    rows = [line for row in result["rows"] for line in _lines(row)]
    yield "**Do the results agree?**"
    yield table(["", "precision", "side", *KINDS, "agree"], rows)
    yield (
        "Three steps, compared with PyTorch's in float64 on the GPU: the relative error of the worst tensor, "
        f"and what is allowed, which is {parity.FACTOR} times PyTorch's own error in that precision, and a "
        "little for rounding. A workload that does not agree gets no times."
    )
    for row in result["rows"]:
        for reason in row.get("cudnn", {}).get("refused", []):
            yield f"cuDNN refused, in {row['title']}, {row['precision']}: {reason}"
        if "disagreement" in row:
            yield f"{row['title']}, {row['precision']}, at full size: {row['disagreement']}"


def _lines(row: dict[str, Any]) -> Iterator[list[str]]:
    for precision, part in row["parity"].items():
        allowed = part["tolerances"]
        for side, errors in part["errors"].items():
            cells = [f"{errors[k]:.0e} of {allowed[k]:.0e}" if k in errors else "" for k in KINDS]
            met = all(error <= allowed[kind] for kind, error in errors.items())
            yield [row["title"], precision, side, *cells, "yes" if met else "no"]
