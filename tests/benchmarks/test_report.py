"""Tables and charts from stored results."""

import json

import pytest

from benchmarks import goals, report

MACHINE = {"cpu": "a processor", "cores": 2, "system": "Linux", "load": 0.1}


def result(kind, *rows):
    return {"kind": kind, "machine": MACHINE, "versions": {"numpy": "2.4"}, "options": {}, "rows": list(rows)}


def steps():
    seconds = {
        "minigrad": [0.0011, 0.0012, 0.0030],
        "pytorch": [0.0010, 0.0010, 0.0010],
        "pytorch expert": [0.0005, 0.0006, 0.0005],
        "mygrad": [0.0022, 0.0024, 0.0060],
    }
    return result(
        "steps", {"workload": "mlp", "title": "MLP", "threads": 2, "seconds": seconds, "others": 0.2}
    )


def scaling():
    rows = [
        {
            "workload": "agr-adamw",
            "title": f"AGR: {x}",
            "curve": "AGR",
            "axis": "parameters",
            "x": x,
            "threads": 2,
            "seconds": {"AdamW(AGR)": [x * 1.05], "AdamW": [x]},
        }
        for x in (1000, 2_000_000)
    ]
    return result("scaling", *rows)


def memory():
    row = {"workload": "resnet20", "title": "ResNet-20", "threads": 1}
    return result("memory", row | {"bytes": {"minigrad": 140 << 20, "pytorch": 100 << 20}})


def cells(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line[:1] == "|"]


def test_a_line_says_ratio_range_goal_and_whether_it_was_met():
    text = report.markdown(steps())
    assert cells(text)[2:] == [
        ["MLP", "2", "pytorch", "1.2 ms", "1.0 ms", "1.20", "1.10 to 3.00", "0.2", "1.2", "1", "yes"],
        ["MLP", "2", "pytorch expert", "1.2 ms", "500.00 µs", "2.20", "2.00 to 6.00", "0.2", "", "", ""],
        ["MLP", "2", "mygrad", "1.2 ms", "2.4 ms", "0.50", "0.50 to 0.50", "0.2", "1", "", "yes"],
    ]
    assert "2 of 2 goals met" in text
    assert "a processor, 2 cores" in text


def test_a_busy_machine_makes_a_verdict_doubtful():
    row = steps()["rows"][0] | {"others": 0.3}
    assert cells(report.markdown(result("steps", row)))[2][-1] == "yes ?"


def test_times_can_be_per_operation():
    row = steps()["rows"][0] | {"workload": "op-forward", "per_step": 1000}
    assert cells(report.markdown(result("steps", row)))[2][3:5] == ["1.20 µs", "1.00 µs"]


def test_memory_and_agr_have_goals_too():
    assert cells(report.markdown(memory()))[2][3:] == [
        *["140 MB", "100 MB", "1.40", "1.40 to 1.40", "", "1.3", "", "no"]
    ]
    assert [row[-1] for row in cells(report.markdown(scaling()))[2:]] == ["yes", "yes"]


def test_every_goal_of_the_issue_is_for_a_workload():
    from benchmarks.workloads import WORKLOADS

    assert set(WORKLOADS) == set(goals.STEPS) == set(goals.OTHERS)
    assert set(goals.STEPS_ONE_THREAD) <= set(WORKLOADS)
    assert all(goal.stretch < goal.goal for goal in goals.STEPS.values())
    assert goals.goal_of("steps", "resnet20", 2, "pytorch") == (2.0, 1.8)
    assert goals.goal_of("steps", "resnet20", 1, "pytorch") == (1.2, None)
    assert goals.goal_of("steps", "resnet20", 4, "pytorch") is None


@pytest.mark.parametrize("make", [steps, memory, scaling])
def test_everything_is_drawn_again_from_json_alone(make, tmp_path):
    report.save(make(), tmp_path)
    table, chart = report.redraw(tmp_path)
    assert report.markdown(json.loads((tmp_path / f"{make()['kind']}.json").read_text())) in table.read_text()
    assert chart.name in table.read_text()
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_a_run_against_other_frameworks_has_a_folder_of_its_own(tmp_path):
    report.save(steps(), tmp_path)
    peers = steps() | {"options": {"against": ["mygrad", "dezero"]}}
    seconds = {"minigrad": [0.001], "mygrad": [0.016], "dezero": [0.004]}
    peers["rows"] = [
        {"workload": "cnn", "title": "CNN", "threads": 2, "seconds": seconds},
        {"workload": "convnext", "title": "ConvNeXt", "threads": 2, "seconds": {"minigrad": [0.001]}},
    ]
    report.save(peers, tmp_path / "peers")
    table, _, other_table, other_chart = report.redraw(tmp_path)
    assert other_chart.parent == other_table.parent == tmp_path / "peers"
    assert table.read_text().startswith("# Steps\n")
    assert other_table.read_text().startswith("# Steps against other frameworks on NumPy\n")
    assert cells(other_table.read_text())[2:] == [  # who cannot express a workload has no line
        ["CNN", "2", "mygrad", "1.0 ms", "16.0 ms", "0.062", "0.062 to 0.062", "", "0.2", "", "yes"],
        ["CNN", "2", "dezero", "1.0 ms", "4.0 ms", "0.25", "0.25 to 0.25", "", "0.2", "", "no"],
    ]


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no results in .*: expected steps.json, "):
        report.redraw(tmp_path)
