"""Every operation on float16 and bfloat16: PyTorch's dtype, its value to a few roundings, and its gradient.

The samples are those of PyTorch's OpInfo database.
"""

import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_map

import minigrad as mg
from tests.opinfo import OPERATIONS, _flat, _is_random, ours, title

EPSILON = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
ROUNDINGS = 16  # of results made by several operations in a row, relative to the largest element


def converted(value, leaves, device):
    if isinstance(value, torch.Tensor):
        numbers = value.detach().float() if value.is_floating_point() else value.detach()
        x = mg.tensor(numbers.numpy(), dtype=str(value.dtype).partition(".")[2], device=device)
        if value.requires_grad:
            x.requires_grad = True
            leaves.append((x, value))
        return x
    if isinstance(value, torch.dtype):
        return mg.dtypes.as_dtype(str(value).partition(".")[2])
    return value


def as_float(x):
    if isinstance(x, torch.Tensor):
        x = x.detach()
        return (x.float() if x.is_floating_point() else x).numpy()
    return (x.to("float32") if x.dtype.name in EPSILON else x).detach().cpu().numpy()


def compare(got, want, epsilon, what, least=1e-3):
    assert got.dtype.name == str(want.dtype).partition(".")[2], what
    got, want = as_float(got), as_float(want)
    assert got.shape == want.shape, what
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want, err_msg=what)
        return
    finite = np.isfinite(want)  # where PyTorch's halves overflow on the way, ours may not
    got, want = got[finite], want[finite]
    scale = float(np.abs(want).max(initial=0.0))
    np.testing.assert_allclose(got, want, 0, ROUNDINGS * epsilon * max(scale, least), err_msg=what)


def check(op, dtype, device, most=3):
    torch.manual_seed(0)
    kind = getattr(torch, dtype)
    samples = list(op.sample_inputs("cpu", kind, requires_grad=op.supports_autograd))
    checked = 0
    for sample in samples[:: -(-len(samples) // most)]:
        try:
            want = _flat(op.op(sample.input, *sample.args, **sample.kwargs))
        except RuntimeError:  # PyTorch's CPU kernels do not have all that its tables promise
            continue
        leaves = []
        args = tree_map(lambda v, leaves=leaves: converted(v, leaves, device), (sample.input, *sample.args))
        kwargs = tree_map(lambda v, leaves=leaves: converted(v, leaves, device), sample.kwargs)
        try:
            got = _flat(ours(op.name)(*args, **kwargs))
        except (TypeError, NotImplementedError):  # refused by name, as in float64
            continue
        if _is_random(op, sample):
            continue
        where = f"{sample}"[:300]
        for mine, other in zip(got, want, strict=True):
            compare(mine, other, EPSILON[dtype], where)
        checked += 1
        pairs = [(m, t) for m, t in zip(got, want, strict=True) if t.requires_grad]
        if not pairs:
            continue
        rng = np.random.default_rng(0)
        weights = [torch.tensor(rng.standard_normal(tuple(t.shape))).to(t.dtype) for _, t in pairs]
        mine = mg.autograd.grad(
            [m for m, _ in pairs],
            [m for m, _ in leaves],
            [converted(w, [], device) for w in weights],
            allow_unused=True,
            materialize_grads=True,
        )
        try:
            other = torch.autograd.grad(
                [t for _, t in pairs],
                [t for _, t in leaves],
                weights,
                allow_unused=True,
                materialize_grads=True,
            )
        except RuntimeError:
            continue
        for m, t in zip(mine, other, strict=True):
            # A gradient that cancels to zero leaves the rounding errors of terms of size one.
            compare(m, t, EPSILON[dtype], "gradient of " + where, least=1)
    return checked


@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("op", [op for op in OPERATIONS if torch.float16 in op.dtypes], ids=title)
@pytest.mark.filterwarnings("ignore")
def test_samples(op, dtype, device):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    assert check(op, dtype, device)
