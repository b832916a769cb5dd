"""PyTorch as the oracle: one call compares an operation's values and its first and second derivatives."""

import numpy as np
import torch

import minigrad as mg
from minigrad.autograd import grad
from minigrad.backend import is_array
from minigrad.gradcheck import gradgradcheck

TOLERANCES = {  # value, first derivative, second derivative; relative to the largest element
    np.dtype(np.float64): (1e-10, 1e-8, 1e-7),
    np.dtype(np.float32): (2e-5, 1e-4, 1e-3),
    np.dtype(np.float16): (5e-3, 2e-2, 5e-2),
}


def check(ours, theirs, *args, device, second=True, dtype=np.float64, tolerances=None, **kwargs):
    """Assert that `ours(*args, **kwargs)` equals `theirs(*args, **kwargs)`, and so do its derivatives.

    NumPy arrays among the arguments (also inside lists and tuples) become tensors of either library; the
    floating ones require gradients. Results may be tensors or (nested) sequences of them.
    """
    tolerances = tolerances or TOLERANCES[np.dtype(dtype)]
    leaves_mg, leaves_torch = [], []
    our_args, our_kwargs = _converted((args, kwargs), lambda a: _ours(a, device, leaves_mg))
    their_args, their_kwargs = _converted((args, kwargs), lambda a: _theirs(a, leaves_torch))

    got, want = _flat(ours(*our_args, **our_kwargs)), _flat(theirs(*their_args, **their_kwargs))
    assert len(got) == len(want), f"{len(got)} results instead of {len(want)}"
    for i, (mine, other) in enumerate(zip(got, want, strict=True)):
        same(mine, other, tolerances[0], f"result {i}")

    pairs = [
        (m, t) for m, t in zip(got, want, strict=True) if isinstance(t, torch.Tensor) and t.requires_grad
    ]
    for mine, _ in pairs:
        assert mine.requires_grad, "PyTorch's result requires a gradient, ours does not"
    if not pairs:
        return
    rng = np.random.default_rng(7)
    weights = [rng.standard_normal(t.shape).astype(t.detach().numpy().dtype) for _, t in pairs]
    our_weights = [mg.tensor(w, device=device, requires_grad=second) for w in weights]
    their_weights = [torch.tensor(w, requires_grad=second) for w in weights]
    first_mg = grad(
        [m for m, _ in pairs],
        leaves_mg,
        our_weights,
        create_graph=second,
        allow_unused=True,
        materialize_grads=True,
    )
    first_torch = torch.autograd.grad(
        [t for _, t in pairs],
        leaves_torch,
        their_weights,
        create_graph=second,
        allow_unused=True,
        materialize_grads=True,
    )
    for i, (mine, other) in enumerate(zip(first_mg, first_torch, strict=True)):
        same(mine, other, tolerances[1], f"gradient of input {i}", noise=100)
    if second:
        # Above, rules ran on Tensors; on raw arrays, as in training, a fused kernel may take another path.
        fast = grad(
            [m for m, _ in pairs],
            leaves_mg,
            [w.detach() for w in our_weights],
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        for i, (mine, other) in enumerate(zip(fast, first_torch, strict=True)):
            same(mine, other, tolerances[1], f"gradient of input {i}, without create_graph", noise=100)
        _second(
            ours,
            our_args,
            our_kwargs,
            first_mg,
            first_torch,
            leaves_mg + our_weights,
            leaves_torch + their_weights,
            tolerances[2],
        )


def _second(ours, args, kwargs, first_mg, first_torch, leaves_mg, leaves_torch, tolerance):
    rng = np.random.default_rng(8)
    pairs = [(m, t) for m, t in zip(first_mg, first_torch, strict=True) if t.requires_grad and t.numel()]
    if not pairs:
        return
    weights = [rng.standard_normal(t.shape).astype(t.detach().numpy().dtype) for _, t in pairs]
    try:
        want = torch.autograd.grad(
            [t for _, t in pairs],
            leaves_torch,
            [torch.tensor(w) for w in weights],
            allow_unused=True,
            materialize_grads=True,
        )
    except (RuntimeError, NotImplementedError) as error:
        if "not implemented" not in str(error) and "derivative" not in str(error):
            raise
        # PyTorch has no second derivative here; ours is compared with finite differences instead
        gradgradcheck(lambda *a: ours(*_refilled(args, a), **kwargs), leaves_mg[: len(first_mg)])
        return
    live = [(m, w) for (m, _), w in zip(pairs, weights, strict=True) if m.requires_grad]
    got = grad(
        [m for m, _ in live],
        leaves_mg,
        [mg.tensor(w, device=m.device) for m, w in live],
        allow_unused=True,
        materialize_grads=True,
    ) if live else [mg.tensor(np.zeros(x.shape, x.dtype)) for x in leaves_mg]  # fmt: skip
    for i, (mine, other) in enumerate(zip(got, want, strict=True)):
        same(mine, other, tolerance, f"second derivative by input {i}", noise=100)


def same(mine, other, tolerance, what, noise=0):
    """Assert equal shape, dtype and values, relative to the largest finite element.

    A derivative that cancels to zero leaves rounding errors of the terms that cancelled: `noise` units of
    rounding, for terms of size one, are accepted whatever the elements are.
    """
    if not isinstance(other, torch.Tensor):
        assert mine == other, f"{what}: {mine} instead of {other}"
        return
    assert isinstance(mine, mg.Tensor), f"{what}: expected a Tensor, got {type(mine).__name__}"
    other = other.detach().numpy(force=True)
    assert mine.shape == other.shape, f"{what}: shape {mine.shape} instead of {other.shape}"
    assert mine.dtype == other.dtype, f"{what}: dtype {mine.dtype} instead of {other.dtype}"
    mine = mine.numpy()
    if other.dtype.kind != "f":
        np.testing.assert_array_equal(mine, other, err_msg=what)
        return
    finite = np.isfinite(other)
    scale = float(np.abs(other[finite]).max(initial=0.0))
    atol = tolerance * min(scale, 1.0) + noise * np.finfo(other.dtype).eps
    np.testing.assert_allclose(mine, other, rtol=tolerance, atol=atol, equal_nan=True, err_msg=what)


def _ours(array, device, leaves):
    x = mg.tensor(array, device=device, requires_grad=array.dtype.kind == "f")
    if x.requires_grad:
        leaves.append(x)
    return x


def _theirs(array, leaves):
    x = torch.tensor(array, requires_grad=array.dtype.kind == "f")
    if x.requires_grad:
        leaves.append(x)
    return x


def _converted(value, convert):
    if isinstance(value, (np.ndarray, np.generic)):
        return convert(np.asarray(value))
    if isinstance(value, (list, tuple)):
        return type(value)(_converted(v, convert) for v in value)
    if isinstance(value, dict):
        return {key: _converted(v, convert) for key, v in value.items()}
    return value


def _refilled(args, leaves):
    """The arguments with their leaf tensors replaced, in order."""
    fresh = iter(leaves)

    def fill(value):
        if isinstance(value, mg.Tensor):
            return next(fresh) if value.requires_grad else value
        if isinstance(value, (list, tuple)):
            return type(value)(fill(v) for v in value)
        return value

    return fill(tuple(args))


def _flat(result):
    if isinstance(result, (list, tuple)):
        return [leaf for part in result for leaf in _flat(part)]
    assert not is_array(result), "an operation on Tensors returned a raw array"
    return [result]
