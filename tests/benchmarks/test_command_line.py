"""What is asked for, refused or found."""

import json
import os
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


def test_other_processes_are_seen_and_our_own_work_is_not():
    def work(seconds):
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    if not Path("/proc/stat").exists():
        pytest.skip("no /proc/stat here")
    command = [sys.executable, "-c", "while True: pass"]
    alone = machine.cores_of_others(lambda: work(0.3))
    other = subprocess.Popen(command)
    try:
        beside = machine.cores_of_others(lambda: time.sleep(0.5))
    finally:
        other.kill()
        other.wait()
    assert alone <= os.cpu_count()
    assert beside > 0.3  # also where all cores are taken, a process gets its share
