"""A profile as rows, as a table, and as a file for a trace viewer."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.profiler import Span, profile

Layer = tuple[str, ...]


@dataclass
class Row:
    """All calls of one operation, or in one layer.

    Attributes
    ----------
    name : str
        Of the operation or region; or the layer's path. The outermost module goes by its class, and so do
        the paths in it if several outermost modules were called.
    calls, backward_calls : int
        Of the operation and of its derivative. For a layer, `calls` are those of the module, and
        `backward_calls` those of derivatives in it.
    forward, backward, other : float
        Seconds in each phase. An operation's include all that it calls; a layer's do not include the modules
        inside it.
    share : float
        Of the profile's time, from 0 to 1.
    nbytes, saved : int
        Bytes of the results, and bytes kept for the backward pass; see `Span`.
    """

    name: str
    calls: int = 0
    backward_calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    other: float = 0.0
    share: float = 0.0
    nbytes: int = 0
    saved: int = 0

    @property
    def total(self) -> float:
        """Seconds in all phases."""
        return self.forward + self.backward + self.other

    def add(self, span: Span, seconds: float) -> None:
        """Count `span`, which took so many seconds here."""
        setattr(self, span.phase, getattr(self, span.phase) + seconds)
        self.nbytes += span.nbytes
        self.saved += span.saved


def rows(recorded: profile, by: str) -> list[Row]:
    """See `profile.rows`."""
    if by not in ("operation", "layer"):
        raise ValueError(f"profile: by must be 'operation' or 'layer', got {by!r}")
    layer_names = _layer_names(recorded)
    found: dict[Any, Row] = {}
    for span, seconds in entries(recorded):
        if by == "operation" and span.kind == "layer":
            continue  # Python code between operations
        key = span.layer if by == "layer" else span.name
        row = found.setdefault(key, Row(layer_names[span.layer] if by == "layer" else span.name))
        row.add(span, seconds)
        if span.phase == "backward" and span.kind != "layer":
            row.backward_calls += 1
        elif by == "operation" or span.kind != "operation":
            row.calls += 1
    for row in found.values():
        row.share = row.total / recorded.total
    return sorted(found.values(), key=lambda row: -row.total)


def entries(recorded: profile) -> list[tuple[Span, float]]:
    """What the time divides into: operations with all they call; of layers and regions, what is their own."""
    return [
        (span, span.seconds if span.kind == "operation" else span.own)
        for span in recorded.spans
        if span.kind not in ("part", "profile")
    ]


def _layer_names(recorded: profile) -> dict[Layer, str]:
    layers = dict.fromkeys(span.layer for span in recorded.spans)
    models = {layer[0] for layer in layers if len(layer) > 1}
    return {
        layer: ".".join(layer[1:] if len(models) == 1 and len(layer) > 1 else layer) or "(no layer)"
        for layer in layers
    }


# ---------------------------------------------------------------------- for the eye


def table(recorded: profile, by: str, top: int) -> str:
    """See `profile.table`."""
    found = rows(recorded, by)
    lines: list[tuple[str, ...]] = [
        (by, "calls", "forward ms", "backward ms", "total ms", "share", "saved MB")
    ]
    for row in found[:top]:
        calls = f"{row.calls} + {row.backward_calls}" if row.backward_calls else str(row.calls)
        times = [f"{1e3 * t:.2f}" if t else "" for t in (row.forward, row.backward)]
        saved = f"{row.saved / 1e6:.2f}" if row.saved else ""
        lines.append((row.name, calls, *times, *_total(row.total, recorded), saved))
    rest = found[top:]
    if rest:
        lines.append((f"{len(rest)} more", "", "", "", *_total(sum(row.total for row in rest), recorded), ""))
    if by == "operation":
        own = sum(span.own for span in recorded.spans if span.kind == "layer")
        lines.append(("layers between operations", "", "", "", *_total(own, recorded), ""))
    lines.append(("elsewhere", "", "", "", *_total(recorded.spans[0].own, recorded), ""))
    phases = [
        f"{1e3 * sum(seconds for span, seconds in entries(recorded) if span.phase == phase):.2f}"
        for phase in ("forward", "backward")
    ]
    saved = f"{sum(row.saved for row in found) / 1e6:.2f}"
    lines.append(("total", "", *phases, *_total(recorded.total, recorded), saved))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    rule = "-" * len(text[0])
    return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])


def _total(seconds: float, recorded: profile) -> tuple[str, str]:
    return f"{1e3 * seconds:.2f}", f"{seconds / recorded.total:.1%}" if recorded.total else ""


def write_trace(recorded: profile, path: Any) -> None:
    """See `profile.to_json`."""
    start = recorded.spans[0].start if recorded.spans else 0.0
    events = [
        {
            "name": span.name,
            "cat": span.kind,
            "ph": "X",  # a complete event: it has a beginning and a duration, in microseconds
            "ts": 1e6 * (span.start - start),
            "dur": 1e6 * span.seconds,
            "pid": 1,
            "tid": 1,
            "args": {
                "phase": span.phase,
                "layer": ".".join(span.layer),
                "nbytes": span.nbytes,
                "saved": span.saved,
            },
        }
        for span in recorded.spans
    ]
    Path(path).write_text(json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}), encoding="utf-8")
