"""The study of scale as tables and a figure."""

import math
from pathlib import Path
from typing import Any

from experiments import report
from experiments.scale.shapes import NETWORKS

_COLOURS = {
    "convolution": "#3b6fb6",
    "linear": "#d9622b",
    "norm": "#3f9a5b",
    "bias": "#8a5fb0",
    "embedding": "#b8962e",
}


def markdown(result: dict[str, Any]) -> str:
    """The tables, in Markdown.

    Parameters
    ----------
    result : dict
        Of `prediction.study`.
    """
    laws = report.markdown_table(
        ("kind of tensor", "tensors", "c", "within a factor", "slope"),
        [
            (
                law["kind"],
                str(law["tensors"]),
                f"{law['c']:.2f}",
                f"{math.exp(law['spread']):.2f}",
                f"{law['slope']:.2f}",
            )
            for law in result["laws"]
        ],
        "lrrrr",
    )
    checks = report.markdown_table(
        ("kind of tensor", "tensors", "largest", "measured / predicted", "5 % to 95 %"),
        [
            (
                row["kind"],
                str(row["tensors"]),
                f"{row['largest']:,}",
                f"{row['ratio']:.2f}",
                f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f}",
            )
            for row in result["check"]
        ],
        "lrrrr",
    )
    predictions = report.markdown_table(
        (
            "network",
            "kind of tensor",
            "parameters",
            "median change",
            "largest change",
            "unchanged, float32",
            "unchanged, bfloat16",
        ),
        [
            (
                row["network"],
                row["kind"],
                f"{row['parameters']:,}",
                f"{row['median_change']:.1e}",
                f"{min(row['largest_change'], 1):.1e}",
                f"{row['unchanged_float32']:.1%}",
                f"{row['unchanged_bfloat16']:.1%}",
            )
            for row in result["prediction"]
        ],
        "llrrrrr",
    )
    widths = ", ".join(f"{family} {width}" for family, width in sorted(result["left_out_widths"].items()))
    return (
        f"The law, fitted to small networks:\n\n{laws}\n\n"
        f"On the widest networks, which were left out of the fit ({widths}):\n\n{checks}\n\n"
        f"What follows for {', '.join(NETWORKS)}:\n\n{predictions}\n"
    )


def draw(result: dict[str, Any], path: Path) -> None:
    """Change against size: measured tensors as points, the laws as lines out to the large networks."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    left_out = result["left_out_widths"]
    for law in result["laws"]:
        colour = _COLOURS[law["kind"]]
        for filled in (True, False):
            chosen = [
                s
                for s in result["samples"]
                if s["kind"] == law["kind"] and filled == (s["width"] < left_out[s["family"]])
            ]
            axes.plot(
                [s["size"] for s in chosen],
                [s["change"] for s in chosen],
                "o",
                markersize=4,
                color=colour,
                markerfacecolor=colour if filled else "none",
                label=law["kind"] if filled else None,
            )
        reach = [
            row["parameters"] / row["tensors"] for row in result["prediction"] if row["kind"] == law["kind"]
        ]
        ends = [8, max(reach)]
        axes.plot(ends, [law["c"] / n for n in ends], color=colour, linewidth=1)
    axes.axhline(2.0**-24, color="#8894a0", linewidth=0.8, linestyle="--")
    axes.text(9, 2.0**-24 * 1.2, "rounding error of float32", color="#5b6770", fontsize=9)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="elements of the tensor",
        ylabel="relative change of its gradient by AGR",
        title="AGR changes a gradient of n elements by about c / n",
    )
    axes.legend(frameon=False, title="filled: in the fit; open: left out")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)
