"""A ledger only grows, and half a line at its end is no line."""

from experiments import ledger


def test_entries_come_back_and_stay(tmp_path):
    path = tmp_path / "ledger.jsonl"
    assert ledger.read(path) == []
    ledger.append(path, [{"a": 1}, {"a": 2}])
    before = path.read_bytes()
    ledger.append(path, [{"a": "é"}])
    assert path.read_bytes().startswith(before)
    assert ledger.read(path) == [{"a": 1}, {"a": 2}, {"a": "é"}]


def test_half_a_line_is_passed_over_and_then_cut_off(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger.append(path, [{"a": 1}])
    with path.open("a") as file:
        file.write('{"a": ')
    assert ledger.read(path) == [{"a": 1}]
    ledger.append(path, [{"a": 3}])
    assert ledger.read(path) == [{"a": 1}, {"a": 3}]
