"""How a module shows itself in a notebook: an outline whose parts unfold."""

from html import escape
from typing import Any

_ROW = "display:inline-flex;justify-content:space-between;gap:2em;width:min(60em,90%);font-family:monospace"
_PALE = "opacity:.6;white-space:nowrap"


def html_of(module: Any, name: str = "") -> str:
    """A module as nested <details> elements, each with its number of parameters; the outermost is open."""
    label = f"<b>{escape(type(module).__name__)}</b>"
    if name:
        label = f"<span style='{_PALE}'>{escape(name)}</span> {label}"
    if module.extra_repr():
        label += f"({escape(module.extra_repr())})"
    count = sum(parameter.data.size for parameter in module.parameters())
    size = f"{count:,} parameters" if count else ""
    row = f"<span style='{_ROW}'><span>{label}</span><span style='{_PALE}'>{size}</span></span>"
    inside = "".join(html_of(child, child_name) for child_name, child in module._own_modules().items())
    if not inside:
        return f"<div style='margin-left:2em'>{row}</div>"
    opened = "" if name else " open"
    return f"<details{opened} style='margin-left:1em'><summary>{row}</summary>{inside}</details>"
