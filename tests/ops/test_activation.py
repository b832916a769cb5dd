"""Activation functions against PyTorch, also at their kinks and far out; kernels against their twins."""

import math

import numpy as np
import pytest
import scipy.special
import torch
import torch.nn.functional as T
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd import grad
from minigrad.ops import activation
from tests.fused import held_equal, strided
from tests.oracle import check
from tests.strategies import arrays, shapes

# name -> arguments, and the points where a derivative jumps
CASES = [
    ("relu", {}, [0]),
    ("leaky_relu", {}, [0]),
    ("leaky_relu", {"negative_slope": 1.5}, [0]),
    ("leaky_relu", {"negative_slope": -0.5}, [0]),
    ("hardtanh", {}, [-1, 1]),
    ("hardtanh", {"min_val": -0.5, "max_val": 2.0}, [-0.5, 2.0]),
    ("relu6", {}, [0, 6]),
    ("hardswish", {}, [-3, 3]),
    ("elu", {}, [0]),
    ("elu", {"alpha": 0.3}, [0]),
    ("softplus", {}, []),
    ("softplus", {"beta": 2.0, "threshold": 3.0}, [1.5]),
    ("logsigmoid", {}, []),
    ("silu", {}, []),
    ("mish", {}, []),
    ("gelu", {}, []),
    ("gelu", {"approximate": "tanh"}, []),
]
NAMES = sorted({name for name, _, _ in CASES})


def named(case):
    return "-".join([case[0], *[f"{k}={v}" for k, v in case[1].items()]])


@pytest.mark.parametrize("case", CASES, ids=named)
@given(x=arrays(low=-8, high=8))
def test_activation(case, device, x):
    name, kwargs, jumps = case
    if name == "gelu":  # far below zero 1 + erf has few digits left, there as here
        x = x / 4
    for jump in jumps:  # finite differences must not straddle it
        x = np.where(np.abs(x - jump) < 0.01, x + 0.02, x)
    ours, theirs = getattr(activation, name), getattr(T, name)
    check(ours, theirs, x, device=device, **kwargs)
    check(ours, theirs, x.astype(np.float32), device=device, second=False, dtype=np.float32, **kwargs)


@pytest.mark.parametrize("case", CASES, ids=named)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_at_the_jumps_and_far_out(case, device, dtype):
    name, kwargs, jumps = case
    far = [-1e4, -800, -100, -20, -6, 0, 6, 20, 21, 100, 800, 1e4]
    x = np.array([*jumps, *far], dtype)
    check(getattr(activation, name), getattr(T, name), x, device=device, second=False, dtype=dtype, **kwargs)


def test_relu_of_integers(device):
    check(activation.relu, T.relu, np.arange(-3, 4), device=device)
    with pytest.raises(RuntimeError, match="relu: expected a tensor of numbers, got bool"):
        activation.relu(mg.tensor([True], device=device))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "relu"])
def test_integers_are_refused(device, name):
    with pytest.raises(RuntimeError, match="expected a floating tensor, got int64"):
        getattr(activation, name)(mg.tensor([1, 2], device=device))


def test_hardtanh_refuses_crossed_limits(device):
    with pytest.raises(ValueError, match="min_val must not be larger than max_val, got 3.0 and 2.0"):
        activation.hardtanh(mg.ones(2, device=device), 3.0, 2.0)


# ---------------------------------------------------------------------- glu


@given(data=st.data())
def test_glu(device, data):
    shape = list(data.draw(shapes(min_dims=1)))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    shape[dim] *= 2
    check(activation.glu, T.glu, data.draw(arrays(st.just(tuple(shape)))), device=device, dim=dim)


@pytest.mark.parametrize(("shape", "dim"), [((3,), -1), ((), -1), ((2, 3), 1)])
def test_glu_wants_an_even_size(device, shape, dim):
    with pytest.raises(RuntimeError, match="glu: dimension .* must have an even size"):
        activation.glu(mg.ones(shape, device=device), dim)


def test_glu_wants_a_dimension(device):
    with pytest.raises(IndexError, match="glu: dimension 3 is out of range"):
        activation.glu(mg.ones(4, device=device), 3)


# ---------------------------------------------------------------------- SiLU and GELU


@given(x=arrays(low=-9, high=9))
def test_silu_equals_its_twin(device, x):
    held_equal(activation._silu, [mg.tensor(x, device=device)])
    held_equal(activation._silu, [mg.tensor(x.astype(np.float32), device=device)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_silu_far_out(device, dtype):
    """Where exp(-x) is too large for the dtype, σ and its slope are 0, and nobody is warned."""
    x = np.array([-1e30, -800, -95, -30, 0, 30, 800, 1e30], dtype)
    leaf = mg.tensor(x, device=device, requires_grad=True)
    (dx,) = grad(activation.silu(leaf).sum(), leaf)
    want = torch.tensor(x, requires_grad=True)
    T.silu(want).sum().backward()
    tiny = np.finfo(dtype).tiny * 1e3  # PyTorch rounds numbers below the smallest normal one differently
    np.testing.assert_allclose(activation.silu(leaf).numpy(), T.silu(want.detach()).numpy(), 1e-6, tiny)
    np.testing.assert_allclose(dx.numpy(), want.grad.numpy(), 1e-6, tiny)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@given(x=arrays(low=-6, high=6))
def test_gelu_equals_its_twin(approximate, device, x):
    held_equal(activation._gelu, [mg.tensor(x, device=device)], approximate)
    held_equal(activation._gelu, [mg.tensor(x.astype(np.float32), device=device)], approximate)


@pytest.mark.parametrize("name", ["silu", "gelu"])
@pytest.mark.parametrize("layout", ["plain", "strided", "transposed", "channels last", "nothing"])
def test_kernels_take_any_layout(device, rng, layout, name):
    if layout == "strided":
        x = strided(rng.standard_normal((3, 4)), device)
    else:
        shape = (0, 3) if layout == "nothing" else (5, 70, 7, 30)  # more than two blocks
        x = mg.tensor(rng.standard_normal(shape), device=device)
    order = {"transposed": range(x.ndim)[::-1], "channels last": (0, 3, 1, 2)}.get(layout)
    x = mg.Tensor(x.data.transpose(*order) if order else x.data, requires_grad=True)
    g = rng.standard_normal(x.shape)  # in another layout than x
    y = getattr(activation, name)(x)
    (dx,) = grad(y, x, mg.tensor(g, device=device))
    want = torch.tensor(x.numpy().copy(), requires_grad=True)
    getattr(T, name)(want).backward(torch.tensor(g))
    np.testing.assert_allclose(y.numpy(), getattr(T, name)(want.detach()).numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dx.numpy(), want.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_gelu_in_float32_is_accurate_to_rounding(device):
    x = np.linspace(-8, 8, 100_001, dtype=np.float32)
    leaf = mg.tensor(x, device=device, requires_grad=True)
    y = activation.gelu(leaf)
    (dx,) = grad(y.sum(), leaf)
    wide = x.astype(np.float64)
    distribution = scipy.special.ndtr(wide)
    np.testing.assert_allclose(y.numpy(), wide * distribution, rtol=3e-7, atol=3e-7)
    density = np.exp(-wide * wide / 2) / math.sqrt(2 * math.pi)
    np.testing.assert_allclose(dx.numpy(), distribution + wide * density, rtol=5e-7, atol=5e-7)


def test_gelu_refuses_another_approximation(device):
    with pytest.raises(RuntimeError, match="gelu: approximate must be 'none' or 'tanh', got 'erf'"):
        activation.gelu(mg.ones(2, device=device), "erf")
