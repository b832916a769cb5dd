"""The report, one HTML file: verdicts, and what they rest on. Every number in it is in verify.json."""

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments import report
from experiments.verify.claims import Evidence, Verdict

_COLOURS = {
    "proved": "#2e7d4f",
    "refuted": "#b3402e",
    "effect found": "#8a5fb0",
    "reproduced": "#8a5fb0",
    "supported": "#2e7d4f",
}
_STYLE = """<style>
.verdict { color: #fff; border-radius: .3rem; padding: .1rem .5rem; font-size: .85rem; white-space: nowrap; }
.claims td { text-align: left; vertical-align: top; } .claims td:first-child { width: 9.5rem; }
.claims small { color: #566; } .wide { overflow-x: auto; font-size: .85rem; }
</style>"""


def write(found: Evidence, verdicts: Sequence[Verdict], path: Path) -> None:
    """Write the report.

    Parameters
    ----------
    found : dict
        Of `evidence.collect`.
    verdicts : sequence of Verdict
    path : Path
        The HTML file.
    """
    settings, scale = found["settings"], found["scale"]
    network = f"{settings['model']} on {settings['data']}"
    sections = [
        ("Verdicts", _STYLE + _claims(verdicts)),
        ("The law book on numbers", _laws(found["laws"])),
        ("Counterexamples", _counterexamples(found["laws"])),
        ("Training runs", f'<p id="runs">{_settings(settings, scale)}</p>' + _runs(found)),
        ("Magnitudes of gradients", _gradients(found["gradients"])),
        ("Lipschitz constants", _lipschitz(found["lipschitz"])),
        ("Signatures of failure", _signatures(found["signatures"])),
    ]
    report.write_page(path, f"What is true of AGR? {network}", sections)


def badge(verdict: str) -> str:
    """A verdict as a coloured label."""
    colour = _COLOURS.get(verdict, "#5b6770")
    return f'<span class="verdict" style="background: {colour}">{html.escape(verdict)}</span>'


def _claims(verdicts: Sequence[Verdict]) -> str:
    rows = []
    for verdict in verdicts:
        links = [f'<a href="#law-{number}">{number}</a>' for number in verdict.laws]
        if verdict.evidence:
            links.append(f'<a href="#{verdict.evidence}">measurements</a>')
        rows.append(
            f"<tr><td>{badge(verdict.verdict)}</td><td><b>{html.escape(verdict.claim)}</b><br>"
            f"{html.escape(verdict.sentence)}<br><small>Claim: {html.escape(verdict.source)}. "
            f"Evidence: {', '.join(links)}</small></td></tr>"
        )
    return f'<table class="claims">{"".join(rows)}</table>'


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], ids: Sequence[str] = ()) -> str:
    table = report.html_table(header, rows)
    for name in ids:  # a place to link to, for each row
        table = table.replace(f"<tr><td>{name}</td>", f'<tr id="law-{name}"><td>{name}</td>', 1)
    return f'<div class="wide">{table}</div>'


def _laws(rows: list[dict[str, Any]]) -> str:
    lines = [
        (
            row["number"],
            row["title"],
            row["dtype"],
            str(row["examples"]),
            f"{row['error']:.2g}",
            f"{row['allowed']:.2g}",
            "yes" if row["holds"] else "NO",
        )
        for row in rows
        if row["status"] != "refuted"
    ]
    header = ("no.", "law", "dtype", "inputs", "worst error", "allowed", "holds")
    ids = dict.fromkeys(line[0] for line in lines)
    return (
        "<p>Each law is proved in the law book of the documentation. Here it is tried on random gradients: a "
        "proof may be wrong, and a program may not be what was proved.</p>" + _table(header, lines, list(ids))
    )


def _counterexamples(rows: list[dict[str, Any]]) -> str:
    lines = [
        (
            row["number"],
            row["title"],
            json.dumps(row["counterexample"]).strip("{}").replace('"', ""),
            f"{row['value']:.6g}",
            f"{row['bound']:.6g}",
            f"{row['by_hand']:.6g}",
        )
        for row in rows
        if row["status"] == "refuted" and row["dtype"] == "float64"
    ]
    header = ("no.", "false claim", "counterexample", "value there", "claimed: at most", "worked out by hand")
    return "<p>Each of these is false, and this is where.</p>" + _table(
        header, lines, [line[0] for line in lines]
    )


def _settings(settings: dict[str, Any], scale: dict[str, Any]) -> str:
    images = f"the first {settings['limit_train']}" if settings["limit_train"] else "all"
    return html.escape(
        f"{settings['model']} on {images} training images of {settings['data']}, {settings['epochs']} "
        f"epochs, batches of {settings['batch_size']}, {settings['optimizer']} with learning rate "
        f"{settings['lr']:g} and weight decay {settings['weight_decay']:g}; {scale['seeds']} seeds, each "
        "with the same first weights and batches in all arms. 'disturbed' changes each gradient at random, "
        "by as much as AGR would."
    )


def _runs(found: Evidence) -> str:
    last = [row for row in found["runs"] if row["epoch"] == found["settings"]["epochs"]]
    lines = [
        (
            row["arm"],
            str(row["seed"]),
            f"{row['train_loss']:.4f}",
            f"{row['test_loss']:.4f}",
            f"{row['test_accuracy']:.2%}",
        )
        for row in sorted(last, key=lambda row: (row["seed"], row["arm"]))
    ]
    return _table(("arm", "seed", "training loss", "test loss", "test accuracy"), lines)


def _gradients(gradients: dict[str, Any]) -> str:
    lines = []
    for row in gradients["rows"]:
        if row["fits"]:
            lognormal = next(fit for fit in row["fits"] if fit["law"] == "lognormal")
            best = row["fits"][0]
            lines.append(
                (
                    row["name"],
                    row["scope"],
                    str(row["step"]),
                    str(row["elements"]),
                    f"{row['zeros']:.1%}",
                    f"{lognormal['distance']:.3f}",
                    row["verdict"],
                    best["law"],
                    f"{best['distance']:.3f}",
                )
            )
    header = ("gradient", "scope", "step", "elements", "zeros", "D", "fit", "best law", "its D")
    words = "".join(f"<p>{html.escape(line)}</p>" for line in gradients["summary"].splitlines())
    return (
        f'<div id="gradients">{words}</div><p class="note">D is the largest distance between the '
        "distribution of the magnitudes and the fitted lognormal law: below 0.02 the fit is good, above 0.05 "
        "poor. Zeros are left out.</p>" + _table(header, lines)
    )


def _lipschitz(rows: list[dict[str, Any]]) -> str:
    lines = [
        (str(row["step"]), f"{row['raw']:.5g}", f"{row['agr']:.5g}", f"{row['agr'] / row['raw']:.5f}")
        for row in rows
    ]
    return '<div id="lipschitz"></div>' + _table(("step", "largest |Hessian|", "after AGR", "ratio"), lines)


def _signatures(findings: list[dict[str, Any]]) -> str:
    items = "".join(
        f"<li>{badge(finding['verdict'])} <b>{html.escape(finding['question'])}</b> "
        f"{html.escape(finding['sentence'])}</li>"
        for finding in findings
    )
    return f'<ul id="signatures">{items}</ul>'
