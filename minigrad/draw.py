"""A picture of the graph that backward walks: as DOT text for Graphviz, or as SVG drawn here."""

import html
from collections import defaultdict

from minigrad.graph import Leaf, Node
from minigrad.tensor import Tensor

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 128, 38, 24, 46


def to_dot(output: Tensor, names: dict[str, Tensor] | None = None) -> str:
    r"""The recorded graph behind `output` in Graphviz's DOT language: boxes are leaves, ellipses operations.

    Parameters
    ----------
    output : Tensor
    names : dict of str to Tensor, optional
        What to call the leaves, for example `dict(model.named_parameters())`.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0], requires_grad=True)
    >>> print(to_dot(x * x, {"x": x}))
    digraph minigrad {
      n0 [label="mul\n(2,)", shape=ellipse];
      n1 [label="x\n(2,)", shape=box];
      n1 -> n0;
    }
    """
    nodes, labels = _collected(output, names)
    number = {node: i for i, node in enumerate(nodes)}
    lines = []
    for node in nodes:
        (name, shape), form = labels[node], "box" if isinstance(node, Leaf) else "ellipse"
        lines.append(rf'  n{number[node]} [label="{name}\n{shape}", shape={form}];')
    lines += [f"  n{number[parent]} -> n{number[node]};" for node in nodes for parent in _parents(node)]
    return "\n".join(["digraph minigrad {", *lines, "}"])


def to_svg(output: Tensor, names: dict[str, Tensor] | None = None) -> str:
    """The same graph as an SVG picture: leaves on top, each operation below everything it was made from.

    Parameters
    ----------
    output : Tensor
    names : dict of str to Tensor, optional
        What to call the leaves.
    """
    nodes, labels = _collected(output, names)
    row: dict[Node, int] = {}
    for node in reversed(nodes):  # oldest first: parents have their row before their children
        row[node] = 1 + max((row[parent] for parent in _parents(node)), default=-1)
    rows: dict[int, list[Node]] = defaultdict(list)
    for node in reversed(nodes):
        if not isinstance(node, Leaf):
            rows[row[node]].append(node)
    for node in nodes:  # a leaf stands right above its first user, not far up on the top row
        if isinstance(node, Leaf):
            users = [row[other] for other in nodes if node in _parents(other)]
            row[node] = min(users, default=1) - 1
            rows[row[node]].append(node)
    width = max(len(members) for members in rows.values()) * (_WIDTH + _GAP_X) + _GAP_X
    height = (max(rows) + 1) * (_HEIGHT + _GAP_Y) + _GAP_Y
    place: dict[Node, tuple[float, float]] = {}
    for r, members in sorted(rows.items()):
        # Barycentre rule: order a row by where its parents stand, so that lines cross less.
        members.sort(
            key=lambda n: (
                sum(place[p][0] for p in _parents(n) if p in place) / max(1, len(_parents(n))) if r else 0
            )
        )
        for i, node in enumerate(members):
            place[node] = (
                width / 2 + (i - (len(members) - 1) / 2) * (_WIDTH + _GAP_X),
                _GAP_Y / 2 + r * (_HEIGHT + _GAP_Y) + _HEIGHT / 2,
            )
    lines = [_line(place[parent], place[node]) for node in nodes for parent in _parents(node)]
    boxes = [_box(place[node], labels[node], isinstance(node, Leaf)) for node in nodes]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        'font-family="sans-serif" font-size="12">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" '
        'markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#667"/></marker></defs>' + "".join(lines + boxes) + "</svg>"
    )


def _collected(
    output: Tensor, names: dict[str, Tensor] | None
) -> tuple[list[Node], dict[Node, tuple[str, str]]]:
    """All nodes behind `output`, youngest first, and for each its name and shape."""
    if output._node is None:
        raise RuntimeError("this tensor has no graph: nothing it was made from requires a gradient")
    called = {tensor._node: name for name, tensor in (names or {}).items()}
    found: set[Node] = {output._node}
    waiting = [output._node]
    while waiting:
        for parent in _parents(waiting.pop()):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    nodes = sorted(found, key=lambda node: -node.order)
    labels = {
        node: (called.get(node, "leaf" if isinstance(node, Leaf) else node.primitive.name), str(node.shape))
        for node in nodes
    }
    return nodes, labels


def _parents(node: Node) -> list[Node]:
    return list(dict.fromkeys(parent for parent in node.parents or () if parent is not None))


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x0, y0), (x1, y1) = (start[0], start[1] + _HEIGHT / 2), (end[0], end[1] - _HEIGHT / 2)
    middle = (y0 + y1) / 2
    return (
        f'<path d="M{x0:.1f} {y0:.1f}C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}" '
        'fill="none" stroke="#667" marker-end="url(#arrow)"/>'
    )


def _box(centre: tuple[float, float], label: tuple[str, str], leaf: bool) -> str:
    x, y = centre
    colour, corner = ("#d9ead3", 3) if leaf else ("#dbe7f6", 18)
    first, second = (html.escape(text) for text in label)
    return (
        f'<rect x="{x - _WIDTH / 2:.1f}" y="{y - _HEIGHT / 2:.1f}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'rx="{corner}" fill="{colour}" stroke="#667"/>'
        f'<text x="{x:.1f}" y="{y - 3:.1f}" text-anchor="middle" font-weight="bold">{first}</text>'
        f'<text x="{x:.1f}" y="{y + 12:.1f}" text-anchor="middle" fill="#555">{second}</text>'
    )
