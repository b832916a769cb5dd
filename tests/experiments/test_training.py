"""The training loop: it learns, repeats bit for bit, and goes on bit for bit wherever it was stopped."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_torch

import minigrad as mg
from experiments.folder import RunFolder
from experiments.train import train
from experiments.training import Average, Training, train_epoch
from tests.data.official import write_cifar10


def run(config, path):
    folder = RunFolder(path)
    folder.create(config)
    return train(config, folder)


def numbers(rows):
    """The measurements without the time they took."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def weights(path):
    return load_file(RunFolder(path).last)


def test_a_run_leaves_everything_behind(tiny, tmp_path):
    rows = run(tiny, tmp_path / "a")
    folder = RunFolder(tmp_path / "a")
    assert [list(row) for row in rows] == [
        ["epoch", "step", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "lr", "seconds"]
    ] * 2
    assert [json.loads(line) for line in folder.metrics.read_text().splitlines()] == rows
    assert [row["step"] for row in rows] == [3, 6]
    assert folder.curves.read_bytes().startswith(b"\x89PNG")
    page = folder.report.read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "")
    assert rows[1]["train_loss"] < rows[0]["train_loss"]


def test_best_weights_are_pytorchs(tiny, tmp_path):
    run(tiny, tmp_path / "a")
    found = load_torch(RunFolder(tmp_path / "a").best)
    layers = torch.nn.Sequential(torch.nn.Conv2d(3, 32, 3, padding=1, bias=False), torch.nn.BatchNorm2d(32))
    layers.load_state_dict({name: value for name, value in found.items() if name[:2] in ("0.", "1.")})


@pytest.mark.parametrize(
    "settings",
    [{}, {"optimizer": "adan", "agr": True}, {"optimizer": "sgd", "schedule": "none", "augment": False}],
)
def test_the_same_seed_repeats_bit_for_bit(tiny, tmp_path, repeats, settings):
    config = replace(tiny, lr=None, **settings)
    first, second = run(config, tmp_path / "a"), run(config, tmp_path / "b")
    repeats(numbers(first), numbers(second))
    repeats([weights(tmp_path / "a")], [weights(tmp_path / "b")])
    other = run(replace(config, seed=1), tmp_path / "c")
    assert numbers(other) != numbers(first)


@pytest.mark.parametrize("when", ["batch", "checkpoint", "metrics"])
def test_stopped_in_the_second_epoch_and_resumed(tiny, tmp_path, repeats, monkeypatch, when):
    undisturbed = run(tiny, tmp_path / "a")
    folder = RunFolder(tmp_path / "b")
    folder.create(tiny)
    stopped = Training(tiny, folder)
    calls = []

    def stop_at(patch, method, count):
        real = getattr(*method)

        def counted(*args, **kwargs):
            calls.append(1)
            if len(calls) == count:
                raise KeyboardInterrupt
            return real(*args, **kwargs)

        patch.setattr(*method, counted)

    target = {
        "batch": ((stopped.optimizer, "step"), 5),
        "checkpoint": ((folder, "save_checkpoint"), 2),
        "metrics": ((folder, "save_metrics"), 3),
    }[when]
    with monkeypatch.context() as patch:
        stop_at(patch, *target)
        with pytest.raises(KeyboardInterrupt):
            stopped.run()
    again = RunFolder(tmp_path / "b")
    rows = train(again.config(), again)
    repeats(numbers(rows), numbers(undisturbed))
    repeats([weights(tmp_path / "a")], [weights(tmp_path / "b")])
    repeats(numbers(again.load_metrics()), numbers(undisturbed))


def test_killed_at_ten_random_moments(tmp_path, repeats):
    """SIGKILL, ten times, at moments nobody chose; the weights are an undisturbed run's, bit for bit."""
    write_cifar10(tmp_path, per_batch=60)
    command = [sys.executable, "-m", "experiments.command_line", "train"]
    settings = "--data cifar10 --model mlp --epochs 12 --batch-size 32 --seed 3".split()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MINIGRAD_DATA": str(tmp_path)}
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = time.perf_counter()
    subprocess.run([*command, *settings, "--out", tmp_path / "a"], check=True, **quiet)
    whole = time.perf_counter() - started
    moments = random.Random(0)
    disturbed = [*command, *settings, "--out", tmp_path / "b"]
    for _ in range(10):
        process = subprocess.Popen(disturbed, **quiet)
        time.sleep(moments.uniform(0.1, 0.9) * whole)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if RunFolder(tmp_path / "b").started:
            disturbed = [*command, "--resume", tmp_path / "b"]
    subprocess.run(disturbed, check=True, **quiet)
    repeats([weights(tmp_path / "a")], [weights(tmp_path / "b")])
    assert numbers(RunFolder(tmp_path / "a").load_metrics()) == numbers(
        RunFolder(tmp_path / "b").load_metrics()
    )


def test_a_diverging_run_says_so(device):
    model = mg.nn.Linear(2, 2).to(device)
    batch = mg.full((4, 2), float("inf"), device=device), mg.zeros(4, dtype="int64", device=device)

    class Still:
        def zero_grad(self):
            pass

        step = zero_grad

    with pytest.raises(FloatingPointError, match="smaller --lr"):
        train_epoch(model, Still(), [batch])


def test_average_weighs_batches_by_their_size(device):
    total = Average()
    total.add(mg.tensor(1.0), mg.tensor([[1.0, 0.0]], device=device), mg.tensor([0], device=device))
    total.add(mg.tensor(4.0), mg.tensor([[1.0, 0.0]] * 2, device=device), mg.tensor([0, 1], device=device))
    assert (total.loss, total.accuracy) == (3.0, pytest.approx(2 / 3))
