"""A run that changes to PyTorch and back goes on as if it had not."""

import json

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import minigrad as mg
import models
import optim
from optim.interop import restore, snapshot
from tests.models import twins
from tests.nn.twins import same_buffers
from tests.optim import torch_adan
from tests.optim.cases import HYPER, OPTIMIZERS, gradient_step, parameter, same_path

NETWORKS = {
    "mlp": (
        lambda: models.mlp(48, (8, 6), 3),
        lambda: twins.mlp(48, (8, 6), 3),
    ),
    "convnet": (
        lambda: models.convnet(3, widths=(4, 6)),
        lambda: twins.convnet(3, widths=(4, 6)),
    ),
    "resnet8": (lambda: models.resnet8(3), lambda: twins.ResNet(1, 3)),
}

STEPS = 3  # in each library, three times: ours, PyTorch, ours


def torch_class(cls):
    return torch_adan.Adan if cls is optim.Adan else getattr(torch.optim, cls.__name__)


class Ours:
    def __init__(self, network, cls, groups, device):
        self.device = device
        self.model = NETWORKS[network][0]().to(device).to("float64")
        self.optimizer = cls(grouped(self.model, groups))

    def step(self, images, labels):
        self.optimizer.zero_grad()
        logits = self.model(mg.tensor(images, device=self.device))
        mg.nn.functional.cross_entropy(logits, mg.tensor(labels, device=self.device)).backward()
        self.optimizer.step()
        return [p.detach().numpy().copy() for p in self.model.parameters()]


class PyTorchs:
    def __init__(self, network, cls, groups, device):
        self.model = NETWORKS[network][1]().double()
        self.optimizer = torch_class(cls)(grouped(self.model, groups))

    def step(self, images, labels):
        self.optimizer.zero_grad()
        torch.nn.functional.cross_entropy(self.model(torch.tensor(images)), torch.tensor(labels)).backward()
        self.optimizer.step()
        return [p.detach().numpy().copy() for p in self.model.parameters()]


def grouped(model, hypers):
    """One group, or two: weights and everything else."""
    parameters = list(model.parameters())
    if len(hypers) == 1:
        return [{"params": parameters, **hypers[0]}]
    return [
        {"params": [p for p in parameters if (p.ndim > 1) is weights], **hyper}
        for weights, hyper in zip((True, False), hypers, strict=True)
    ]


def tame(hyper):
    """Without settings that make rounding grow: m / sqrt(v) has no bound if v forgets sooner than m."""
    hyper = {**hyper, "lr": min(hyper["lr"], 1e-2)}
    if "alpha" in hyper:
        hyper["alpha"] = max(hyper["alpha"], 0.9)
    if "betas" in hyper:
        *others, last = hyper["betas"]
        hyper["betas"] = (*(min(beta, 0.9) for beta in others), max(last, 0.9))
    return hyper


def in_a_file(saved, folder):
    mg.save(saved, folder / "run.safetensors")
    return mg.load(folder / "run.safetensors")


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("cls", OPTIMIZERS)
@settings(max_examples=max(2, settings.default.max_examples // 10), phases=[Phase.generate])  # no shrinking
@given(data=st.data())
def test_a_run_goes_to_pytorch_and_back(device, tmp_path_factory, network, cls, data):
    groups = data.draw(st.lists(HYPER[cls].map(tame), min_size=1, max_size=2))
    through = data.draw(st.sampled_from(["memory", "file"]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    batches = [(rng.standard_normal((6, 3, 4, 4)), rng.integers(0, 3, 6)) for _ in range(3 * STEPS)]

    mg.manual_seed(data.draw(st.integers(0, 99)))
    runners = [kind(network, cls, groups, device) for kind in (Ours, PyTorchs, Ours)]
    stays = PyTorchs(network, cls, groups, device)
    restore(snapshot(runners[0].model, runners[0].optimizer), stays.model, stays.optimizer)

    got, want = [], []
    for leg, runner in enumerate(runners):
        if leg:
            saved = snapshot(runners[leg - 1].model, runners[leg - 1].optimizer)
            if through == "file":
                saved = in_a_file(saved, tmp_path_factory.mktemp("run"))
            restore(saved, runner.model, runner.optimizer)
        for batch in batches[STEPS * leg : STEPS * (leg + 1)]:
            got.append(runner.step(*batch))
            want.append(stays.step(*batch))
    same_path(got, want, 1e-9)
    same_buffers(runner.model, stays.model, 1e-9)


def test_the_file_can_be_read_without_minigrad(device, tmp_path):
    """All that the layout promises: tensors under flat names, everything else as JSON in the header."""
    from safetensors.torch import safe_open

    run = Ours("mlp", optim.AdamW, [{"lr": 0.5}], device)
    run.step(np.ones((2, 3, 4, 4)), np.array([0, 1]))
    mg.save(snapshot(run.model, run.optimizer), tmp_path / "run.safetensors")

    with safe_open(tmp_path / "run.safetensors", "pt") as file:
        structure = json.loads(file.metadata()["minigrad"])["structure"]
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def rebuilt(node):
        if isinstance(node, list):
            return [rebuilt(entry) for entry in node]
        if not isinstance(node, dict):
            return node
        if "$tensor" in node:
            return tensors[node["$tensor"]]
        if "$tuple" in node:
            return tuple(rebuilt(entry) for entry in node["$tuple"])
        return {key: rebuilt(value) for key, value in node["$items"]}

    saved = rebuilt(structure)
    assert saved["optimizer"]["class"] == "AdamW"
    assert saved["optimizer"]["param_groups"][0]["lr"] == 0.5
    assert saved["optimizer"]["state"][0]["step"] == 1
    assert torch.equal(saved["optimizer"]["state"][0]["exp_avg"], tensors["optimizer.state.0.exp_avg"])
    network = NETWORKS["mlp"][1]().double()
    assert network.load_state_dict(saved["model"])


def test_a_snapshot_does_not_change_with_the_run(device):
    run = Ours("mlp", optim.SGD, [{"lr": 0.5, "momentum": 0.5}], device)
    batch = np.ones((2, 3, 4, 4)), np.array([0, 1])
    run.step(*batch)
    saved = snapshot(run.model, run.optimizer)
    before = [saved["model"]["1.weight"].copy(), saved["optimizer"]["state"][0]["momentum_buffer"].copy()]
    run.step(*batch)
    np.testing.assert_array_equal(saved["model"]["1.weight"], before[0])
    np.testing.assert_array_equal(saved["optimizer"]["state"][0]["momentum_buffer"], before[1])


# ---------------------------------------------------------------------- what does not fit


class Holder(mg.nn.Module):
    """A model of one parameter."""

    def __init__(self, w):
        super().__init__()
        self.w = mg.nn.Parameter(w)


class TorchHolder(torch.nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(*shape, dtype=torch.float64))


def one_step(cls=optim.Adam, **hyper):
    model = Holder(parameter())
    optimizer = cls(model.parameters(), **hyper)
    gradient_step(optimizer, [1.0, -1.0])
    return snapshot(model, optimizer)


def torch_optimizer(name, *shape, names=False, **hyper):
    model = TorchHolder(*(shape or (2,)))
    params = list(model.named_parameters()) if names else list(model.parameters())
    return model, getattr(torch.optim, name)(params, lr=1e-3, **hyper)


def test_another_class_is_refused():
    with pytest.raises(TypeError, match="restore: a run of Adam cannot be continued by SGD"):
        restore(one_step(), *torch_optimizer("SGD"))
    model = Holder(parameter())
    with pytest.raises(TypeError, match="restore: a run of Adam cannot be continued by AdamW"):
        restore(one_step(), model, optim.AdamW(model.parameters()))


def test_pytorchs_adam_may_be_an_adamw():
    model, optimizer = torch_optimizer("Adam", decoupled_weight_decay=True)
    assert snapshot(model, optimizer)["optimizer"]["class"] == "AdamW"
    restore(one_step(optim.AdamW), model, optimizer)
    optimizer.add_param_group({"params": torch.ones(1), "decoupled_weight_decay": False})
    with pytest.raises(ValueError, match="Adam: decoupled_weight_decay differs between groups"):
        snapshot(model, optimizer)


def test_a_learning_rate_that_is_a_tensor_becomes_a_number():
    model = TorchHolder(2)
    optimizer = torch.optim.SGD(model.parameters(), lr=torch.tensor(0.5))
    assert snapshot(model, optimizer)["optimizer"]["param_groups"][0]["lr"] == 0.5


@pytest.mark.parametrize(
    ("saved", "target", "message"),
    [
        (lambda: one_step(agr=True), lambda: torch_optimizer("Adam"), "this Adam regularizes its gradients"),
        (
            one_step,
            lambda: torch_optimizer("Adam", 3),
            r"exp_avg of parameter 0 has shape \(2,\), the parameter has \(3,\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(saved, target, message):
    model, optimizer = target()
    before = str(optimizer.state_dict())
    with pytest.raises(ValueError, match=message):
        restore(saved(), model, optimizer)
    assert str(optimizer.state_dict()) == before
    assert model.w.tolist() == [1.0] * model.w.numel()


def test_other_groups_are_refused():
    model, optimizer = torch_optimizer("Adam")
    optimizer.add_param_group({"params": torch.ones(1)})
    with pytest.raises(ValueError, match=r"groups of \[1\] parameters were saved, here they have \[1, 1\]"):
        restore(one_step(), model, optimizer)


def test_other_names_are_refused():
    model = Holder(parameter())
    optimizer = optim.Adam([("weight", model.w)])
    with pytest.raises(ValueError, match=r"parameters \['weight'\] were saved, here they are \['w'\]"):
        restore(snapshot(model, optimizer), *torch_optimizer("Adam", names=True))


def test_an_option_that_pytorchs_class_lacks_is_refused():
    model = TorchHolder(2)
    saved = one_step(optim.Adan)
    saved["optimizer"]["param_groups"][0]["unheard_of"] = 1
    with pytest.raises(ValueError, match="the hyper-parameters of Adan are betas, .*unheard_of"):
        restore(saved, model, torch_adan.Adan(model.parameters()))
