"""The picture of a probe's measurements."""

import numpy as np
import pytest

import optim
from tests.optim.cases import gradient_step, parameter


def test_a_row_for_each_tensor_and_a_column_for_each_step(device, tmp_path, rng):
    named = [("first", parameter(np.ones(3), device)), ("second", parameter(np.ones((2, 2)), device))]
    optimizer, path = optim.AdamW(named), tmp_path / "probe.jsonl"
    with optim.Probe(optimizer, path):
        gradient_step(optimizer, rng.standard_normal(3), rng.standard_normal((2, 2)))
        gradient_step(optimizer, None, rng.standard_normal((2, 2)))
        gradient_step(optimizer, np.zeros(3), rng.standard_normal((2, 2)))
    figure = optim.probe.plot(path)
    panel = figure.axes[0]
    (image,) = panel.get_images()
    rows = optim.probe.read(path)
    drawn = image.get_array()
    assert drawn.shape == (2, 3)
    assert [label.get_text() for label in panel.get_yticklabels()] == ["first", "second"]
    assert drawn[0, 0] == rows[0]["alpha_max"]
    assert drawn.mask.tolist() == [[False, True, True], [False, False, False]]
    figure.savefig(tmp_path / "probe.png")
    assert len(optim.probe.plot(rows).axes) == len(figure.axes)


def test_nothing_to_draw(tmp_path):
    (tmp_path / "probe.jsonl").touch()
    with pytest.raises(ValueError, match="no measurements"):
        optim.probe.plot(tmp_path / "probe.jsonl")


def test_a_panel_without_any_number_stays_empty(device, tmp_path):
    optimizer = optim.SGD([parameter(device=device)])
    with optim.Probe(optimizer, tmp_path / "probe.jsonl"):
        gradient_step(optimizer, [0.0, 0.0])
    optim.probe.plot(tmp_path / "probe.jsonl").savefig(tmp_path / "probe.png")
