"""Mixed precision against torch.autocast: the dtype of every result, values, and gradients."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import minigrad as mg
from minigrad.graph import mode
from minigrad.nn import functional as F
from minigrad.ops import autocast as module
from minigrad.ops.autocast import LISTS, LOWER, POLICY, Casts

TF = torch.nn.functional
HALVES = ["float16", "bfloat16"]


def halves():
    """Names of the half-precision dtypes; bfloat16 where NumPy has it."""
    return [
        pytest.param(name, marks=pytest.mark.skipif(not _has(name), reason="no ml_dtypes")) for name in HALVES
    ]


def _has(name):
    if name != "bfloat16":
        return True
    try:
        mg.bfloat16  # noqa: B018
    except ImportError:
        return False
    return True


# An operation on one square matrix, for either library: f(library, functional, x).
CASES = {
    "matmul": lambda m, f, x: x @ x,
    "matrix and vector": lambda m, f, x: m.matmul(x, x[0]),
    "two vectors": lambda m, f, x: m.matmul(x[0], x[0]),
    "mm": lambda m, f, x: m.mm(x, x),
    "mv": lambda m, f, x: m.mv(x, x[0]),
    "dot": lambda m, f, x: m.dot(x[0], x[0]),
    "outer": lambda m, f, x: m.outer(x[0], x[0]),
    "bmm": lambda m, f, x: m.bmm(x[None], x[None]),
    "addmm": lambda m, f, x: m.addmm(x, x, x),
    "addmv": lambda m, f, x: m.addmv(x[0], x, x[0]),
    "addr": lambda m, f, x: m.addr(x, x[0], x[0]),
    "baddbmm": lambda m, f, x: m.baddbmm(x[None], x[None], x[None]),
    "linear": lambda m, f, x: f.linear(x, x, x[0]),
    "linear of a vector": lambda m, f, x: f.linear(x[0], x[0]),
    "einsum": lambda m, f, x: m.einsum("ij,kj->ik", x, x),
    "einsum, a sum": lambda m, f, x: m.einsum("ij->i", x),
    "einsum, an outer product": lambda m, f, x: m.einsum("i,j->ij", x[0], x[0]),
    "tensordot": lambda m, f, x: m.tensordot(x, x, 1),
    "tensordot, an outer product": lambda m, f, x: m.tensordot(x, x, 0),
    "conv1d": lambda m, f, x: f.conv1d(x[None], x[:, :, None], x[0]),
    "conv2d": lambda m, f, x: f.conv2d(x[None, None], x[None, None, :3, :3]),
    "conv_transpose1d": lambda m, f, x: f.conv_transpose1d(x[None], x[:, :, None]),
    "conv_transpose2d": lambda m, f, x: f.conv_transpose2d(x[None, None], x[None, None, :3, :3]),
    "scaled_dot_product_attention": lambda m, f, x: f.scaled_dot_product_attention(x[None], x[None], x[None]),
    "attention with a mask": lambda m, f, x: f.scaled_dot_product_attention(x[None], x[None], x[None], x),
    "attention with a boolean mask": lambda m, f, x: f.scaled_dot_product_attention(
        x[None], x[None], x[None], x > 0.3
    ),
    "add": lambda m, f, x: x + x,
    "add a number": lambda m, f, x: x + 0.3,
    "mul by a number": lambda m, f, x: x * 0.3,
    "a number / x": lambda m, f, x: 2.0 / x,
    "pow": lambda m, f, x: x**2,
    "pow, of a number": lambda m, f, x: 2.0**x,
    "pow, of tensors": lambda m, f, x: x**x,
    "sum over a dimension": lambda m, f, x: x.sum(1),
    "prod": lambda m, f, x: m.prod(x, 1),
    "cumsum": lambda m, f, x: m.cumsum(x, 1),
    "cumprod": lambda m, f, x: m.cumprod(x, 1),
    "softmax": lambda m, f, x: f.softmax(x, 1),
    "log_softmax": lambda m, f, x: f.log_softmax(x, 1),
    "softmin": lambda m, f, x: f.softmin(x, 1),
    "logsumexp": lambda m, f, x: m.logsumexp(x, 1),
    "norm over a dimension": lambda m, f, x: m.norm(x, 3, 1),
    "layer_norm": lambda m, f, x: f.layer_norm(x, (8,)),
    "group_norm": lambda m, f, x: f.group_norm(x, 2),
    "rms_norm": lambda m, f, x: f.rms_norm(x, (8,)),
    "batch_norm": lambda m, f, x: f.batch_norm(x, None, None, training=True),
    "normalize": lambda m, f, x: f.normalize(x),
    "cosine_similarity": lambda m, f, x: f.cosine_similarity(x, x + 0.5),
    "cross_entropy": lambda m, f, x: f.cross_entropy(x, m.tensor([0, 1, 2, 3, 4, 5, 6, 7], device=x.device)),
    "cross_entropy of probabilities": lambda m, f, x: f.cross_entropy(x, x),
    "nll_loss": lambda m, f, x: f.nll_loss(x, m.tensor([0, 1, 2, 3, 4, 5, 6, 7], device=x.device)),
    "mse_loss": lambda m, f, x: f.mse_loss(x, x * x),
    "l1_loss": lambda m, f, x: f.l1_loss(x, x * x),
    "huber_loss": lambda m, f, x: f.huber_loss(x, x * x),
    "smooth_l1_loss": lambda m, f, x: f.smooth_l1_loss(x, x * x),
    "binary_cross_entropy": lambda m, f, x: f.binary_cross_entropy(x * 0.5, x * 0.5),
    "binary_cross_entropy_with_logits": lambda m, f, x: f.binary_cross_entropy_with_logits(x, x),
    "kl_div": lambda m, f, x: f.kl_div(x, x, reduction="batchmean"),
    "interpolate, nearest": lambda m, f, x: f.interpolate(x[None], scale_factor=2),
    "interpolate, bilinear": lambda m, f, x: f.interpolate(x[None, None], scale_factor=1.5, mode="bilinear"),
    "interpolate, area": lambda m, f, x: f.interpolate(x[None, None], size=(4, 4), mode="area"),
    "cat": lambda m, f, x: m.cat([x, x]),
    "stack": lambda m, f, x: m.stack([x, x]),
    "reshape": lambda m, f, x: x.reshape(4, 16),
    "index": lambda m, f, x: x[1:, 2],
    "max_pool1d": lambda m, f, x: f.max_pool1d(x[None], 2),
    "avg_pool2d": lambda m, f, x: f.avg_pool2d(x[None], 3, 2, 1),
    "adaptive_avg_pool2d": lambda m, f, x: f.adaptive_avg_pool2d(x[None], 3),
    "where": lambda m, f, x: m.where(x > 0.5, x, 0.0),
    "maximum": lambda m, f, x: m.maximum(x, 1 - x),
    "clamp": lambda m, f, x: m.clamp(x, 0.25, 0.75),
    "leaky_relu": lambda m, f, x: f.leaky_relu(x - 0.5, 0.1),
    "glu": lambda m, f, x: f.glu(x),
    "gelu, tanh": lambda m, f, x: f.gelu(x, approximate="tanh"),
    "embedding": lambda m, f, x: f.embedding(m.tensor([1, 1, 0], device=x.device), x),
    "scatter_add": lambda m, f, x: x.scatter_add(0, m.tensor([[0, 1, 1, 2]], device=x.device), x[:1, :4]),
    "var": lambda m, f, x: m.var(x, 1),
    "amax": lambda m, f, x: m.amax(x, 1),
}  # fmt: skip
CASES |= {
    name: lambda m, f, x, name=name: getattr(m, name)(x)
    for name in """
        exp expm1 log log10 log1p log2 reciprocal rsqrt tan sqrt sin cos tanh sigmoid erf relu abs square neg
        sum mean std norm
    """.split()
}
CASES |= {
    name: lambda m, f, x, name=name: getattr(f, name)(x)
    for name in "softplus gelu silu mish elu logsigmoid hardswish relu6 hardtanh".split()
}


def matrix(seed=0):
    return np.random.default_rng(seed).uniform(0.1, 1.1, (8, 8)).astype("float32")


def as_float(x):
    return (x.float() if isinstance(x, torch.Tensor) else x.to("float32")).detach().cpu().numpy()


@pytest.mark.parametrize("inputs", ["float32", "lower", "float64"])
@pytest.mark.parametrize("dtype", halves())
@pytest.mark.parametrize("case", CASES)
def test_dtypes_values_and_gradients(case, dtype, inputs, request):
    if request.config.getoption("--device") != "cpu":
        pytest.skip("torch.autocast('cpu') is the oracle for tensors on the CPU")
    kind = dtype if inputs == "lower" else inputs
    ours = mg.tensor(matrix(), dtype=kind, requires_grad=True)
    theirs = torch.tensor(matrix()).to(getattr(torch, kind)).requires_grad_()
    function = CASES[case]
    with torch.autocast("cpu", dtype=getattr(torch, dtype)):
        want = function(torch, TF, theirs)
    with mg.autocast("cpu", dtype=dtype):
        got = function(mg, F, ours)
    assert got.dtype.name == str(want.dtype).removeprefix("torch.")
    epsilon = 2.0**-8 if dtype == "bfloat16" else 2.0**-11
    # A result has the error of its own rounding and of its inputs', which a product of 8 numbers passes on.
    same(got, want, 8 * epsilon)
    g = np.random.default_rng(1).standard_normal(got.shape)
    got.backward(mg.tensor(g, dtype=got.dtype))
    want.backward(torch.tensor(g).to(want.dtype))
    assert ours.grad.dtype == ours.dtype
    same(ours.grad, theirs.grad, 32 * epsilon)


def same(got, want, tolerance):
    got, want = as_float(got), as_float(want)
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= tolerance * max(np.abs(want).max(), 1e-3)


# ---------------------------------------------------------------------- the lists


def documented(section):
    """The names in one of the lists of PyTorch's header."""
    header = Path(torch.__file__).parent / "include/ATen/autocast_mode.h"
    text = header.read_text().split(f"#define {section}(_)")[1].split("#define")[0]
    return set(re.findall(r"_\((\w+)", text))


CALLED_OTHERWISE = {  # by PyTorch's dispatcher
    "binary_cross_entropy_with_logits", "cross_entropy", "interpolate", "norm", "normalize", "softmin",
}  # fmt: skip


def test_the_lists_for_gpus_are_pytorchs():
    ours = {policy: set(names.split()) for policy, names in LISTS["cuda"].items()}
    assert ours[LOWER] <= documented("AT_FORALL_LOWER_PRECISION_FP")
    float32 = documented("AT_FORALL_FP32") | documented("AT_FORALL_FP32_SET_OPT_DTYPE")
    assert ours[module.FLOAT32] - CALLED_OTHERWISE <= float32
    assert ours[module.WIDEST] <= documented("AT_FORALL_PROMOTE")
    everything = set().union(*ours.values())
    for section in ("LOWER_PRECISION_FP", "FP32", "FP32_SET_OPT_DTYPE", "PROMOTE"):
        have = {name for name in documented(f"AT_FORALL_{section}") if hasattr(mg, name) or hasattr(F, name)}
        assert have - everything <= {"addcdiv", "addcmul"}  # which promote anyway


LOWERED = set(LISTS["cuda"][LOWER].split()) | {"matrix and vector", "two vectors", "linear of a vector"}
LOWERED |= {"einsum, a sum", "einsum, an outer product", "attention with a mask"}
LOWERED |= {"attention with a boolean mask"}
IN_FLOAT32 = set(LISTS["cuda"][module.FLOAT32].split()) | {
    "a number / x", "pow, of a number", "pow, of tensors", "sum over a dimension", "norm over a dimension",
    "cross_entropy of probabilities", "interpolate, nearest", "interpolate, bilinear",
}  # fmt: skip


@pytest.mark.parametrize("inputs", ["float32", "float16"])
@pytest.mark.parametrize("case", sorted(set(CASES) - {"binary_cross_entropy"}))
def test_dtypes_on_a_gpu(case, inputs, request, device):
    if request.config.getoption("--device") == "cpu":
        pytest.skip("the lists for GPUs")
    x = mg.tensor(matrix(), dtype=inputs, device=device, requires_grad=True)
    with mg.autocast("cuda"):
        y = CASES[case](mg, F, x)
    wanted = "float16" if case in LOWERED else "float32" if case in IN_FLOAT32 else inputs
    assert y.dtype.name == wanted
    y.sum().backward()
    assert x.grad.dtype == x.dtype
    same(y, CASES[case](mg, F, mg.tensor(as_float(x), device=device)), 2.0**-8)


def test_every_name_in_the_lists_is_an_operation():
    for lists in LISTS.values():
        for names in lists.values():
            assert all(hasattr(mg, name) or hasattr(F, name) for name in names.split())


def test_mixed_dtypes_meet_in_the_widest(device):
    x, y = (mg.tensor(matrix(), dtype=dtype, device=device) for dtype in ("float16", "float32"))
    kind = "cpu" if device == "cpu" else "cuda"
    with mg.autocast(kind, dtype="float16"):
        assert mg.einsum("ij,jk->ik", x, y).dtype == "float16"
        assert mg.matmul(x, y).dtype == "float16"
        assert F.mse_loss(x, y).dtype == "float32"
        assert (x + y).dtype == "float32"
        if kind == "cuda":
            assert mg.dot(x[0], y[0]).dtype == "float32"
            assert mg.tensordot(x, y, 1).dtype == "float32"
            assert y.index_put((mg.tensor([0], device=device),), x[0]).dtype == "float32"


# ---------------------------------------------------------------------- the mode


@pytest.fixture
def kind(device):
    """The kind of device that tensors of this run live on."""
    return device.partition(":")[0]


@pytest.fixture
def x(device):
    return mg.tensor(matrix(), device=device)


def test_blocks_nest_and_end(x, kind):
    with mg.autocast(kind, dtype="float16"):
        assert mg.amp.is_autocast_enabled(kind)
        with mg.autocast(kind, enabled=False):
            assert not mg.amp.is_autocast_enabled(kind)
            assert (x @ x).dtype == "float32"
        assert (x @ x).dtype == "float16"
    assert (x @ x).dtype == "float32"
    with pytest.raises(ZeroDivisionError), mg.autocast(kind, dtype="float16"):
        raise ZeroDivisionError
    assert mode.autocast is None


def test_an_operation_that_fails_leaves_the_mode_on(x, kind):
    with mg.autocast(kind, dtype="float16"):
        with pytest.raises(RuntimeError, match="cannot be multiplied"):
            x @ x[:3]
        assert (x @ x).dtype == "float16"


def test_as_a_decorator(x, kind):
    @mg.autocast(kind, dtype=mg.float16)
    def product(x, depth):
        """Recursive."""
        return x @ x if depth == 0 else product(x, depth - 1)

    assert product(x, 3).dtype == "float16"
    assert product.__doc__ == "Recursive."
    assert mode.autocast is None


def test_other_threads_are_not_affected(x, kind):
    dtypes = []
    with mg.autocast(kind, dtype="float16"):
        thread = threading.Thread(target=lambda: dtypes.append((x @ x).dtype))
        thread.start()
        thread.join()
    assert dtypes == ["float32"]


def test_other_devices_are_not_affected():
    x = mg.tensor(matrix())
    with pytest.warns(UserWarning, match="Disabling") if not _gpu() else mg.no_grad():
        block = mg.autocast("cuda")
    with block:
        assert (x @ x).dtype == "float32"


def _gpu():
    from minigrad.backend import cuda_module

    try:
        return bool(cuda_module())
    except RuntimeError:
        return False


def test_arguments_are_refused_as_by_pytorch():
    with pytest.raises(RuntimeError, match="User specified an unsupported autocast device_type 'tpu'"):
        mg.autocast("tpu")
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        mg.autocast(0)
    with pytest.warns(UserWarning, match="got float64. Disabling"):
        assert not mg.autocast("cpu", dtype="float64").enabled


def test_on_a_cpu_bfloat16_is_the_default(monkeypatch):
    if _has("bfloat16"):
        assert mg.autocast("cpu").dtype == mg.bfloat16
    monkeypatch.setitem(__import__("sys").modules, "ml_dtypes", None)
    with pytest.raises(ImportError, match=r"minigrad\[bfloat16\]"):
        mg.autocast("cpu")
    with pytest.raises(ImportError, match=r"minigrad\[bfloat16\]"):
        mg.tensor([1.0], dtype="bfloat16")


def test_backward_inside_uses_the_dtypes_of_the_forward_pass(device, kind):
    def gradient(inside):
        x = mg.tensor(matrix(), device=device, requires_grad=True)
        with mg.autocast(kind, dtype="float16"):
            loss = F.mse_loss((x @ x).exp().softmax(1) @ x, x)
            if inside:
                loss.backward()
                assert mg.amp.is_autocast_enabled(kind)
        if not inside:
            loss.backward()
        return x.grad.cpu().numpy()

    assert np.array_equal(gradient(True), gradient(False))


def test_second_derivatives_inside_use_the_dtypes_of_the_forward_pass(device, kind):
    def second(inside):
        x = mg.tensor(matrix()[None], device=device, requires_grad=True)
        with mg.autocast(kind, dtype="float16"):
            loss = F.scaled_dot_product_attention(x, x, x).to("float32").sum()
            if inside:
                (g,) = mg.autograd.grad(loss, x, create_graph=True)
        if not inside:
            (g,) = mg.autograd.grad(loss, x, create_graph=True)
        (g * g).sum().backward()
        return x.grad.cpu().numpy()

    assert np.array_equal(second(True), second(False))


# ---------------------------------------------------------------------- parameters, cast once


def test_a_parameter_is_cast_once_in_a_block(x, device, kind, monkeypatch):
    w = mg.tensor(matrix(1), device=device, requires_grad=True)
    with mg.autocast(kind, dtype="float16"):
        casts = mode.autocast
        first = casts.lower(w, mg.float16)
        with mg.autocast(kind, dtype="float16"):
            assert mode.autocast.lower(w, mg.float16).data is first.data
        assert casts.lower(x @ x, mg.float16).data is not casts.lower(x @ x, mg.float16).data
    with mg.autocast(kind, dtype="float16"):
        assert mode.autocast.lower(w, mg.float16).data is not first.data


def test_a_parameter_that_changes_is_cast_again(x, device, kind):
    w = mg.tensor(matrix(1), device=device, requires_grad=True)
    with mg.autocast(kind, dtype="float16"):
        before = x @ w
        with mg.no_grad():
            w.mul_(2)
        assert mg.equal(x @ w, before * 2)
        w.data = w.data * 2
        assert mg.equal(x @ w, before * 4)


def test_a_parameter_used_twice_can_be_differentiated_twice(x, device, kind):
    w = mg.tensor(matrix(1), device=device, requires_grad=True)
    with mg.autocast(kind, dtype="float16"):
        with mg.no_grad():
            assert not (x @ w).requires_grad
        one, two = F.mse_loss(x @ w, x), F.mse_loss(w @ x, x)
    one.backward()
    first = w.grad.clone()
    two.backward()
    assert w.grad.dtype == "float32"
    assert not mg.equal(w.grad, first)


def test_gradients_of_one_parameter_add_up_in_float32(device, kind):
    w = mg.tensor([1.0], device=device, requires_grad=True)
    with mg.autocast(kind, dtype="float16"):
        one = mg.tensor([[1.0]], device=device)
        small = mg.tensor([[2.0**-12]], device=device)
        (mg.matmul(one, w) + mg.matmul(small, w)).backward(mg.tensor([1.0], device=device, dtype="float16"))
    assert w.grad.item() == 1 + 2.0**-12  # which float16 does not have


def test_every_policy_is_reached():
    assert set(POLICY["cuda"].values()) | set(POLICY["cpu"].values()) == {
        "lower",
        "float32",
        "widest",
        "parts",
    }
    assert isinstance(Casts({}, {}), Casts)
