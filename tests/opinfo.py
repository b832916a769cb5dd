"""PyTorch's own sample inputs for its operations (its OpInfo database), run against ours.

Each sample is called on both libraries; values and gradients are compared. A sample may be refused by name
(TypeError or NotImplementedError with a message of ours), which is counted; anything else that differs is a
failure.
"""

import operator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils._pytree import tree_map

import minigrad as mg
from minigrad.autograd import grad, gradcheck, gradgradcheck
from minigrad.nn import functional as F
from tests.oracle import TOLERANCES, same

# The operations of this project, by PyTorch's names.
NAMES = """
    abs add sub mul div neg pow exp log log1p expm1 sqrt rsqrt square sin cos tan tanh sigmoid erf max min
    maximum minimum clamp reciprocal sign where lerp addcmul sum mean var std amax amin prod logsumexp argmax
    argmin cumsum norm reshape view permute transpose t squeeze unsqueeze flatten expand broadcast_to cat
    stack split chunk flip roll repeat tile movedim unbind tril triu diagonal masked_fill matmul mm bmm addmm
    mv dot einsum outer tensordot baddbmm __getitem__ gather index_select take_along_dim scatter_add index_add
    softmax log_softmax
"""
FUNCTIONAL_NAMES = """
    relu leaky_relu elu gelu silu softplus logsigmoid hardswish mish glu linear conv1d conv2d conv_transpose2d
    max_pool2d avg_pool2d adaptive_avg_pool2d batch_norm layer_norm group_norm rms_norm pad interpolate
    pixel_shuffle unfold embedding dropout scaled_dot_product_attention cross_entropy nll_loss mse_loss
    l1_loss smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits kl_div normalize
    cosine_similarity one_hot
"""
WANTED = {*NAMES.split(), *("nn.functional." + name for name in FUNCTIONAL_NAMES.split())}
# Variants that say nothing about us: complex numbers, another GPU library, and norm's sum of singular values.
LEFT_OUT = {
    "nn.functional.silu.complex",
    "nn.functional.batch_norm.without_cudnn",
    "bmm.triton_optimized",
    "norm.nuc",
}


def title(op):
    """The operation's name, with its variant."""
    return op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")


OPERATIONS = [op for op in op_db if op.name in WANTED and title(op) not in LEFT_OUT]


def differentiable(op):
    """Whether the operation takes and gives floating numbers that a gradient can flow through."""
    return op.supports_autograd and torch.float64 in op.dtypes


# Where OpInfo's samples hold the arguments in another order than the function takes them.
REORDERED = {
    "__getitem__": operator.getitem,
    "einsum": lambda tensors, equation: mg.einsum(equation, *tensors),
    "where": lambda input, condition, other: mg.where(condition, input, other),
    "nn.functional.embedding": lambda weight, ids, **options: F.embedding(ids, weight, **options),
}


def ours(name):
    """Our function of that name, called as OpInfo's samples are."""
    if name in REORDERED:
        return REORDERED[name]
    home, _, short = name.rpartition(".")
    return getattr(F if home else mg, short)


@dataclass
class Outcome:
    """What the samples of one operation gave."""

    passed: int = 0
    refused: list = field(default_factory=list)
    failures: list = field(default_factory=list)


def run(op, device="cpu", most=None):
    """Run the samples of one operation, evenly chosen if there are more than `most`."""
    outcome = Outcome()
    torch.manual_seed(0)
    dtype = torch.float64 if torch.float64 in op.dtypes else torch.int64
    samples = list(op.sample_inputs("cpu", dtype, requires_grad=differentiable(op)))
    for i, sample in list(enumerate(samples))[:: 1 if most is None else -(-len(samples) // most)]:
        arguments = f"sample {i}: {_described((sample.input, sample.args, sample.kwargs))}"
        try:
            _compare(op, sample, device)
            outcome.passed += 1
        except (TypeError, NotImplementedError) as error:
            if not str(error):
                raise
            outcome.refused.append(f"{arguments}: {error}")
        except Exception as error:
            outcome.failures.append(f"{arguments}: {type(error).__name__}: {error}")
    return outcome


def derivative_checks(op, device="cpu", most=6):
    """gradcheck and gradgradcheck of an operation on its first small samples; how many were checked."""
    checked = 0
    torch.manual_seed(0)
    for sample in op.sample_inputs("cpu", torch.float64, requires_grad=True):
        leaves = []
        args, kwargs = tree_map(
            lambda v, leaves=leaves: _converted(v, leaves, device),
            ((sample.input, *sample.args), sample.kwargs),
        )
        inputs = [x for x, _ in leaves]
        if not inputs or sum(x.data.size for x in inputs) > 1500 or any(x.data.size == 0 for x in inputs):
            continue
        fixed = [x.clone().data for x in _tensors((args, kwargs)) if not x.requires_grad]

        def call(*given, args=args, kwargs=kwargs, inputs=inputs, fixed=fixed):
            swap = dict(zip(map(id, inputs), given, strict=True))
            again = iter(fixed)  # fresh copies: batch_norm updates its running statistics
            fill = lambda v: swap.get(id(v)) if v.requires_grad else mg.tensor(next(again))  # noqa: E731
            new_args, new_kwargs = _mapped((args, kwargs), fill)
            mg.manual_seed(0)  # the same dropout mask each time
            return tuple(y for y in _flat(ours(op.name)(*new_args, **new_kwargs)) if y.dtype.kind == "f")

        try:
            outputs = call(*inputs)
        except (TypeError, NotImplementedError):
            continue
        if not any(y.requires_grad for y in outputs):
            continue
        call.__name__ = title(op)
        gradcheck(call, inputs)
        gradgradcheck(call, inputs)
        checked += 1
        if checked == most:
            break
    return checked


def _mapped(value, function):
    if isinstance(value, mg.Tensor):
        return function(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(v, function) for v in value)
    if isinstance(value, dict):
        return {key: _mapped(v, function) for key, v in value.items()}
    return value


def _tensors(value):
    found = []
    _mapped(value, found.append)
    return found


def _compare(op, sample, device):
    leaves = []
    convert = lambda value: _converted(value, leaves, device)  # noqa: E731
    call = tree_map(convert, (sample.input, *sample.args)), tree_map(convert, sample.kwargs)
    got = _flat(ours(op.name)(*call[0], **call[1]))
    want = _flat(op.op(sample.input, *sample.args, **sample.kwargs))
    if _is_random(op, sample):
        assert got[0].shape == tuple(want[0].shape)
        return
    assert len(got) == len(want), f"{len(got)} results instead of {len(want)}"
    tolerances = (
        TOLERANCES[np.dtype(str(want[0].dtype).partition(".")[2])]
        if want[0].is_floating_point()
        else (0, 0, 0)
    )
    for k, (mine, other) in enumerate(zip(got, want, strict=True)):
        same(mine, other, tolerances[0], f"result {k}")
    pairs = [(m, t) for m, t in zip(got, want, strict=True) if t.requires_grad]
    if not pairs:
        return
    assert all(m.requires_grad for m, _ in pairs), "our result requires no gradient"
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(tuple(t.shape)).astype(m.dtype) for m, t in pairs]
    mine = grad(
        [m for m, _ in pairs],
        [m for m, _ in leaves],
        [mg.tensor(w, device=device) for w in weights],
        allow_unused=True,
        materialize_grads=True,
    )
    other = torch.autograd.grad(
        [t for _, t in pairs],
        [t for _, t in leaves],
        [torch.tensor(w) for w in weights],
        allow_unused=True,
        materialize_grads=True,
    )
    for k, (m, t) in enumerate(zip(mine, other, strict=True)):
        same(m, t, tolerances[1], f"gradient {k}", noise=100)


def _is_random(op, sample):
    if op.name == "nn.functional.dropout":
        return sample.kwargs.get("training", True) and 0 < sample.kwargs.get("p", 0.5) < 1
    return sample.kwargs.get("dropout_p", 0) > 0


def _converted(value, leaves, device):
    if isinstance(value, torch.Tensor):
        x = mg.tensor(value.detach().numpy(), device=device, requires_grad=value.requires_grad)
        if value.requires_grad:
            leaves.append((x, value))
        return x
    if isinstance(value, torch.dtype):
        return np.dtype(str(value).partition(".")[2])
    return value


def _flat(result):
    return (
        [leaf for part in result for leaf in _flat(part)] if isinstance(result, (list, tuple)) else [result]
    )


def _described(value):
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).partition('.')[2]}{tuple(value.shape)}"
    if isinstance(value, (list, tuple)):
        return "(" + ", ".join(_described(v) for v in value) + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={_described(v)}" for k, v in value.items()) + "}"
    return repr(value)
