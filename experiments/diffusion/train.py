"""One diffusion run in one folder, from its settings to its report."""

import dataclasses
from typing import Any

from experiments import report
from experiments.diffusion.config import DiffusionConfig
from experiments.diffusion.folder import DiffusionFolder
from experiments.diffusion.training import DiffusionTraining
from experiments.metrics import NAME

Rows = list[dict[str, Any]]


def train(config: DiffusionConfig, folder: DiffusionFolder) -> Rows:
    """Run (or go on with) the training that lives in `folder`, and write its curves and report.

    The folder is made once data and network are there, so that a run which cannot start leaves nothing
    behind.

    Returns
    -------
    list of dict
        The measurements of every round, as in metrics.jsonl.
    """
    training = DiffusionTraining(config, folder)
    if not folder.started:
        folder.create(config)
    rows = training.run()
    draw_curves({config.label: rows}, folder)
    columns = [name for name in rows[-1] if name != "seconds"]
    table = [[str(row["step"]), *(f"{row[name]:.4g}" for name in columns[1:])] for row in rows]
    settings = [(name, str(value)) for name, value in dataclasses.asdict(config).items()]
    last = rows[-1]["step"]
    report.write_page(
        folder.report,
        f"Diffusion on {config.data} with {config.label}",
        [
            ("Samples", report.html_picture(folder.grid(last), f"samples after step {last}")),
            ("Out of the noise", report.html_picture(folder.strip(last), "images at moments of sampling")),
            ("Curves", report.html_picture(folder.curves, "curves of the loss")),
            ("Measurements", report.html_table([name.replace("_", " ") for name in columns], table)),
            ("Settings", report.html_table(("setting", "value"), settings)),
        ],
    )
    return rows


def draw_curves(runs: dict[str, Rows], folder: DiffusionFolder) -> None:
    """Losses over the steps, and the Fréchet distance where it was measured."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = {name for rows in runs.values() for row in rows for name in ("FID", NAME) if name in row}
    figure = Figure(figsize=(5 + 4 * len(found), 3.6), layout="constrained")
    panels = figure.subplots(1, 1 + len(found), squeeze=False)[0]
    for label, rows in runs.items():
        steps = [row["step"] for row in rows]
        (line,) = panels[0].plot(steps, [row["train_loss"] for row in rows], label=label)
        panels[0].plot(steps, [row["test_loss"] for row in rows], linestyle="--", color=line.get_color())
        for axes, name in zip(panels[1:], found, strict=True):
            axes.plot(steps, [row.get(name) for row in rows], marker="o", color=line.get_color())
            axes.set(title=f"{name} of the samples", xlabel="step", yscale="log")
    panels[0].set(title="Loss (solid: training, dashed: test, averaged weights)", xlabel="step", yscale="log")
    panels[0].legend(frameon=False)
    for axes in panels:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasAgg(figure)
    figure.savefig(folder.curves, dpi=130)
