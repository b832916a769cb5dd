"""Cross entropy and its relatives against PyTorch, and the fused kernel against its composite twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops import cross_entropy as ops
from tests.fused import held_equal, strided
from tests.ops.losses import REDUCTIONS, both
from tests.oracle import check
from tests.strategies import arrays


@st.composite
def classified(draw):
    """Logits (C,), (N, C) or (N, C, d1, ...), and class indices for them, some of them ignored."""
    classes = draw(st.integers(2, 6))
    batch = draw(st.none() | st.lists(st.integers(1, 4), min_size=1, max_size=3))
    shape = (classes,) if batch is None else (batch[0], classes, *batch[1:])
    logits = draw(arrays(st.just(shape)))
    ignored = draw(st.sampled_from([-100, -1, 0, 1]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, classes, batch or ())
    labels = np.where(rng.uniform(size=labels.shape) < 0.3, ignored, labels)
    if (labels == ignored).all():  # of nothing the mean is NaN: see below
        labels = np.full(labels.shape, classes - 1)
        ignored = -100
    return logits, labels, ignored


def class_weight(logits):
    return np.linspace(0.5, 2, logits.shape[min(1, logits.ndim - 1)])


@given(
    case=classified(),
    weighted=st.booleans(),
    reduction=REDUCTIONS,
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
)
def test_cross_entropy_of_indices(device, case, weighted, reduction, smoothing):
    logits, labels, ignored = case
    constants = {"target": labels, "weight": class_weight(logits) if weighted else None}
    options = {"ignore_index": ignored, "reduction": reduction, "label_smoothing": smoothing}
    check(*both("cross_entropy", device, constants, **options), logits, device=device)
    constants = {k: v.astype(np.float32) if k == "weight" and weighted else v for k, v in constants.items()}
    pair = both("cross_entropy", device, constants, **options)
    check(*pair, logits.astype(np.float32), device=device, second=False, dtype=np.float32)


@given(case=classified(), weighted=st.booleans(), reduction=REDUCTIONS, smoothing=st.sampled_from([0.0, 0.1]))
def test_cross_entropy_of_probabilities(device, case, weighted, reduction, smoothing):
    logits = case[0]
    dim = min(1, logits.ndim - 1)
    target = np.exp(2 * logits[::-1]) / np.exp(2 * logits[::-1]).sum(dim, keepdims=True)
    options = {"reduction": reduction, "label_smoothing": smoothing}
    constants = {"weight": class_weight(logits) if weighted else None}
    check(*both("cross_entropy", device, constants, **options), logits, target, device=device)


@given(case=classified(), weighted=st.booleans(), reduction=REDUCTIONS)
def test_nll_loss(device, case, weighted, reduction):
    logits, labels, ignored = case
    constants = {"target": labels, "weight": class_weight(logits) if weighted else None}
    check(
        *both("nll_loss", device, constants, ignore_index=ignored, reduction=reduction), logits, device=device
    )


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(2, 7)),
    smoothing=st.sampled_from([0.0, 0.2]),
    data=st.data(),
)
def test_fused_cross_entropy_equals_its_twin(device, shape, smoothing, data):
    x = data.draw(arrays(st.just(shape)))
    labels = mg.tensor(np.arange(shape[0]) * 5 % shape[1], device=device).data
    held_equal(ops._softmax_nll, [strided(x, device)], labels, smoothing)
    held_equal(ops._softmax_nll, [strided(x.astype(np.float32), device)], labels, smoothing)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(131, 4001), (3, 300_001), (130, 10)])
def test_cross_entropy_over_several_blocks(device, rng, shape, smoothing):
    x, labels = rng.standard_normal(shape), rng.integers(0, shape[1], shape[0])
    pair = both("cross_entropy", device, {"target": labels}, label_smoothing=smoothing)
    check(*pair, x, device=device, second=False)
    check(*pair, x.astype(np.float32), device=device, second=False, dtype=np.float32)


def test_cross_entropy_does_not_overflow_and_keeps_its_digits_far_from_zero(device):
    x, labels = np.array([[3e4, 3e4 + 2, 3e4 - 1], [-1e30, 0, 1e30]], np.float32), np.array([0, 2])
    for smoothing in (0.0, 0.1):
        options = {"label_smoothing": smoothing, "reduction": "none"}
        near = x - x.max(1, keepdims=True)
        pair = both("cross_entropy", device, {"target": labels}, **options)
        check(*pair, x, device=device, second=False, dtype=np.float32)
        ours = [pair[0](mg.tensor(a, device=device)).numpy() for a in (x, near)]
        np.testing.assert_allclose(*ours, rtol=1e-6)


def test_cross_entropy_of_masked_logits(device):
    """A logit of minus infinity is a probability of 0, not an error."""
    x = np.array([[0.5, -np.inf, 1.0], [-np.inf, 2.0, -np.inf]])
    check(*both("cross_entropy", device, {"target": np.array([2, 1])}), x, device=device, second=False)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("weighted", [False, True])
def test_when_every_target_is_ignored(device, name, weighted):
    x, labels = np.ones((2, 3)), np.array([-100, -100])
    constants = {"target": labels, "weight": np.ones(3) if weighted else None}
    for reduction in ("mean", "sum", "none"):  # the mean is NaN, but not its gradient
        check(*both(name, device, constants, reduction=reduction), x, device=device, second=False)


def test_unsigned_and_narrow_labels(device, rng):
    x, labels = rng.standard_normal((4, 3)), np.array([2, 0, 1, 1])
    want = ops.cross_entropy(mg.tensor(x, device=device), mg.tensor(labels, device=device)).item()
    for dtype in (np.uint8, np.int32, np.int8):
        got = ops.cross_entropy(mg.tensor(x, device=device), mg.tensor(labels.astype(dtype), device=device))
        assert got.item() == want


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize(
    ("shape", "target", "error", "message"),
    [
        (
            (4, 3),
            np.array([0, 1, 2, 3]),
            IndexError,
            "target has the value 3, which is not in the range 0 to 2",
        ),
        (
            (4, 3),
            np.array([0, -1, 2, 1]),
            IndexError,
            "target has the value -1, which is not in the range 0 to 2",
        ),
        ((4, 3), np.zeros(5, int), ValueError, r"must have shape \(4,\) for.*, got \(5,\)"),
        ((4, 3), np.zeros((4, 1), int), RuntimeError, r"must have shape \(4,\) for.*, got \(4, 1\)"),
        ((2, 3, 4), np.zeros((2, 5), int), RuntimeError, r"must have shape \(2, 4\) for.*, got \(2, 5\)"),
        ((2, 3, 4), np.zeros(2, int), RuntimeError, r"must have shape \(2, 4\) for.*, got \(2,\)"),
        ((4, 3), np.zeros(4), RuntimeError, r"must hold integers \(class indices\), got float64"),
        ((4, 3), np.zeros(4, bool), RuntimeError, "must hold integers"),
        ((), np.array(0), RuntimeError, "got a 0-d tensor"),
    ],
)
def test_targets_that_do_not_fit_are_refused(device, name, shape, target, error, message):
    with pytest.raises(error, match=f"{name}: .*{message}"):
        getattr(ops, name)(mg.tensor(np.ones(shape), device=device), mg.tensor(target, device=device))


def test_cross_entropy_refuses(device):
    x, labels = mg.tensor(np.ones((4, 3)), device=device), mg.tensor(np.zeros(4, int), device=device)
    for arguments, error, message in [
        (
            (x, labels, mg.tensor(np.ones(2), device=device)),
            RuntimeError,
            r"each of 3 classes, got shape \(2,\)",
        ),
        (
            (x, labels, mg.tensor(np.ones(3, np.float32), device=device)),
            RuntimeError,
            "dtype of the input, float64, got float32",
        ),
        (
            (x, labels, mg.tensor(np.ones(3), device=device, requires_grad=True)),
            RuntimeError,
            "weight.detach()",
        ),
        ((x, mg.tensor(np.ones((4, 3), int), device=device)), RuntimeError, "must be floating, got int64"),
        (
            (mg.tensor(np.ones((4, 3), int), device=device), labels),
            RuntimeError,
            "expected a floating tensor",
        ),
    ]:
        with pytest.raises(error, match=message):
            ops.cross_entropy(*arguments)
    with pytest.raises(RuntimeError, match=r"label_smoothing must be between 0 and 1, got 1.5"):
        ops.cross_entropy(x, labels, label_smoothing=1.5)
    with pytest.raises(
        RuntimeError, match="ignore_index is not supported for a target of class probabilities"
    ):
        ops.cross_entropy(x, x, ignore_index=1)


def test_raw_arrays_give_raw_arrays(device, rng):
    given = rng.standard_normal((4, 3)), np.array([0, 1, 2, 0]), np.array([1.0, 2.0, 3.0])
    x, labels, weight = (mg.tensor(a, device=device).data for a in given)
    for function in (ops.cross_entropy, ops.nll_loss):
        assert isinstance(function(x, labels, weight, reduction="none"), type(x))
