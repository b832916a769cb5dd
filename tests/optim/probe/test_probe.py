"""When a probe measures, what it leaves alone, and its file."""

import numpy as np
import pytest

import minigrad as mg
import optim
from tests.optim.cases import OPTIMIZERS, gradient_step, parameter


def steps(optimizer, count, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        gradient_step(optimizer, rng.standard_normal(3), rng.standard_normal((2, 2)))


def two(device, cls=optim.AdamW, **hyper):
    named = [("w", parameter([1.0, 2.0, 3.0], device)), ("b", parameter(np.ones((2, 2)), device))]
    return cls(named, **hyper)


def weights(optimizer):
    return [p.detach().numpy().tobytes() for group in optimizer.param_groups for p in group["params"]]


@pytest.mark.parametrize("cls", OPTIMIZERS)
@pytest.mark.parametrize("agr", [False, True])
def test_the_optimizer_steps_as_if_there_were_none(device, cls, agr, tmp_path):
    plain, watched = two(device, cls, agr=agr), two(device, cls, agr=agr)
    with optim.Probe(watched, tmp_path / "probe.jsonl"):
        steps(watched, 3)
    steps(plain, 3)
    assert weights(plain) == weights(watched)
    a, b = plain.state_dict(), watched.state_dict()
    assert a["param_groups"] == b["param_groups"]
    assert repr(a["state"]) == repr(b["state"])


def test_which_steps(device, tmp_path):
    optimizer = two(device)
    with optim.Probe(optimizer, tmp_path / "probe.jsonl", every=4):
        steps(optimizer, 12)
    rows = optim.probe.read(tmp_path / "probe.jsonl")
    assert [(row["step"], row["name"]) for row in rows] == [
        (step, name) for step in (1, 2, 3, 4, 8, 12) for name in ("w", "b")
    ]


def test_measurements_are_in_the_file_at_once(device, tmp_path):
    optimizer = two(device)
    with optim.Probe(optimizer, tmp_path / "probe.jsonl"):
        for count in (1, 2, 3):
            steps(optimizer, 1)
            assert len(optim.probe.read(tmp_path / "probe.jsonl")) == 2 * count


def test_a_resumed_run_goes_on_in_the_same_file(device, tmp_path):
    optimizer, path = two(device), tmp_path / "probe.jsonl"
    with optim.Probe(optimizer, path, every=1):
        steps(optimizer, 2)
        saved, kept = optimizer.state_dict(), [p.numpy().copy() for p in optimizer.param_groups[0]["params"]]
        steps(optimizer, 1, seed=1)  # measured, but after the last checkpoint
    path.write_bytes(path.read_bytes() + b'{"step": 4, "na')  # killed while it was writing
    assert len(optim.probe.read(path)) == 6

    resumed = two(device)
    for p, w in zip(resumed.param_groups[0]["params"], kept, strict=True):
        p.data[...] = mg.tensor(w, device=device).data
    resumed.load_state_dict(saved)
    with optim.Probe(resumed, path, every=1):
        steps(resumed, 2, seed=2)
    rows = optim.probe.read(path)
    assert [row["step"] for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert len(path.read_text().splitlines()) == 10

    rng = np.random.default_rng(2)  # the later measurement of step 3 counts
    assert rows[4]["grad_norm"] == pytest.approx(np.linalg.norm(rng.standard_normal(3)))


def test_afterwards_the_optimizer_is_alone(device, tmp_path):
    optimizer = two(device)
    probe = optim.Probe(optimizer, tmp_path / "probe.jsonl")
    assert optimizer.observers == [probe]
    probe.close()
    probe.close()
    assert optimizer.observers == []
    steps(optimizer, 1)
    assert optim.probe.read(tmp_path / "probe.jsonl") == []


def test_with_a_schedule_and_a_memory(device, tmp_path):
    optimizer = two(device, lr=0.5)
    schedule = optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    optimizer.remember()
    with optim.Probe(optimizer, tmp_path / "probe.jsonl"):
        for _ in range(2):
            steps(optimizer, 1)
            schedule.step()
    assert optimizer.explain("b", (1, 0)).exact
    first, second = optim.probe.read(tmp_path / "probe.jsonl")[::2]
    assert second["effective_lr"] < 0.75 * first["effective_lr"]


def test_wrong_arguments(tmp_path):
    with pytest.raises(TypeError, match="Probe: list is not an Optimizer"):
        optim.Probe([parameter()], tmp_path / "probe.jsonl")
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        optim.Probe(optim.SGD([parameter()]), tmp_path / "probe.jsonl", every=0)
