"""The file of a probe, whatever happened to the process that wrote it."""

import json

from optim.probe.log import cut_torn_line, read


def line(step, name, value):
    return json.dumps({"step": step, "name": name, "value": value}) + "\n"


def test_the_later_measurement_counts_and_steps_are_in_order(tmp_path):
    path = tmp_path / "probe.jsonl"
    path.write_text(line(1, "w", 0) + line(3, "w", 1) + line(2, "w", 2) + line(3, "w", 3))
    assert [(row["step"], row["value"]) for row in read(path)] == [(1, 0), (2, 2), (3, 3)]


def test_a_torn_line_is_neither_read_nor_kept(tmp_path):
    path = tmp_path / "probe.jsonl"
    whole = line(1, "w", 0) + line(1, "b", 1)
    for torn in range(1, len(line(2, "w", 2))):
        path.write_text(whole + line(2, "w", 2)[:torn])
        assert len(read(path)) == 2
        cut_torn_line(path)
        assert path.read_text() == whole
    path.write_text('{"st')
    cut_torn_line(path)
    assert path.read_text() == ""


def test_a_file_that_is_not_there_yet(tmp_path):
    cut_torn_line(tmp_path / "probe.jsonl")
    assert not (tmp_path / "probe.jsonl").exists()
