"""Sums, means, variances, products and their relatives against PyTorch."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.oracle import check
from tests.strategies import arrays, shapes
from tests.strategies_dims import with_dim, with_dims


@pytest.mark.parametrize("name", ["sum", "mean"])
@given(drawn=with_dims(), keepdim=st.booleans())
def test_sum_and_mean(name, device, drawn, keepdim):
    x, dim = drawn
    check(getattr(mg, name), getattr(torch, name), x, dim, keepdim, device=device)
    check(lambda x: getattr(x, name)(), lambda x: getattr(x, name)(), x, device=device)


@given(drawn=with_dims(min_side=0), keepdim=st.booleans())
def test_sum_of_nothing_is_zero(device, drawn, keepdim):
    x, dim = drawn
    check(mg.sum, torch.sum, x, dim, keepdim, device=device)


def test_mean_of_nothing_is_nan(device):
    check(mg.mean, torch.mean, np.zeros((0, 3)), 0, device=device)


@pytest.mark.parametrize("dim", [0, 1, 2, 3, (0, 1), (0, 2, 3), (1, 3), (2, 3), None])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 3, 1, 2)])
def test_sums_of_large_arrays_in_any_memory_order(device, rng, dim, order):
    """Sums over leading dimensions (in memory) take another way than the others."""
    x = rng.standard_normal((8, 7, 9, 6))
    check(lambda x: mg.permute(x, order).sum(dim), lambda x: x.permute(order).sum(dim), x, device=device)
    check(lambda x: x.sum(dim, True), lambda x: x.sum(dim, True), x, device=device)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.int32, np.int64])
@pytest.mark.parametrize("name", ["sum", "prod"])
def test_integers_become_int64(device, dtype, name):
    x = np.array([[1, 0, 1], [1, 1, 1]]).astype(dtype) * (dtype is np.bool_ or 100)
    x = x.astype(dtype)
    check(getattr(mg, name), getattr(torch, name), x, 1, device=device)


@pytest.mark.parametrize("name", ["sum", "mean", "prod"])
def test_dtype_is_converted_to_first(device, name):
    x = np.array([[1, 2], [3, 4]])
    ours = getattr(mg, name)(mg.tensor(x, device=device), 0, dtype="float64")
    theirs = getattr(torch, name)(torch.tensor(x), 0, dtype=torch.float64)
    assert ours.dtype == np.float64
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("name", ["sum", "mean", "var", "prod", "cumsum"])
def test_float16_is_summed_in_float32(device, rng, name):
    """Sums in float16 would stop growing at 2048, and squares would overflow at 65504."""
    x = np.ones(6000, np.float16) if name != "var" else (rng.standard_normal(6000) * 100).astype(np.float16)
    ours = getattr(mg, name)(mg.tensor(x, device=device), 0)
    theirs = getattr(torch, name)(torch.tensor(x), 0)
    assert ours.dtype == np.float16
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-3)


@pytest.mark.parametrize("name", ["sum", "mean"])
def test_float32_sums_have_the_accuracy_of_pairwise_summation(device, rng, name):
    x = rng.random((20000, 16)).astype(np.float32)
    exact = getattr(np, name)(x.astype(np.float64), 0)
    ours = getattr(mg, name)(mg.tensor(x, device=device), 0).numpy()
    # blocked sums err by about (n / 8) eps in the worst case, by sqrt(n) eps as a rule
    np.testing.assert_allclose(ours, exact, rtol=20 * math.sqrt(20000) * 6e-8)


@pytest.mark.parametrize("name", ["var", "std", "var_mean"])
@given(drawn=with_dims(), keepdim=st.booleans(), correction=st.sampled_from([0, 1, 0.5, -1]))
def test_variance(name, device, drawn, keepdim, correction):
    x, dim = drawn
    dims = range(x.ndim) if dim is None else np.atleast_1d(dim)
    count = math.prod(x.shape[d] for d in dims) if x.ndim else 1
    if count > max(correction, 1):  # the others have a test of their own
        # the standard deviation of two elements is linear: its second derivative is nothing but rounding
        kwargs = {"dim": dim, "correction": correction, "keepdim": keepdim, "second": count > 2}
        check(getattr(mg, name), getattr(torch, name), x, device=device, **kwargs)


@pytest.mark.parametrize("unbiased", [True, False])
def test_variance_as_older_code_writes_it(device, rng, unbiased):
    x = rng.standard_normal((3, 4))
    check(mg.var, torch.var, x, unbiased, device=device)
    check(mg.std, torch.std, x, 1, unbiased, True, device=device)


@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
def test_variance_without_degrees_of_freedom(device):
    check(mg.var, torch.var, np.array([[1.0], [2.0]]), 1, device=device, second=False)
    x = np.array([[1.0, 3.0]])
    for correction in (2, 5):  # what PyTorch returns as a gradient depends on how it is called
        assert mg.var(mg.tensor(x, device=device), correction=correction).item() == torch.var(
            torch.tensor(x), correction=correction
        )


def test_std_of_equal_elements_has_derivative_zero(device):
    check(mg.std, torch.std, np.full((2, 3), 0.5), 1, device=device, second=False)


def test_variance_refuses_two_corrections(device):
    x = mg.zeros(3, device=device)
    with pytest.raises(TypeError, match="either unbiased or correction"):
        mg.var(x, 0, True, correction=1)


@given(drawn=with_dims(), keepdim=st.booleans())
def test_logsumexp(device, drawn, keepdim):
    x, dim = drawn
    dim = tuple(range(x.ndim)) if dim is None else dim
    check(mg.logsumexp, torch.logsumexp, x, dim, keepdim, device=device)


def test_logsumexp_neither_overflows_nor_stumbles_over_infinities(device):
    x = np.array(
        [[1000.0, 1000.0], [-1000.0, -1001.0], [-math.inf, 0.0], [math.inf, 0.0], [-math.inf, -math.inf]]
    )
    check(mg.logsumexp, torch.logsumexp, x, 1, device=device, second=False)
    check(mg.logsumexp, torch.logsumexp, np.zeros((2, 0)), 1, device=device)
    check(mg.logsumexp, torch.logsumexp, np.array([1, 2]), 0, device=device, tolerances=(1e-6, 0, 0))


@given(drawn=with_dim(min_dims=0, min_side=0, max_side=6), keepdim=st.booleans(), zeros=st.integers(0, 3))
def test_prod_with_zeros(device, drawn, keepdim, zeros):
    """Up to three zeros in a product: then even the second derivatives have zeros in unexpected places."""
    x, dim = drawn
    x.reshape(-1)[: 2 * zeros : 2] = 0.0
    check(mg.prod, torch.prod, x, dim, keepdim=keepdim, device=device, second=x.ndim > 0 and x.shape[dim] > 1)
    check(mg.prod, torch.prod, x, device=device, second=x.size > 1)


@pytest.mark.parametrize("name", ["all", "any"])
@given(drawn=with_dims(min_side=0), keepdim=st.booleans())
def test_truth(name, device, drawn, keepdim):
    x, dim = drawn
    for values in (x > 0, (x > 2.5).astype(np.int64), np.trunc(x)):
        check(getattr(mg, name), getattr(torch, name), values, dim, keepdim, device=device)


@given(drawn=with_dims(min_side=0))
def test_count_nonzero(device, drawn):
    x, dim = drawn
    check(mg.count_nonzero, torch.count_nonzero, np.trunc(x), dim, device=device)


def test_errors_name_the_operation(device):
    x = mg.zeros(2, 3, device=device)
    with pytest.raises(IndexError, match=r"sum: dimension 2 is out of range for 2 dimensions"):
        mg.sum(x, 2)
    with pytest.raises(RuntimeError, match=r"sum: a dimension appears twice in dim=\(0, -2\)"):
        mg.sum(x, (0, -2))
    with pytest.raises(RuntimeError, match="mean: expected a floating tensor, got int64"):
        mg.mean(mg.tensor([1, 2], device=device))
    with pytest.raises(TypeError, match="prod: dim must be an integer"):
        mg.prod(x, (0, 1))
    with pytest.raises(TypeError, match="sum: expected a tensor, got list"):
        mg.sum([1.0, 2.0])


@given(x=arrays(shape=shapes(min_dims=1)))
def test_raw_arrays_stay_raw(x):
    """Rules are written with these functions, so they must take arrays and give arrays."""
    for result in (
        mg.sum(x, 0),
        mg.mean(x, 0, True),
        mg.var(x, 0, correction=0),
        mg.logsumexp(x, 0),
        mg.prod(x, 0),
    ):
        assert isinstance(result, (np.ndarray, np.generic))
