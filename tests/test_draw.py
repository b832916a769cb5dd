"""Pictures of the graph."""

import xml.etree.ElementTree as ET

import pytest

import minigrad as mg
from minigrad.draw import to_dot, to_svg


def graph(device):
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    w = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    return ((x * w) + x).sum(), {"x": x, "weight <1>": w}


def test_dot_has_every_node_and_edge_once(device):
    output, names = graph(device)
    text = to_dot(output, names)
    assert text.count("->") == 5  # x and w into mul, mul and x into add, add into sum
    assert text.count("shape=box") == 2
    assert text.count("shape=ellipse") == 3
    assert 'label="x\\n(2,)"' in text
    assert "leaf" in to_dot(output)


def test_svg_is_well_formed_and_boxes_do_not_overlap(device):
    output, names = graph(device)
    root = ET.fromstring(to_svg(output, names))
    space = "{http://www.w3.org/2000/svg}"
    boxes = [(float(r.get("x")), float(r.get("y"))) for r in root.iter(f"{space}rect")]
    assert len(boxes) == 5
    assert len(set(boxes)) == 5
    for x, y in boxes:
        assert 0 <= x <= float(root.get("width"))
        assert 0 <= y <= float(root.get("height"))
        assert not any(abs(x - a) < 128 and abs(y - b) < 38 for a, b in boxes if (a, b) != (x, y))
    assert "weight <1>" in [t.text for t in root.iter(f"{space}text")]


def test_deep_graphs_and_tensors_without_one(device):
    y = mg.tensor([1.0], device=device, requires_grad=True)
    for _ in range(2000):
        y = y + 1
    assert to_dot(y).count("->") == 2000
    with pytest.raises(RuntimeError, match="no graph"):
        to_dot(mg.tensor([1.0], device=device))
