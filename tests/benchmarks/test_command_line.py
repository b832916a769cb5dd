"""What is asked for, refused or found."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import __main__ as command_line
from benchmarks import fresh, machine


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["steps", "mpl"], "unknown workload 'mpl'; there are mlp, "),
        (["memory", "mpl"], "unknown workload 'mpl'"),
        (["kernels", "conf"], "no kernel has 'conf' in its name; there are conv"),
        (["scaling", "mlp"], "unknown curve 'mlp'; there are mlp-batch"),
        (["report", "no/such/folder"], "no results in no/such/folder"),
    ],
)
def test_unknown_names_are_refused(arguments, message):
    with pytest.raises(SystemExit, match=re.escape(message)):
        command_line.main(arguments)


def test_a_framework_that_is_absent_is_named(monkeypatch):
    monkeypatch.setattr("benchmarks.peers.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="dezero is not installed here: pip install dezero"):
        command_line.main(["steps", "mlp", "--against", "dezero"])


def test_rows_are_kept_and_drawn(monkeypatch, tmp_path, capsys):
    calls = []

    def call(function, threads, **arguments):
        calls.append((function, threads, arguments["name"]))
        seconds = {"minigrad": [1.0], "pytorch": [2.0]}
        return [{"workload": "mlp", "title": "MLP", "seconds": seconds}]

    monkeypatch.setattr(fresh, "call", call)
    command_line.main(["steps", "mlp", "vit", "--threads", "1", "2", "--out", str(tmp_path)])
    assert calls == [("benchmarks.steps:time_step", t, name) for t in (1, 2) for name in ("mlp", "vit")]
    stored = json.loads((tmp_path / "steps.json").read_text())
    assert [row["threads"] for row in stored["rows"]] == [1, 1, 2, 2]
    assert stored["options"]["rounds"] == 5
    assert "| 0.50" in capsys.readouterr().out
    assert (tmp_path / "steps.png").exists()


def test_one_that_fails_does_not_stop_the_others(monkeypatch, capsys):
    def call(function, threads, name, **arguments):
        if name == "mlp":
            raise fresh.Failed("mlp: they differ")
        return [{"workload": name, "title": name, "seconds": {"minigrad": [1.0], "pytorch": [2.0]}}]

    monkeypatch.setattr(fresh, "call", call)
    with pytest.raises(SystemExit, match="benchmarks: mlp: they differ"):
        command_line.main(["steps", "mlp", "vit", "--threads", "1"])
    assert "| vit" in capsys.readouterr().out


def test_threads_are_fixed_before_anything_is_imported(monkeypatch):
    names = fresh.THREAD_VARIABLES
    program = f"import json, os; print(json.dumps([os.environ[name] for name in {names!r}]))"
    run = fresh.subprocess.run
    monkeypatch.setattr(
        fresh.subprocess, "run", lambda command, **options: run([sys.executable, "-c", program], **options)
    )
    assert fresh.call("any:thing", threads=3) == ["3"] * len(fresh.THREAD_VARIABLES)


def test_a_process_that_fails_is_an_error(monkeypatch):
    run = fresh.subprocess.run
    monkeypatch.setattr(
        fresh.subprocess, "run", lambda command, **options: run([sys.executable, "-c", "raise SystemExit(3)"])
    )
    with pytest.raises(fresh.Failed, match=r"any:thing with {} ended with status 3"):
        fresh.call("any:thing", threads=1)


def test_machine_and_versions_are_known():
    assert machine.machine()["cores"] >= 1
    assert {"python", "numpy", "torch", "blas", "minigrad"} <= machine.versions().keys()


def test_other_processes_are_seen():
    if not Path("/proc/stat").exists():
        pytest.skip("no /proc/stat here")
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        cores = machine.cores_of_others(lambda: time.sleep(0.5))
    finally:
        other.kill()
        other.wait()
    assert cores > 0.3  # also where all cores are taken, a process gets its share


def test_our_own_work_is_not_that_of_others(monkeypatch, tmp_path):
    stat = tmp_path / "stat"  # in hundredths: user nice system idle iowait irq softirq steal guest guest_nice
    stat.write_text("cpu 1000 0 0 500 70 0 0 0 0 0\n")
    clock = {"wall": 0.0, "own": 5.0}
    monkeypatch.setattr(machine, "Path", lambda _: stat)
    monkeypatch.setattr(machine.os, "sysconf", lambda _: 100)
    monkeypatch.setattr(machine.time, "perf_counter", lambda: clock["wall"])
    monkeypatch.setattr(machine.time, "process_time", lambda: clock["own"])

    def run():  # two seconds: we use one core all the time, others half of one
        stat.write_text("cpu 1200 20 30 600 80 10 20 20 0 0\n")
        clock.update(wall=2.0, own=7.0)

    assert machine.cores_of_others(run) == 0.5
