"""The benchmark on a GPU, all of it on a processor: a look-alike for CuPy, and PyTorch's "cpu" for "cuda"."""

import contextlib
import importlib
import json
import sys
import types
from collections import Counter

import numpy as np
import pytest

import minigrad as mg
from benchmarks import __main__ as command_line
from benchmarks import fresh, goals, report
from benchmarks.gpu import device, parity, precision, steps, workloads
from benchmarks.workloads import WORKLOADS
from benchmarks.workloads.agr import WithAGR
from minigrad import backend
from minigrad.backend import cudnn
from minigrad.backend import device as backend_device
from tests import fake_cupy


class Pool:
    """CuPy's pool of memory; `malloc` and `free` are what the allocator would do."""

    def __init__(self):
        self.used, self.hooks = 0, []

    def used_bytes(self):
        return self.used

    def malloc(self, size):
        self.used += size
        for hook in self.hooks:
            hook.malloc_postprocess(device_id=0, size=size, mem_size=size, mem_ptr=1, pmem_id=1)

    def free(self, size):
        self.used -= size


@pytest.fixture(autouse=True)
def _flags_may_be_set():
    """PyTorch's own test helpers, which other tests import, allow flags in a with statement only."""
    import torch

    with torch.backends.__allow_nonbracketed_mutation():
        yield


@pytest.fixture
def pool(monkeypatch):
    """A GPU, as far as anyone can tell; the pool of its memory."""
    pool = Pool()

    class MemoryHook:
        def __enter__(self):
            pool.hooks.append(self)
            return self

        def __exit__(self, *_):
            pool.hooks.remove(self)

    cupy = fake_cupy.FakeCupy()
    cupy.get_default_memory_pool = lambda: pool
    cupy.cuda.MemoryHook = MemoryHook
    cupy.cuda.runtime.driverGetVersion = lambda: 13010
    cupy.cuda.runtime.runtimeGetVersion = lambda: 12090
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(backend_device, "_cupy", None)
    monkeypatch.setattr(cudnn, "library", lambda: (None, ""))  # a real one would take NumPy's addresses
    monkeypatch.setattr(device, "torch_device", lambda: "cpu")
    return pool


TINY = {name: cls(**cls.tiny) for name, cls in WORKLOADS.items()}
TINY |= {f"{name}-agr": WithAGR(TINY[name]) for name in ("adamw", "adan")}


def test_the_whole_command(pool, monkeypatch, tmp_path, capsys):
    def call(function, threads, **arguments):  # in this process, where the look-alike is
        module, _, name = function.partition(":")
        return getattr(importlib.import_module(module), name)(**arguments)

    monkeypatch.setattr(fresh, "call", call)
    monkeypatch.setattr(workloads, "TIMED", TINY)
    monkeypatch.setattr(steps, "TIMED", TINY)
    monkeypatch.setattr(steps, "SECONDS", 0)
    saved, save = [], report.save
    monkeypatch.setattr(report, "save", lambda r, out: (saved.append(len(r["rows"])), save(r, out)))
    command_line.main(["gpu", "--rounds", "1", "--out", str(tmp_path)])
    assert saved == list(range(1, len(TINY) + 1))  # after every row

    result = json.loads((tmp_path / "gpu.json").read_text())
    assert result["machine"]["gpu"]["name"] == "a fake"
    assert result["machine"]["gpu"]["driver"] == "13.1"
    by_name = {row["workload"]: row for row in result["rows"]}
    assert set(by_name) == set(TINY)
    assert list(by_name["resnet20"]["seconds"]) == ["minigrad", "pytorch", "pytorch expert"]
    assert list(by_name["adamw"]["seconds"]) == ["minigrad", "pytorch foreach", "pytorch fused"]
    assert list(by_name["adan-agr"]["seconds"]) == ["minigrad", "pytorch foreach", "minigrad Adan"]
    kinds = {"results", "losses", "gradients", "weights"}
    for dtype in ("float32", "float64"):
        errors = by_name["vit"]["parity"][dtype]["errors"]
        assert list(errors) == ["minigrad", "minigrad on NumPy"]
        assert all(set(found) == kinds for found in errors.values())

    text = (tmp_path / "gpu.md").read_text()
    assert report.markdown(result) in text
    assert report.markdown(result) in capsys.readouterr().out
    assert "im2col + cuBLAS" in text
    assert "| minigrad on NumPy |" in text
    assert (tmp_path / "gpu.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_missing_is_said_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(backend_device, "_cupy", None)
    with pytest.raises(SystemExit) as stopped:
        command_line.main(["gpu", "mlp"])
    message = str(stopped.value)
    assert message.count("\n") == 0
    assert "CuPy, which is not installed: pip install" in message
    import torch

    assert torch.cuda.is_available() or "PyTorch" in message


def test_a_gpu_without_a_pytorch_for_it_is_no_gpu(pool, monkeypatch):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this PyTorch has a GPU")
    monkeypatch.setattr(device, "torch_device", lambda: "cuda")
    with pytest.raises(ValueError, match=r"^PyTorch .* (is a build without CUDA|finds no GPU)"):
        device.require()


def test_results_that_differ_get_no_times(pool, monkeypatch, tmp_path, capsys):
    def call(function, threads, **arguments):
        return steps.measure(**arguments)

    ours = device.ours

    def wrong(dtype="float32"):
        def cross_entropy(*arguments):
            return ours().F.cross_entropy(*arguments) * (1 + 1e-4)

        F = types.SimpleNamespace(**{**vars(ours().F), "cross_entropy": cross_entropy})
        return ours(dtype)._replace(F=F)

    monkeypatch.setattr(fresh, "call", call)
    monkeypatch.setattr(steps, "TIMED", TINY)
    monkeypatch.setattr(steps, "SECONDS", 0)
    monkeypatch.setattr(device, "ours", wrong)
    with pytest.raises(SystemExit, match="benchmarks: vit in float32: the results do not agree"):
        command_line.main(["gpu", "vit", "--rounds", "1", "--out", str(tmp_path)])
    (row,) = json.loads((tmp_path / "gpu.json").read_text())["rows"]
    assert "seconds" not in row
    assert row["parity"]["float32"]["errors"]["minigrad"]["losses"] == pytest.approx(1e-4, rel=0.1)
    assert "| no " in capsys.readouterr().out
    assert not (tmp_path / "gpu.png").exists()


@pytest.mark.parametrize("name", ["resnet20", "lm", "adan"])
def test_coarse_products_in_float32_are_seen(pool, monkeypatch, name):
    """As if TensorFloat-32 had stayed on, on our side."""
    values = parity.values

    def coarse(workload, lib, precision="float32"):
        found = values(workload, lib, precision)
        if lib.top is mg and lib.device == "cuda" and lib.dtype == "float32":
            for tensors in found.values():
                for key, array in tensors.items():
                    tensors[key] = array.astype(np.float16).astype(np.float64)
        return found

    assert parity.holds(parity.compare(TINY[name], "float32"))
    monkeypatch.setattr(parity, "values", coarse)
    assert not parity.holds(parity.compare(TINY[name], "float32"))


def test_errors_are_those_of_the_worst_tensor_relative_to_its_size():
    truth = {"gradients": {"a": np.full(4, 100.0), "b": np.full(2, 1.0), "zero": np.zeros(2)}}
    found = {"gradients": {"a": np.full(4, 100.1), "b": np.full(2, 1.01), "zero": np.zeros(2)}}
    assert parity.errors(found, truth) == {"gradients": pytest.approx(0.01)}
    noise = {"gradients": truth["gradients"] | {"zero": np.full(2, 1e-9)}}
    assert parity.errors(noise, truth)["gradients"] < 1e-7  # not 1: it is zero but for rounding
    nan = {"gradients": truth["gradients"] | {"b": np.array([1.0, np.nan])}}
    assert parity.errors(nan, truth)["gradients"] == float("inf")


def test_tolerances_follow_the_yardstick():
    measured = {"results": 1e-6, "losses": 1e-9, "gradients": 1e-5, "weights": 1e-6}
    allowed = parity.tolerances(measured, "lm", "float32", "float32")
    assert allowed["results"] == pytest.approx(8e-6 + 64 * 2**-24)
    assert allowed["losses"] == allowed["gradients"] == pytest.approx(8e-5 + 64 * 2**-24)
    double = parity.tolerances(measured, "lm", "float32", "float64")
    assert double["gradients"] == pytest.approx(allowed["gradients"] * 2**-29)
    assert parity.tolerances(measured, "cnn", "float32", "float32")["gradients"] > parity.KINK
    assert parity.tolerances(measured, "cnn", "float32", "float64")["gradients"] < 1e-12


def test_the_peak_is_what_was_in_use_at_once(pool):
    pool.malloc(1000)

    def run():
        pool.malloc(300)
        pool.free(300)
        pool.malloc(500)
        pool.malloc(20)
        pool.free(520)
        pool.malloc(10)

    assert device.peak(run, "minigrad") == 520
    assert device.peak(run, "pytorch") is None  # PyTorch's stand-in has no pool


def test_the_clock_waits_for_the_gpu(monkeypatch):
    waited = []
    monkeypatch.setattr(device, "synchronize", lambda: waited.append(True))
    first = device.clock()
    assert device.clock() >= first
    assert len(waited) == 2


def test_calls_of_cudnn_are_counted(monkeypatch):
    counters = types.SimpleNamespace(executed=Counter(), fallbacks=Counter(), refused={})
    monkeypatch.setattr(backend, "cudnn", counters, raising=False)

    def run():
        counters.executed.update(["conv_fprop", "conv_fprop", "conv_wgrad"])
        counters.fallbacks.update(["conv_dgrad"])
        counters.refused |= {"one": "no engine", "another": "no engine"}

    assert device.by_cudnn(run) == {
        "executed": {"conv_fprop": 2, "conv_wgrad": 1},
        "fallbacks": {"conv_dgrad": 1},
        "refused": ["no engine"],
    }


@pytest.mark.parametrize(
    ("name", "missing"),
    [("tf32", "set_float32_matmul_precision"), ("float16", "autocast"), ("bfloat16", "autocast")],
)
def test_a_precision_that_is_absent_is_named(pool, monkeypatch, name, missing):
    monkeypatch.delattr(mg, missing, raising=False)
    with pytest.raises(ValueError, match=f"minigrad.{missing} does not exist: this precision needs it"):
        parity.values(TINY["mlp"], device.ours(), name)


class Scaler:
    """PyTorch's names, for a loss that needs no scale."""

    def __init__(self, device, init_scale, enabled):
        self.calls = [device, init_scale, enabled]

    def scale(self, loss):
        return loss

    def step(self, optimizer):
        optimizer.step()

    def update(self):
        self.calls.append("update")


def test_steps_in_mixed_precision_go_through_autocast_and_scaler(pool, monkeypatch):
    inside = []

    @contextlib.contextmanager
    def autocast(device_type, dtype):
        inside.append((device_type, str(dtype)))
        yield

    monkeypatch.setattr(steps, "SECONDS", 0)
    monkeypatch.setattr(mg, "autocast", autocast, raising=False)
    monkeypatch.setattr(mg, "amp", types.SimpleNamespace(GradScaler=Scaler), raising=False)
    side = precision.in_precision(TINY["mlp"].side(device.ours()), "float16")
    side.run()
    assert side.scaler.calls == ["cuda", 1024.0, True, "update"]
    assert inside == [("cuda", inside[0][1])]
    assert inside[0][1].endswith("float16")

    # Ours is float32 here, so nearer to the truth than PyTorch in bfloat16.
    row = steps.row(TINY["mlp"], "bfloat16", rounds=1)
    assert parity.holds(row["parity"])
    assert list(row["parity"]) == ["bfloat16"]
    assert set(row["seconds"]) == {"minigrad", "pytorch", "pytorch expert"}
    assert list(row["parity"]["bfloat16"]["errors"]) == ["minigrad"]
    allowed = row["parity"]["bfloat16"]["tolerances"]["results"]
    assert row["parity"]["bfloat16"]["errors"]["minigrad"]["results"] < 1e-5 < 1e-3 < allowed


def test_both_sides_are_told_about_tensorfloat32(pool, monkeypatch):
    import torch

    told = []
    monkeypatch.setattr(mg, "set_float32_matmul_precision", told.append, raising=False)
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    try:
        for name in ("tf32", "float32"):
            precision.set_products(device.ours(), name)
            precision.set_products(device.theirs(), name)
            told.append((torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32))
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]
    assert told == ["high", ("high", True), "highest", ("highest", False)]


def test_only_networks_have_other_precisions():
    assert [name for name in workloads.TIMED if workloads.applies(name, "tf32")] == [
        *["mlp", "cnn", "resnet20", "vit", "lm", "convnext"]
    ]
    assert all(workloads.applies(name, "float32") for name in workloads.TIMED)


def test_goals_are_for_rows_that_exist():
    for name, against in goals.GPU:
        assert against in workloads.labels(workloads.TIMED[name])
    assert goals.goal_of("gpu", "resnet20", 8, "pytorch") == (1.5, 1.2)
    assert goals.goal_of("gpu", "resnet20", 8, "pytorch expert") is None
    assert goals.goal_of("gpu", "adamw", 8, "pytorch fused") == (1.2, None)
    assert goals.goal_of("gpu", "adamw-agr", 8, "minigrad AdamW") == goals.AGR
    assert workloads.TIMED["resnet20"].batch == 512
    assert workloads.compared(workloads.TIMED["resnet20"]).batch == 16


def test_a_goal_is_for_float32_only():
    row = {
        "workload": "lm",
        "title": "LM",
        "threads": 8,
        "convolves": False,
        "cudnn": {"executed": {"a": 4, "b": 5}, "fallbacks": {"c": 1}, "refused": ["no engine"]},
        "peak": {"minigrad": 3 << 20, "pytorch": 2 << 20},
        "seconds": {"minigrad": [0.002], "pytorch": [0.001]},
        "parity": {},
    }
    machine = {"cpu": "a processor", "cores": 2, "load": 0.1, "gpu": {"name": "a GPU", "memory": "80 GB"}}
    rows = [row | {"precision": name} for name in ("float32", "tf32")]
    text = report.markdown({"kind": "gpu", "machine": machine, "versions": {}, "rows": rows})
    lines = [line for line in text.splitlines() if line[:1] == "|"]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert cells[2] == [
        *["LM", "float32", "pytorch", "2.0 ms", "1.0 ms", "2.00", "2.00 to 2.00", "", "1.5", "1.2", "no"],
        *["cuDNN, 9 calls, 1 left to cuBLAS", "3 MB, 2 MB"],
    ]
    assert cells[3][1] == "tf32"
    assert cells[3][8:11] == ["", "", ""]
    assert text.startswith("a GPU, memory 80 GB.")
    assert "cuDNN refused, in LM, tf32: no engine" in text
