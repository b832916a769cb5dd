"""The goals: our time over PyTorch's (eager, default settings, float32) in the same run."""

from typing import NamedTuple


class Goal(NamedTuple):
    """A ratio to stay at or below, and one that would be better still."""

    goal: float
    stretch: float | None = None


STEPS = {
    "mlp": Goal(1.2, 1.0),
    "cnn": Goal(1.4, 1.2),
    "resnet20": Goal(2.0, 1.8),
    "vit": Goal(1.6, 1.4),
    "lm": Goal(1.2, 1.0),
    "convnext": Goal(1.25, 1.1),
    "vgg": Goal(1.1, 0.95),
    "adamw": Goal(1.0, 0.85),
    "adan": Goal(0.85, 0.75),
    "op-forward": Goal(0.7, 0.5),
    "op-backward": Goal(0.5, 0.35),
}
"""With 2 threads."""

STEPS_ONE_THREAD = {
    "mlp": Goal(1.0),
    "cnn": Goal(1.0),
    "resnet20": Goal(1.2),
    "vit": Goal(1.2),
    "lm": Goal(1.0),
    "convnext": Goal(1.0),
    "vgg": Goal(1.2),
}

OTHERS = {
    name: Goal(0.2 if name in ("cnn", "resnet20", "vit", "lm", "convnext", "vgg") else 1.0) for name in STEPS
}
"""Against other frameworks on NumPy: 5 times faster where there is convolution or attention."""

MEMORY = {"resnet20": Goal(1.3)}
"""Peak memory of a step."""

_GPU_MODEL, _GPU_OPTIMIZER = Goal(1.5, 1.2), Goal(1.2)
GPU = {
    ("resnet20", "pytorch"): _GPU_MODEL,
    ("vit", "pytorch"): _GPU_MODEL,
    ("lm", "pytorch"): _GPU_MODEL,
    ("adamw", "pytorch fused"): _GPU_OPTIMIZER,
    ("adan", "pytorch foreach"): _GPU_OPTIMIZER,
}
"""On a GPU in float32, by what is compared with. PyTorch has no Adan, so none that is fused."""

AGR = Goal(1.1)
"""A step with AGR over one without."""


def goal_of(kind: str, workload: str, threads: int, against: str) -> Goal | None:
    """The goal for a row of a table, if there is one."""
    if kind == "gpu":
        return GPU.get((workload, against), AGR if against.startswith("minigrad") else None)
    if against.startswith("pytorch") and against != "pytorch":
        return None  # expert settings: for information
    if kind == "memory":
        return MEMORY.get(workload)
    if kind == "scaling":
        return AGR if workload.startswith("agr") else None
    if kind != "steps":
        return None
    if against != "pytorch":
        return OTHERS.get(workload)
    return {1: STEPS_ONE_THREAD, 2: STEPS}.get(threads, {}).get(workload)


def verdict(ratio: float, goal: Goal) -> str:
    """Whether a ratio meets its goal."""
    if goal.stretch is not None and ratio <= goal.stretch:
        return "stretch"
    return "yes" if ratio <= goal.goal else "no"
