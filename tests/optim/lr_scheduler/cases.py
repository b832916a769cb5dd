"""The same schedule on an optimizer of ours and of PyTorch's."""

import inspect

import numpy as np
import torch

import minigrad as mg
import optim
from optim import lr_scheduler


def optimizer(library, lrs, kind="SGD"):
    """An optimizer with one parameter group for each learning rate."""
    if library is torch:
        return getattr(torch.optim, kind)(
            [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": lr} for lr in lrs]
        )
    return getattr(optim, kind)([{"params": [mg.tensor([1.0], requires_grad=True)], "lr": lr} for lr in lrs])


def path(schedule, steps, keys=("lr",)):
    """What the schedule has set in each group, before each of its steps."""
    values = []
    for _ in range(steps):
        assert schedule.get_last_lr() == [group["lr"] for group in schedule.optimizer.param_groups]
        values.append([[group[key] for key in keys] for group in schedule.optimizer.param_groups])
        schedule.optimizer.step()  # PyTorch warns without
        schedule.step()
    return values


def same_path(make, lrs, steps, kind="SGD", keys=("lr",), tolerance=1e-12):
    """`make(module, optimizer)` builds the schedule from our module or PyTorch's."""
    got = path(make(lr_scheduler, optimizer(optim, lrs, kind)), steps, keys)
    want = path(make(torch.optim.lr_scheduler, optimizer(torch, lrs, kind)), steps, keys)
    np.testing.assert_allclose(_flat(got), _flat(want), rtol=tolerance, atol=tolerance * max(lrs))


def _flat(values):
    return [np.hstack([np.hstack(entries) for entries in groups]) for groups in values]


# Every schedule that the package exports, with arguments to make one.
ARGUMENTS = {
    lr_scheduler.LambdaLR: {"lr_lambda": lambda epoch: 0.5**epoch},
    lr_scheduler.StepLR: {"step_size": 3},
    lr_scheduler.MultiStepLR: {"milestones": [2, 5]},
    lr_scheduler.LinearLR: {"total_iters": 4},
    lr_scheduler.CosineAnnealingLR: {"T_max": 6},
    lr_scheduler.OneCycleLR: {"max_lr": 0.5, "total_steps": 12},
}
SCHEDULES = [
    c
    for c in vars(lr_scheduler).values()
    if inspect.isclass(c) and c not in (lr_scheduler.LRScheduler, lr_scheduler.SequentialLR)
]
