"""Profiles as tables, traces and pictures."""

import json
import xml.etree.ElementTree as ET

import pytest

import minigrad as mg
import minigrad.nn.functional as F
import optim
from minigrad import nn
from minigrad.profile_picture import KINDS, boxes


@pytest.fixture
def recorded(device):
    model = nn.Sequential(nn.Conv2d(1, 2, 3, device=device), nn.Flatten(), nn.Linear(8, 2, device=device))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with mg.profile() as p:
        F.cross_entropy(
            model(mg.ones(3, 1, 4, 4, device=device)), mg.tensor([0, 1, 0], device=device)
        ).backward()
        optimizer.step()
    return p


def test_table(recorded):
    lines = str(recorded).splitlines()
    assert lines[0].split() == "operation calls forward ms backward ms total ms share saved MB".split()
    assert len({len(line) for line in lines}) == 1
    assert any(line.startswith("conv2d ") and " 1 + 1 " in line for line in lines)
    assert lines[-1].split()[0] == "total"
    assert "100.0%" in lines[-1]
    short = recorded.table(by="layer", top=2).splitlines()
    assert len(short) == 2 + 2 + 2 + 2  # head, rows, 'more' and 'elsewhere', total
    assert f"{len(recorded.rows('layer')) - 2} more" in short[4]
    assert "0 " in recorded.table("layer")
    with pytest.raises(ValueError, match="'operation' or 'layer', got 'time'"):
        recorded.table(by="time")


def test_table_of_nothing():
    with mg.profile() as p:
        pass
    assert p.table().splitlines()[-1].startswith("total")
    assert mg.profile().rows() == []
    assert mg.profile().total == 0


def test_trace(recorded, tmp_path):
    recorded.to_json(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert len(events) == len(recorded.spans)
    assert {event["ph"] for event in events} == {"X"}
    assert all(event["ts"] >= 0 <= event["dur"] for event in events)
    conv = next(event for event in events if event["name"] == "conv2d")
    assert conv["args"]["layer"] == "Sequential.0"
    assert conv["args"]["nbytes"] == 3 * 2 * 2 * 2 * 4


def test_flame(recorded, tmp_path):
    pytest.importorskip("matplotlib")
    recorded.flame(tmp_path / "flame.svg")
    assert ET.parse(tmp_path / "flame.svg").getroot().tag.endswith("svg")
    recorded.flame(tmp_path / "flame.png")
    assert (tmp_path / "flame.png").read_bytes().startswith(b"\x89PNG")


def test_boxes_fit_into_each_other(recorded):
    def check(box):
        assert sum(inner.seconds for inner in box.inside.values()) <= box.seconds * (1 + 1e-9)
        for inner in box.inside.values():
            check(inner)

    top = boxes(recorded)
    assert [box.name for box in top.inside.values()] == ["forward", "backward", "other", "elsewhere"]
    check(top)
    conv = top.inside["forward", "phase"].inside["Sequential", "layer"].inside["0", "layer"]
    colours = {box.name: box.colour for box in conv.inside.values()}
    assert colours["conv2d"] == KINDS["convolution"][0]
    assert colours["with_bias"] == KINDS["elementwise, sums"][0]
