"""Losses of regression and of probabilities against PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops import loss
from tests.ops.losses import REDUCTIONS, both
from tests.oracle import check
from tests.strategies import arrays, shapes

# ---------------------------------------------------------------------- regression


@st.composite
def pairs(draw, shape=None, low=-2.0, high=2.5):
    """An input, a target that is nowhere equal to it, and a weight of the same shape."""
    x = draw(arrays(shape))
    return (
        x,
        draw(arrays(st.just(x.shape), low=low, high=high)),
        draw(arrays(st.just(x.shape), low=0.2, high=2)),
    )


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
@given(case=pairs(), reduction=REDUCTIONS, weighted=st.booleans(), width=st.sampled_from([0.3, 1.0, 5.0]))
def test_regression(name, device, case, reduction, weighted, width):
    x, target, weight = case
    options = {"huber_loss": {"delta": width}, "smooth_l1_loss": {"beta": width}}.get(name, {})
    if weighted and name != "smooth_l1_loss":
        check(
            *both(name, device, {"weight": weight}, reduction=reduction, **options), x, target, device=device
        )
    pair = both(name, device, reduction=reduction, **options)
    check(*pair, x, target, device=device)
    single = [a.astype(np.float32) for a in (x, target)]
    check(*pair, *single, device=device, second=False, dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mse_loss", {}),
        ("l1_loss", {}),
        ("huber_loss", {}),
        ("smooth_l1_loss", {"beta": 2.0}),
        ("smooth_l1_loss", {"beta": 0}),
    ],
)
def test_regression_at_corners(device, name, options):
    """Differences exactly where the parabola ends, and equal values, where its second derivative is not 0."""
    x, target = np.array([1.0, 2.0, -1.0, 3.0, 1.0]), np.array([1.0, 1.0, 0.0, 1.0, 3.0])
    check(*both(name, device, reduction="none", **options), x, target, device=device, second=False)
    check(*both(name, device, reduction="none", **options), x, x, device=device)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
def test_different_shapes_are_broadcast_with_a_warning(device, name):
    x, target = mg.tensor(np.ones((3, 1)), device=device), mg.tensor(np.zeros(4), device=device)
    with pytest.warns(
        UserWarning, match=rf"{name}: the target of shape \(4,\) and the input of shape \(3, 1\)"
    ) as seen:
        assert getattr(loss, name)(x, target, reduction="none").shape == (3, 4)
    assert seen[0].filename == __file__, "the warning must point to the caller"


def test_dtypes_are_promoted_and_integers_refused_where_they_make_no_sense(device):
    x, integers = mg.tensor(np.ones(3, np.float32), device=device), mg.tensor(np.zeros(3, int), device=device)
    assert loss.mse_loss(x, integers).dtype == np.float32
    assert loss.mse_loss(x, mg.tensor(np.ones(3), device=device)).dtype == np.float64
    assert loss.l1_loss(integers, integers, reduction="sum").item() == 0
    for function in (loss.mse_loss, loss.huber_loss, loss.smooth_l1_loss):
        with pytest.raises(RuntimeError, match=f"{function.__name__}: expected a floating tensor"):
            function(integers, integers)


def test_regression_refuses(device):
    x, y = (mg.tensor(np.ones(n), device=device) for n in (3, 1))
    for function in (loss.mse_loss, loss.l1_loss, loss.huber_loss):
        with pytest.raises(ValueError, match=r"weight must have the shape of the input, \(3,\), got \(1,\)"):
            function(x, x, weight=y)
    for delta in (0.0, -1.0):
        with pytest.raises(RuntimeError, match=f"delta must be positive, got {delta}"):
            loss.huber_loss(x, x, delta=delta)
    with pytest.raises(RuntimeError, match="beta must not be negative, got -1"):
        loss.smooth_l1_loss(x, x, beta=-1)


# ---------------------------------------------------------------------- probabilities


@given(data=st.data(), shape=shapes(), weighted=st.booleans(), reduction=REDUCTIONS)
def test_binary_cross_entropy(device, data, shape, weighted, reduction):
    p = data.draw(arrays(st.just(shape), low=0.05, high=0.95))
    target = data.draw(arrays(st.just(shape), low=0.0, high=1.0))
    constants = {"weight": data.draw(arrays(st.just(shape[-1:]), low=0.2, high=2.0)) if weighted else None}
    check(*both("binary_cross_entropy", device, constants, reduction=reduction), p, target, device=device)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_binary_cross_entropy_of_certainty(device, dtype):
    """Probabilities of exactly 0 and 1: a loss of at most 100, and finite gradients."""
    p, target = np.array([0.0, 1, 0, 1, 1e-44, 0.5], dtype), np.array([0.0, 0, 1, 1, 1, 1], dtype)
    check(
        *both("binary_cross_entropy", device, {"target": target}, reduction="none"),
        p,
        device=device,
        second=False,
        dtype=dtype,
    )
    p, target = (mg.tensor(a, device=device, requires_grad=True) for a in (p, target))
    loss.binary_cross_entropy(p, target, reduction="sum").backward()
    assert target.grad.tolist()[:2] == [100, -100]


@given(case=pairs(low=0.0, high=1.0), reduction=REDUCTIONS, data=st.data())
def test_binary_cross_entropy_with_logits(device, case, reduction, data):
    x, target, weight = case
    row = arrays(st.just(x.shape[-1:]), low=0.2, high=3.0)
    constants = {
        "weight": data.draw(st.none() | st.just(weight) | row),
        "pos_weight": data.draw(st.none() | row),
    }
    pair = both("binary_cross_entropy_with_logits", device, constants, reduction=reduction)
    check(*pair, x, target, device=device)
    constants = {k: None if v is None else v.astype(np.float32) for k, v in constants.items()}
    pair = both("binary_cross_entropy_with_logits", device, constants, reduction=reduction)
    check(
        *pair, x.astype(np.float32), target.astype(np.float32), device=device, second=False, dtype=np.float32
    )


def test_binary_cross_entropy_with_logits_does_not_overflow(device):
    x, target = np.array([1000.0, -1000, 1000, -1000, 0]), np.array([1.0, 0, 0, 1, 1])
    for weight in (None, np.full(5, 3.0)):
        pair = both("binary_cross_entropy_with_logits", device, {"pos_weight": weight}, reduction="none")
        check(*pair, x, target, device=device, second=False)


def test_binary_cross_entropies_refuse(device):
    p, single = mg.tensor(np.full(3, 0.5), device=device), mg.tensor(np.ones(3, np.float32), device=device)
    for function in (loss.binary_cross_entropy, loss.binary_cross_entropy_with_logits):
        with pytest.raises(
            ValueError,
            match=rf"{function.__name__}: target must have the shape of the input, \(3,\), got \(1,\)",
        ):
            function(p, mg.tensor(np.ones(1), device=device))
        with pytest.raises(RuntimeError, match="dtype of the input, float64, got float32"):
            function(p, single)
    for wrong in (-0.1, 1.1):
        bad = mg.tensor(np.array([0.5, wrong, 0.5]), device=device)
        with pytest.raises(RuntimeError, match="all elements of input must be between 0 and 1"):
            loss.binary_cross_entropy(bad, p)
        with pytest.raises(RuntimeError, match="all elements of target must be between 0 and 1"):
            loss.binary_cross_entropy(p, bad)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")  # PyTorch's own
@given(
    case=pairs(low=0.1, high=1.0),
    log_target=st.booleans(),
    reduction=st.sampled_from(["mean", "batchmean", "sum", "none"]),
)
def test_kl_div(device, case, log_target, reduction):
    check(*both("kl_div", device, reduction=reduction, log_target=log_target), *case[:2], device=device)


def test_kl_div_of_impossible_targets(device):
    """0 * log(0) is 0; PyTorch agrees on the value, but its gradient for the target is NaN there."""
    x, target = np.log([0.25, 0.75]), np.array([0.0, 1.0])
    check(*both("kl_div", device, {"target": target}, reduction="sum"), x, device=device)
    target = mg.tensor(target, device=device, requires_grad=True)
    loss.kl_div(mg.tensor(x, device=device), target, reduction="sum").backward()
    assert np.isfinite(target.grad.numpy()).all()


# ---------------------------------------------------------------------- arguments that all share

EXAMPLES = {
    "cross_entropy": ([[0.5, 0.5]], [0]), "nll_loss": ([[0.5, 0.5]], [0]), "mse_loss": ([0.5], [0.5]),
    "l1_loss": ([0.5], [0.5]), "huber_loss": ([0.5], [0.5]), "smooth_l1_loss": ([0.5], [0.5]),
    "binary_cross_entropy": ([0.5], [0.5]), "binary_cross_entropy_with_logits": ([0.5], [0.5]),
    "kl_div": ([0.5], [0.5]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_unknown_reductions_and_deprecated_arguments_are_refused(device, name):
    function, arguments = getattr(loss, name), [mg.tensor(a, device=device) for a in EXAMPLES[name]]
    for reduction in ("average", "Mean", None):
        with pytest.raises(
            ValueError, match=f"{name}: reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
        ):
            function(*arguments, reduction=reduction)
    for deprecated in ("size_average", "reduce"):
        with pytest.raises(TypeError, match=deprecated):
            function(*arguments, **{deprecated: True})
