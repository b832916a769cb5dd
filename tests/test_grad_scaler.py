"""Loss scaling against torch.amp.GradScaler: any sequence of calls gives the same scales and errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from minigrad.amp import GradScaler
from minigrad.backend import cuda_module
from minigrad.nn import Linear
from minigrad.nn import functional as F

GRADIENTS = st.sampled_from([1.0, -0.5, 3.0, 1e-6, 2.0**100, math.inf, math.nan])
ACTIONS = st.one_of(
    st.tuples(st.just("backward"), st.integers(0, 1), GRADIENTS),
    st.tuples(st.sampled_from(["unscale_", "step"]), st.integers(0, 1)),
    st.tuples(st.sampled_from(["update", "zero_grad", "reload"])),
    st.tuples(st.just("update"), st.sampled_from([1.0, 8.0, 2.0**-3])),
)
ITERATION = st.tuples(st.just("iteration"), st.integers(0, 1), GRADIENTS)
SETTINGS = st.fixed_dictionaries(
    {
        "init_scale": st.sampled_from([1.0, 4.0, 2.0**16, 2.0**126, 1000.0]),
        "growth_factor": st.sampled_from([2.0, 1.5, 2.0**20]),
        "backoff_factor": st.sampled_from([0.5, 0.25, 0.3]),
        "growth_interval": st.integers(1, 3),
    }
)


class Run:
    """Two parameters with an optimizer each, and a scaler, in one of the libraries."""

    def __init__(self, library, optimizers, scaler, settings, make):
        self.library, self.make, self.settings = library, scaler, settings
        self.weights = [make(value) for value in (1.0, 2.0)]
        self.optimizers = [optimizers.SGD([w], lr=0.125) for w in self.weights]
        self.scaler = scaler("cpu", **settings)

    def do(self, name, index=0, value=None):
        if name == "iteration":
            for action in (("zero_grad",), ("backward", index, value), ("step", index), ("update",)):
                self.do(*action)
        elif name == "backward":
            self.scaler.scale(self.weights[index].sum() * value).backward()
        elif name == "zero_grad":
            for optimizer in self.optimizers:
                optimizer.zero_grad()
        elif name == "update":
            self.scaler.update(*[index] if index else [])
        elif name == "reload":
            state, self.scaler = self.scaler.state_dict(), self.make("cpu", **self.settings)
            self.scaler.load_state_dict(state)
        else:
            getattr(self.scaler, name)(self.optimizers[index])

    def tried(self, action):
        """The error, if there is one, and everything that can be seen afterwards."""
        error = None
        try:
            self.do(*action)
        except Exception as raised:
            error = type(raised), str(raised)
        grads = [None if w.grad is None else w.grad.item() for w in self.weights]
        return (
            error,
            self.scaler.state_dict(),
            self.scaler.get_scale(),
            [w.item() for w in self.weights],
            grads,
        )


@given(settings=SETTINGS, actions=st.lists(st.one_of(ACTIONS, ITERATION), max_size=30))
def test_any_sequence_of_calls(settings, actions, device):
    ours = Run(mg, optim, GradScaler, settings, lambda v: mg.tensor([v], device=device, requires_grad=True))
    theirs = Run(
        torch, torch.optim, torch.amp.GradScaler, settings, lambda v: torch.tensor([v], requires_grad=True)
    )
    for action in actions:
        got, want = ours.tried(action), theirs.tried(action)
        assert got[:3] == want[:3], action
        np.testing.assert_allclose(got[3], want[3], rtol=1e-6, err_msg=str(action))
        assert [g is None for g in got[4]] == [g is None for g in want[4]]
        known = [pair for pair in zip(got[4], want[4], strict=True) if pair[0] is not None]
        np.testing.assert_array_equal([g for g, _ in known], [g for _, g in known])


def test_outputs_may_be_nested(device):
    x = mg.tensor([1.0, 2.0], device=device)
    scaler = GradScaler("cpu", init_scale=4.0)
    (a, (b,)), rest = scaler.scale([x, (x,)]), scaler.scale(v for v in [x, x])
    assert a.tolist() == b.tolist() == next(rest).tolist() == [4.0, 8.0]
    with pytest.raises(ValueError, match="outputs must be a Tensor or an iterable of Tensors"):
        scaler.scale([3.0])


def test_a_scaled_loss_leaves_the_range_of_float16(device):
    loss = mg.tensor(2.0, dtype="float16", device=device)
    assert GradScaler("cpu").scale(loss).item() == 2.0**17  # 0-d in float32, as in PyTorch


def test_float16_gradients_are_refused(device):
    w = mg.tensor([1.0], dtype="float16", device=device, requires_grad=True)
    scaler = GradScaler("cpu", init_scale=2.0)
    scaler.scale(w.sum()).backward()
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        scaler.step(optim.SGD([w], lr=1.0))


def test_closures_are_refused(device):
    w = mg.tensor([1.0], device=device, requires_grad=True)
    with pytest.raises(RuntimeError, match="Closure use is not currently supported"):
        GradScaler("cpu").step(optim.SGD([w], lr=1.0), closure=lambda: 0.0)


@pytest.mark.parametrize("scaler", [GradScaler, torch.amp.GradScaler])
def test_a_disabled_scaler_does_nothing(scaler):
    library = mg if scaler is GradScaler else torch
    w = library.tensor([1.0], requires_grad=True)
    optimizer = (optim if library is mg else torch.optim).SGD([w], lr=0.5)
    scaler = scaler("cpu", enabled=False)
    loss = w.sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert w.item() == 0.5
    assert not scaler.is_enabled()
    assert (scaler.get_scale(), scaler.state_dict()) == (1.0, {})
    scaler.load_state_dict({})


def test_the_state_of_a_disabled_scaler_is_refused():
    with pytest.raises(RuntimeError, match="The source state dict is empty"):
        GradScaler("cpu").load_state_dict({})


def test_impossible_factors():
    for options in ({"growth_factor": 1.0}, {"backoff_factor": 1.0}):
        for scaler in (GradScaler, torch.amp.GradScaler):
            with pytest.raises(AssertionError, match=r"factor must be [<>] 1.0"):
                scaler("cpu", **options)


def test_factors_can_be_changed():
    scaler = GradScaler("cpu")
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.25)
    scaler.set_growth_interval(7)
    found = scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval()
    assert found == (3.0, 0.25, 7)


def test_without_a_gpu_the_one_for_gpus_disables_itself():
    try:
        cuda_module()
    except RuntimeError:
        with pytest.warns(UserWarning, match="GradScaler is enabled for 'cuda'"):
            assert not GradScaler().is_enabled()
    else:
        assert GradScaler().is_enabled()


# ---------------------------------------------------------------------- training


def classes(device, count=256):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, count)
    x = rng.standard_normal((count, 16)) + 2 * np.eye(16)[y]
    return mg.tensor(x, dtype="float32", device=device), mg.tensor(y, device=device)


def trained(device, dtype, steps=60):
    """The loss of a small network after training, in float32 or with autocast and loss scaling."""
    mg.manual_seed(0)
    x, y = classes(device)
    layers = [Linear(16, 32).to(device), Linear(32, 4).to(device)]
    optimizer = optim.AdamW([p for layer in layers for p in layer.parameters()], lr=0.01, agr=True)
    kind = device.partition(":")[0]
    scaler = GradScaler("cpu", growth_interval=20, enabled=dtype == "float16")
    for _ in range(steps):
        optimizer.zero_grad()
        with mg.autocast(kind, dtype=dtype, enabled=dtype != "float32"):
            loss = F.cross_entropy(layers[1](layers[0](x).relu()), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    assert {p.dtype.name for layer in layers for p in layer.parameters()} == {"float32"}
    assert {a.dtype.name for s in optimizer.state.values() for a in s.values() if hasattr(a, "dtype")} == {
        "float32"
    }
    return loss.item()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_network_learns_as_well_in_halves(device, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    full, half = trained(device, "float32"), trained(device, dtype)
    assert full < 0.2
    assert half == pytest.approx(full, rel=0.05)


@given(exponent=st.integers(-8, 30), seed=st.integers(0, 100))
def test_agr_after_loss_scaling_is_the_same_to_the_last_bit(exponent, seed, device):
    def weights(scale):
        w = mg.tensor(np.random.default_rng(seed).standard_normal((5, 7)), dtype="float32", device=device)
        w.requires_grad = True
        optimizer = optim.AdamW([w], lr=0.1, agr=True)
        scaler = GradScaler("cpu", init_scale=scale or 1.0, enabled=scale is not None)
        for _ in range(3):
            optimizer.zero_grad()
            scaler.scale((w * w * w).sum()).backward()
            scaler.step(optimizer)
            scaler.update()
        return w.cpu().numpy()

    assert np.array_equal(weights(2.0**exponent), weights(None))
