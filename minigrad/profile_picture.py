"""A profile as a picture like a flame graph that hangs from above: widths are times."""

from typing import Any

from minigrad.profile_report import entries
from minigrad.profiler import profile

# The first kind that has a word in the operation's name gives it its colour.
KINDS = {
    "convolution": ("#e4572e", ("conv", "fold")),
    "matrix product": ("#f3a712", ("matmul", "linear")),
    "attention": ("#b5446e", ("attention",)),
    "normalization": ("#2a9d8f", ("norm",)),
    "loss, softmax": ("#7a5ba6", ("softmax", "nll", "entropy", "logsumexp")),
    "choosing, moving": (
        "#5b8e7d",
        "take embed slice put pick where cat pool pad shape permute expand move scatter roll flip".split(),
    ),
    "elementwise, sums": ("#4f86c6", ("",)),
}
FRAMES = {"phase": "#3d4451", "layer": "#d5dbe5", "region": "#9aa5b8", "elsewhere": "#f1f2f4"}
WIDTH, ROW, LETTER = 12.0, 0.24, 0.057  # inches: the figure, a row, a letter of a label


class Box:
    """A part of the time, and what it divides into."""

    def __init__(self, name: str, kind: str, seconds: float = 0.0) -> None:
        self.name = name
        self.kind = kind
        self.seconds = seconds
        self.inside: dict[tuple[str, str], Box] = {}

    def box(self, name: str, kind: str, seconds: float) -> "Box":
        """The box of this name inside, which grows by so many seconds."""
        box = self.inside.setdefault((name, kind), Box(name, kind))
        box.seconds += seconds
        return box

    @property
    def depth(self) -> int:
        """How many rows it takes."""
        return 1 + max((box.depth for box in self.inside.values()), default=0)

    @property
    def colour(self) -> str:
        """By its kind; that of an operation, by its name."""
        if self.kind in FRAMES:
            return FRAMES[self.kind]
        return next(colour for colour, words in KINDS.values() if any(word in self.name for word in words))

    @property
    def ink(self) -> str:
        """A colour that can be read on it."""
        red, green, blue = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return "#222222" if 0.3 * red + 0.59 * green + 0.11 * blue > 150 else "white"


def boxes(recorded: profile) -> Box:
    """The profile's time, divided into phases, these into layers, and these into operations."""
    top = Box("profile", "profile", recorded.total)
    for phase in ("forward", "backward", "other"):
        for span, seconds in sorted(entries(recorded), key=lambda entry: entry[0].stop):
            if span.phase == phase:
                box = top.box(phase, "phase", seconds)
                for name in span.layer:
                    region = span.kind == "region" and name == span.name
                    box = box.box(name, "region" if region else "layer", seconds)
                if span.kind == "operation":
                    box.box(span.name, "operation", seconds)
    top.box("elsewhere", "elsewhere", recorded.spans[0].own)
    return top


def draw(recorded: profile, path: Any) -> None:
    """See `profile.flame`."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    top = boxes(recorded)
    depth = top.depth - 1
    figure = Figure(figsize=(WIDTH, ROW * depth + 1.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1e3 * top.seconds), ylim=(depth, 0), xlabel="ms", yticks=[])
    axes.spines[["left", "right", "top"]].set_visible(False)
    _draw_inside(axes, top, 0.0, 0)
    phases = [f"{box.name} {1e3 * box.seconds:.1f}" for box in top.inside.values()]
    axes.set_title(f"{1e3 * top.seconds:.1f} ms: {', '.join(phases)}", loc="left", fontsize=11)
    used = {box.colour for box in _all(top) if box.kind == "operation"}
    keys = [Patch(color=colour, label=kind) for kind, (colour, _) in KINDS.items() if colour in used]
    keys.append(Patch(color=FRAMES["layer"], label="layer"))
    figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), frameon=False, fontsize=8)
    figure.savefig(path, dpi=130)


def _draw_inside(axes: Any, box: Box, left: float, row: int) -> None:
    from matplotlib.patches import Rectangle

    inch = axes.get_xlim()[1] / WIDTH  # milliseconds
    for each in box.inside.values():
        width = 1e3 * each.seconds
        if width > inch / 200:  # narrower than a pixel: not to be seen
            frame = Rectangle((left, row), width, 1, facecolor=each.colour, edgecolor="white", linewidth=0.5)
            axes.add_patch(frame)
            letters = int(width / inch / LETTER)
            if letters >= min(len(each.name), 4):
                label = each.name if len(each.name) <= letters else each.name[: letters - 1] + "…"
                place = (left + width / 2, row + 0.53)
                text = axes.text(*place, label, ha="center", va="center", fontsize=7, color=each.ink)
                text.set_clip_path(frame)
            _draw_inside(axes, each, left, row + 1)
        left += width


def _all(box: Box) -> list[Box]:
    return [box, *[each for child in box.inside.values() for each in _all(child)]]
