"""Updates by CUDA kernels against `update` in Python and against PyTorch: on a GPU, or on the fake CuPy."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from minigrad.backend import array_module, cuda
from optim import AGR, fused
from tests import cuda_on_cpu, fake_cupy
from tests.optim.cases import HYPER, IN_TORCH, OPTIMIZERS, Run, ours, runs, same_path
from tests.optim.test_agr import exact, gradients
from tests.optim.torch_runs import theirs

SHAPES = [(), (1,), (31,), (8, 125), (70001,), (0, 3)]
HYPER_LISTS = {
    optim.SGD: [
        {},
        {"momentum": 0.9, "weight_decay": 0.1},
        {"momentum": 0.9, "dampening": 0.25, "maximize": True},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ],
    optim.Adam: [{}, {"weight_decay": 0.1, "amsgrad": True}, {"betas": (0.5, 0.9), "maximize": True}],
    optim.AdamW: [{}, {"weight_decay": 0.1, "amsgrad": True, "maximize": True}, {"weight_decay": 0}],
    optim.Adan: [
        {},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "no_prox": True},
        {"max_grad_norm": 1.0, "betas": (0.5, 0.6, 0.7)},
    ],
    optim.RMSprop: [
        {},
        {"centered": True, "weight_decay": 0.1},
        {"momentum": 0.9, "maximize": True},
        {"centered": True, "momentum": 0.5, "alpha": 0.5},
    ],
}
CASES = [(cls, hyper) for cls, hypers in HYPER_LISTS.items() for hyper in hypers]


@pytest.fixture(autouse=True)
def _on_a_gpu(device):
    if device == "cpu":
        pytest.skip("kernels run on a GPU, or with --device fake")


def readable(cls):
    """The same optimizer without its kernel."""
    return type(cls.__name__, (cls,), {"kernel": None})


def six_steps(hyper, dtype, seed=0):
    """Gradients of changing scale; some are zero or one-hot, and some are missing."""
    rng = np.random.default_rng(seed)
    steps = []
    for step in range(6):
        scale = 10.0 ** rng.integers(-2, 2)
        grads = [np.asarray(rng.standard_normal(s) * scale).astype(dtype) for s in SHAPES]
        grads[2] *= step != 2
        grads[3] *= (np.arange(1000) == 7).reshape(8, 125) if step == 3 else 1
        grads[4] = None if step == 4 else grads[4]
        grads[1] = None if step == 0 else grads[1]
        steps.append([grads])
    weights = [np.asarray(rng.standard_normal(s)).astype(dtype) for s in SHAPES]
    return Run([{"lr": 0.01, **hyper}], [weights], steps)


# A step rounds some 20 times, always of the weight's own size, and the two orders round differently.
TOLERANCE = {np.float64: 1e-12, np.float32: 6 * 20 * 2**-24}


@pytest.mark.parametrize("agr", [False, True, AGR(min_ndim=2), AGR("channel"), AGR("global")], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("cls", "hyper"), CASES)
def test_equals_update(device, cls, hyper, dtype, agr):
    hyper = dict(hyper)
    of_all = {"max_grad_norm": hyper.pop("max_grad_norm")} if "max_grad_norm" in hyper else {}
    run = six_steps(hyper, dtype)
    got, want = (ours(c, run, device, agr=agr, **of_all) for c in (cls, readable(cls)))
    same_path(got, want, TOLERANCE[dtype])


@pytest.mark.parametrize(("cls", "hyper"), [case for case in CASES if case[0] in IN_TORCH])
def test_equals_pytorch(device, cls, hyper):
    run = six_steps(hyper, np.float64)
    same_path(ours(cls, run, device), theirs(cls, run), 1e-12)


@pytest.mark.parametrize("cls", OPTIMIZERS)
@given(data=st.data())
def test_drawn_hyper_parameters(device, cls, data):
    run = data.draw(runs(HYPER[cls], steps=4))
    agr = data.draw(st.booleans())
    same_path(ours(cls, run, device, agr=agr), ours(readable(cls), run, device, agr=agr), 1e-12)


# ---------------------------------------------------------------------- AGR


def psi(device, *grads):
    """Psi of every gradient by the kernels: a step from 0 with the learning rate -1 is Psi itself."""
    params = [mg.tensor(np.zeros_like(g), device=device, requires_grad=True) for g in grads]
    optimizer = optim.SGD(params, lr=1.0, maximize=True, agr=True)
    for p, g in zip(params, grads, strict=True):
        p.grad = mg.tensor(g, device=device)
    optimizer.step()
    return [p.detach().numpy() for p in params]


SPECIAL = {
    "zeros": [0.0] * 5,
    "one-hot": [0.0, -3.0, 0.0],
    "one element": [2.0],
    "nothing": [],
    "one dominates": [1.0, 2**-20, 2**-20],
    "one dominates in double precision": [1e-18, -1.0, 1e-18],
    "equals": [2.0, -2.0, 2.0, 2.0],
    "products would overflow": [1e30, -1e30],
    "sums would overflow": [3e38, 3e38],
    "tiny": [1e-30, -1e-30],
    "infinite": [1.0, np.inf, -2.0],
    "twice infinite": [1.0, np.inf, -np.inf, 3.0],
    "not a number": [1.0, np.nan, 2.0],
    "only not numbers": [np.nan, np.nan],
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_psi_of_special_gradients(device, dtype):
    grads = [np.array(g, dtype) for g in SPECIAL.values()]
    for name, g, got in zip(SPECIAL, grads, psi(device, *grads), strict=True):
        with np.errstate(all="ignore"):
            want = optim.agr(g)
        np.testing.assert_allclose(got, want, rtol=4 * np.finfo(dtype).eps, err_msg=name)


@given(gs=st.lists(gradients(), min_size=1, max_size=4))
def test_psi_within_4_units_in_the_last_place(device, gs):
    for g, got in zip(gs, psi(device, *gs), strict=True):
        for value, truth in zip(got, exact(g), strict=True):
            ulp = float(np.spacing(g.dtype.type(abs(float(truth)))))
            assert abs(float(value) - float(truth)) <= 4 * ulp
        assert (np.abs(got) <= np.abs(g)).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_psi_over_many_chunks(device, rng, dtype):
    """The largest at every kind of place; 300 chunks, so that the threads of the last sum have several."""
    places = [0, 8191, 8192, 16384, 70000, 300 * 8192 - 1]
    grads = [rng.standard_normal(max(70001, place + 1)).astype(dtype) for place in places]
    for g, place in zip(grads, places, strict=True):
        g[place] = 100 * g.size
    for got, g in zip(psi(device, *grads), grads, strict=True):
        np.testing.assert_allclose(got, optim.agr(g), rtol=4 * np.finfo(dtype).eps)


def test_bits_do_not_depend_on_the_order_of_threads(device, monkeypatch, rng):
    grads = [rng.standard_normal(n).astype(np.float32) for n in (31, 1000, 70001)]
    first = psi(device, *grads)
    monkeypatch.setattr(cuda_on_cpu, "backwards", True)
    for a, b in zip(first, psi(device, *grads), strict=True):
        np.testing.assert_array_equal(a, b)


# ---------------------------------------------------------------------- what is launched, and when


@pytest.fixture
def launches(monkeypatch):
    """How often each kernel was launched."""
    names = Counter()
    launch = cuda.TensorTable.launch

    def counted(self, file, name, arguments):
        names[name] += 1
        launch(self, file, name, arguments)

    monkeypatch.setattr(cuda.TensorTable, "launch", counted)
    return names


def parameters(device, count=40, dtype=np.float32):
    params = [
        mg.tensor(np.full(i % 7 + 1, 2, dtype), device=device, requires_grad=True) for i in range(count)
    ]
    for p in params:
        p.grad = mg.tensor(np.linspace(1, 2, p.data.size, dtype=dtype), device=device)
    return params


def test_one_launch_updates_a_group(device, launches):
    optimizer = optim.AdamW(parameters(device), agr=True)
    optimizer.step()
    assert launches == {"psi_of_chunks": 1, "adam": 1}


def test_parameters_updated_more_often_have_a_launch_of_their_own(device, launches):
    params = parameters(device)
    optimizer = optim.AdamW(params)
    late, params[0].grad = params[0].grad, None
    optimizer.step()
    params[0].grad = late
    optimizer.step()
    assert launches == {"adam": 3}
    assert [optimizer.state[p]["step"] for p in params[:3]] == [1, 2, 2]


def test_what_no_kernel_takes_is_updated_all_the_same(device, launches):
    def mixed(cls):
        params = parameters(device, 3) + parameters(device, 3, np.float64) + parameters(device, 3, np.float16)
        turned = mg.Tensor(mg.tensor(np.ones((3, 4)), device=device).data.T, requires_grad=True)
        turned.grad = mg.tensor(np.arange(12.0).reshape(4, 3), device=device)
        cls([*params, turned], lr=0.1, agr=True).step()
        return [[p.detach().numpy().copy() for p in [*params, turned]]]

    same_path(mixed(optim.AdamW), mixed(readable(optim.AdamW)), 2**-22)
    assert launches == {"psi_of_chunks": 2, "adam": 2}


def test_an_update_of_ones_own_is_used(device):
    class Halved(optim.SGD):
        def update(self, w, g, state, group):
            w *= 0.5

    (p,) = parameters(device, 1)
    Halved([p], lr=1.0).step()
    assert p.tolist() == [1.0]
    assert fused.kernel_of(Halved) is None
    assert fused.kernel_of(optim.AdamW) is optim.Adam.kernel


def test_state_is_laid_out_as_without_kernels(device):
    for cls, hyper in CASES:
        states = []
        for c in (cls, readable(cls)):
            optimizer = c(parameters(device), **{"lr": 0.1, **hyper})
            optimizer.step()
            states.append(optimizer.state_dict())
        assert [*states[0]["state"][0]] == [*states[1]["state"][0]]
        assert states[0]["param_groups"] == states[1]["param_groups"]


def test_a_step_never_waits_for_the_gpu(device, monkeypatch):
    """Reading a number from the GPU would. Only the fake can tell."""
    optimizer = optim.Adan(parameters(device), max_grad_norm=1.0, agr=True)
    if array_module(optimizer.param_groups[0]["params"][0].data).__version__ != "fake":
        pytest.skip("whether a GPU is waited for is seen on the fake CuPy only")

    def refuse(self, *args):
        raise AssertionError("a number was read from the GPU")

    for name in ("__bool__", "__float__", "__int__", "__index__", "item", "get", "tolist"):
        monkeypatch.setattr(fake_cupy.ndarray, name, refuse)
    optimizer.step()
