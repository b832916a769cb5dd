"""What has gone wrong around the update: clipping, saving and loading, half precision, the schedule."""

import numpy as np

import optim
from optim import SGD, Adam, lr_scheduler
from tests.museum.exhibit import FOLKLORE, exhibit, instead_of

NORM = "test_clip.test_norm_equals_pytorch"
LOADED = "test_saving.test_a_loaded_optimizer_continues_bit_for_bit"


@instead_of(
    "clip_grad_norm_",
    killed_by=NORM,
    source="https://github.com/huggingface/transformers/pull/614",
    year=2019,
)
def clip_one_by_one(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """Transformers clipped group by group (here: tensor by tensor): the whole stays too large."""
    norm = optim.clip.clip_grad_norm_(parameters := list(parameters), np.inf, norm_type, error_if_nonfinite)
    for p in parameters:
        optim.clip.clip_grad_norm_(p, max_norm, norm_type)
    return norm


@instead_of(
    "clip_grad_norm_", killed_by=NORM, source="https://github.com/paiml/entrenar/issues/311", year=2026
)
def clip_by_the_square(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """entrenar squared a square: the factor was max_norm / norm^2."""
    parameters = [p for p in parameters if p.grad is not None]
    norm = optim.clip.clip_grad_norm_(parameters, np.inf, norm_type, error_if_nonfinite)
    factor = min(1.0, max_norm / (norm.item() ** 2 + 1e-6))
    for p in parameters:
        p.grad.data[...] *= factor
    return norm


@exhibit(
    Adam,
    "state_dict",
    killed_by=LOADED,
    source="https://github.com/optimizedlearning/mechanic/issues/2",
    year=2023,
)
def state_by_identity(self):
    """mechanic kept state by the address of a tensor: who loads has other tensors, and finds none."""
    saved = Adam.state_dict(self)
    params = [p for group in self.param_groups for p in group["params"]]
    return {**saved, "state": {id(params[index]): kept for index, kept in saved["state"].items()}}


@exhibit(
    Adam,
    "state_dict",
    killed_by=LOADED,
    source="https://github.com/pytorch/pytorch/issues/196083",
    year=2026,
)
def snapshot_that_lives(self):
    """PyTorch's state_dict shares memory with the optimizer: later steps change what was saved."""
    saved = Adam.state_dict(self)
    params = [p for group in self.param_groups for p in group["params"]]
    for index, kept in saved["state"].items():
        for name, value in kept.items():
            if name != "step":
                value.data = self.state[params[index]][name]
    return saved


@exhibit(
    Adam,
    "load_state_dict",
    killed_by=LOADED,
    source="https://github.com/OpenNMT/OpenNMT-py/issues/38",
    year=2017,
)
def state_wiped_after_loading(self, state_dict):
    """OpenNMT made the optimizer anew after loading: Adam started from zero at every checkpoint."""
    Adam.load_state_dict(self, state_dict)
    self.state = {}


@exhibit(Adam, "load_state_dict", killed_by=LOADED, source=FOLKLORE, year=None)
def moments_without_their_count(self, state_dict):
    """Only the arrays are loaded: the bias correction starts again with averages that need none."""
    Adam.load_state_dict(self, state_dict)
    for state in self.state.values():
        state["step"] = 0


@exhibit(
    Adam,
    "_update_parameter",
    killed_by="test_optimizer.test_shape_and_dtype_stay",
    source="https://github.com/google-deepmind/optax/issues/1754",
    year=2026,
)
def half_precision_throughout(self, p, gradient, group):
    """Optax, and Chainer in 2019: in float16 an eps of 1e-8 is 0, and a zero gradient makes 0 / 0."""
    state = self.state.setdefault(p, {"step": 0})
    state["step"] += 1
    for name in self.state_arrays(group):
        state.setdefault(name, np.zeros_like(p.data))
    with np.errstate(divide="ignore", invalid="ignore"):
        g = gradient.piece(slice(None), np.empty_like(p.data))
        half = {name: np.float16(group[name]) for name in ("lr", "eps", "weight_decay")}
        Adam.update(self, p.data, g, state, {**group, **half})


@exhibit(
    SGD,
    "step",
    killed_by="test_optimizer.test_a_parameter_without_gradient_is_passed_over",
    source="https://github.com/KellerJordan/Muon/issues/54",
    year=None,
)
def decay_without_a_gradient(self, closure=None):
    """Muon decays the weights also of a parameter that got no gradient."""
    for group in self.param_groups:
        for p in group["params"]:
            if p.grad is None:
                p.data *= 1 - group["lr"] * group["weight_decay"]
    return SGD.step(self, closure)


@instead_of(
    "lr_scheduler.StepLR",
    killed_by="test_decay.test_step",
    source="https://github.com/pytorch/pytorch/pull/7889",
    year=2018,
)
class one_epoch_late(lr_scheduler.StepLR):
    """PyTorch until 1.1 wanted the schedule to step first; called after the epoch, it is one epoch late."""

    def get_lr(self):
        epoch = max(self.last_epoch - 1, 0)
        return [lr * self.gamma ** (epoch // self.step_size) for lr in self.base_lrs]


@instead_of(
    "lr_scheduler.LambdaLR",
    killed_by="test_decay.test_lambda",
    source=FOLKLORE,
    year=None,
)
class factor_of_the_last_rate(lr_scheduler.LambdaLR):
    """The factor times the present learning rate, in place of the first one: factors multiply up."""

    def get_lr(self):
        last = [group["lr"] for group in self.optimizer.param_groups]
        first = super().get_lr()
        return [
            lr * rate / base if base else 0.0
            for lr, rate, base in zip(last, first, self.base_lrs, strict=True)
        ]
