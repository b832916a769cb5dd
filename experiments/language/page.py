"""The report of a run on text: curves, measurements, and what was written on the way."""

import dataclasses
import html

from experiments import report
from experiments.folder import RunFolder
from experiments.language.config import LanguageConfig
from experiments.language.training import Row


def write(title: str, config: LanguageConfig, folder: RunFolder, rows: list[Row]) -> None:
    """Write curves.png and report.html into the folder of a run.

    Parameters
    ----------
    title : str
    config : LanguageConfig
    folder : RunFolder
    rows : list of dict
        All measurements.
    """
    measured = [name for name in rows[0] if name.startswith(("train_", "valid_"))]
    draw_curves(measured, folder, rows)
    table = [[str(row["step"]), *(f"{row[name]:.4f}" for name in measured)] for row in rows]
    settings = [(name, str(value)) for name, value in dataclasses.asdict(config).items()]
    shown = [rows[i] for i in sorted({0, len(rows) // 4, len(rows) // 2, len(rows) - 1})]
    samples = [f"<p>After step {row['step']}:</p><pre>{html.escape(row['sample'])}</pre>" for row in shown]
    report.write_page(
        folder.report,
        f"{title} with {config.label}",
        [
            ("Samples", "".join(samples)),
            ("Measurements", report.html_table(["step", *(n.replace("_", " ") for n in measured)], table)),
            ("Settings", report.html_table(("setting", "value"), settings)),
        ],
        folder.curves,
    )


def draw_curves(measured: list[str], folder: RunFolder, rows: list[Row]) -> None:
    """Losses in one panel, accuracies, if there are any, in another."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kinds = [kind for kind in ("loss", "accuracy") if any(name.endswith(kind) for name in measured)]
    figure = Figure(figsize=(5 * len(kinds), 3.6), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        for name in (name for name in measured if name.endswith(kind)):
            label = name.removesuffix("_" + kind).replace("_", " ")
            axes.plot([row["step"] for row in rows], [row[name] for row in rows], marker=".", label=label)
        axes.set(title="Loss in nats" if kind == "loss" else "Share of right answers", xlabel="step")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    FigureCanvasAgg(figure)
    figure.savefig(folder.curves, dpi=130)
