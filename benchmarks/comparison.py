"""What the raw rounds of a result say: each pair of our side and another one."""

import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks import goals
from benchmarks.timing import Ratio, ratio

Result = dict[str, Any]


class Comparison(NamedTuple):
    """One line of a table: the first side against another one."""

    title: str
    threads: int
    panel: str
    """The conditions, in words: how many threads, on a GPU which precision."""
    against: str
    ours: str
    theirs: str
    ratio: Ratio
    goal: goals.Goal | None
    row: dict[str, Any]


def comparisons(result: Result) -> Iterator[Comparison]:
    """Every pair of our side and another one in the result."""
    for row in result["rows"]:
        memory = result["kind"] == "memory"
        values = {name: [b] for name, b in row["bytes"].items()} if memory else row.get("seconds", {})
        if not values:  # on a GPU: the results did not agree
            continue
        show = megabytes if memory else _duration
        ours, *others = values
        precision = row.get("precision")
        for against in others:
            yield Comparison(
                row["title"],
                row["threads"],
                precision or f"{row['threads']} thread{'s' * (row['threads'] > 1)}",
                against,
                *[show(statistics.median(values[name]) / row.get("per_step", 1)) for name in (ours, against)],
                ratio(values[ours], values[against]),
                goals.goal_of(result["kind"], row["workload"], row["threads"], against)
                if precision in (None, "float32")
                else None,
                row,
            )


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:.2f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def megabytes(count: float) -> str:
    return f"{count / 2**20:.0f} MB"
