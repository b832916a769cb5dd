"""`minigrad train`: one run in one folder, from its settings to its report."""

import dataclasses
from typing import Any

from experiments import report
from experiments.config import TrainConfig
from experiments.folder import RunFolder
from experiments.training import Training

HEADER = ("epoch", "train loss", "train acc.", "test loss", "test acc.", "lr", "seconds")


def train(config: TrainConfig, folder: RunFolder) -> list[dict[str, Any]]:
    """Run (or go on with) the training that lives in `folder`, and write its curves and report.

    The folder is made once data and network are there, so that a run which cannot start leaves nothing
    behind.

    Returns
    -------
    list of dict
        The measurements of every epoch, as in metrics.jsonl.
    """
    training = Training(config, folder)
    if not folder.started:
        folder.create(config)
    rows = training.run()
    report.draw_curves({config.label: [rows]}, folder.curves)
    settings = [(name, str(value)) for name, value in dataclasses.asdict(config).items()]
    best = max(rows, key=lambda row: row["test_accuracy"])
    report.write_page(
        folder.report,
        f"{config.model} on {config.data} with {config.label}",
        [
            (
                "Result",
                f"<p>Best test accuracy {best['test_accuracy']:.2%}, after epoch {best['epoch']}.</p>",
            ),
            ("Epochs", report.html_table(HEADER, table(rows))),
            ("Settings", report.html_table(("setting", "value"), settings)),
        ],
        folder.curves,
    )
    return rows


def table(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The measurements as text, one line an epoch."""
    return [
        [
            str(row["epoch"]),
            f"{row['train_loss']:.4f}",
            f"{row['train_accuracy']:.2%}",
            f"{row['test_loss']:.4f}",
            f"{row['test_accuracy']:.2%}",
            f"{row['lr']:.2g}",
            f"{row['seconds']:.1f}",
        ]
        for row in rows
    ]
