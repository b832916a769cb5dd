"""Normalization against PyTorch, and the fused kernels against their composite twins."""

import numpy as np
import pytest
import torch
import torch.nn.functional as T
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd import grad
from minigrad.backend import norm as kernels
from minigrad.ops import norm
from tests.fused import held_equal, strided
from tests.oracle import check
from tests.strategies import arrays, shapes


@st.composite
def parameters(draw, shape):
    """Both, the weight alone or neither; a bias alone PyTorch cannot differentiate twice (see the twins)."""
    weight = draw(st.none() | arrays(st.just(shape), gap=0.1))
    return weight, None if weight is None else draw(st.none() | arrays(st.just(shape), gap=0.1))


@st.composite
def batches(draw, min_dims=2, max_dims=5):
    """An input (N, C, ...), a weight or None, a bias or None.

    N is at least 3: two values always become -1 and 1, and all derivatives rounding errors.
    """
    n, c = draw(st.integers(3, 4)), draw(st.integers(1, 5))
    rest = draw(st.lists(st.integers(1, 4), min_size=min_dims - 2, max_size=max_dims - 2))
    x = draw(arrays(st.just((n, c, *rest))))
    return x, *draw(parameters((c,)))


def tensors(device, *values, requires_grad=False):
    return [None if v is None else mg.tensor(v, device=device, requires_grad=requires_grad) for v in values]


# ---------------------------------------------------------------------- batch norm


@given(batch=batches(), eps=st.sampled_from([1e-5, 1e-3, 0.5]))
def test_batch_norm_in_training(device, batch, eps):
    x, weight, bias = batch
    kwargs = {"training": True, "eps": eps}
    check(norm.batch_norm, T.batch_norm, x, None, None, weight, bias, device=device, **kwargs)
    single = [v if v is None else v.astype(np.float32) for v in (x, None, None, weight, bias)]
    # In float32 a tiny variance would leave few digits.
    check(
        norm.batch_norm,
        T.batch_norm,
        *single,
        device=device,
        second=False,
        dtype=np.float32,
        training=True,
        eps=0.5,
    )


@given(batch=batches())
def test_batch_norm_in_evaluation(device, batch):
    x, weight, bias = batch
    mean, var = (np.random.default_rng(k).uniform(0.1, 2, x.shape[1]) for k in (1, 2))

    def ours(x, weight, bias):
        return norm.batch_norm(x, *tensors(device, mean, var), weight, bias)

    def theirs(x, weight, bias):
        return T.batch_norm(x, torch.tensor(mean), torch.tensor(var), weight, bias)

    check(ours, theirs, x, weight, bias, device=device)


@given(batch=batches(), momentum=st.sampled_from([0.0, 0.1, 0.3, 1.0]), shift=st.sampled_from([0.0, 50.0]))
def test_batch_norm_moves_the_running_statistics(device, batch, momentum, shift):
    x = batch[0] + shift
    running = np.linspace(-1, 1, x.shape[1]), np.linspace(0.5, 2, x.shape[1])
    ours, theirs = tensors(device, *running), [torch.tensor(r) for r in running]
    memory = [r.data for r in ours]
    norm.batch_norm(mg.tensor(x, device=device), *ours, training=True, momentum=momentum)
    T.batch_norm(torch.tensor(x), *theirs, training=True, momentum=momentum)
    for mine, other, before in zip(ours, theirs, memory, strict=True):
        assert mine.data is before, "running statistics must be updated in place"
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-10, atol=1e-12)


def test_batch_norm_statistics_stay_in_evaluation_and_each_may_be_missing_in_training(device, rng):
    x, mean, var = tensors(device, rng.standard_normal((4, 3)), np.ones(3), np.ones(3))
    norm.batch_norm(x, mean, var)
    assert mean.tolist() == var.tolist() == [1, 1, 1]
    norm.batch_norm(x, None, var, training=True, momentum=1.0)
    np.testing.assert_allclose(var.numpy(), x.numpy().var(0, ddof=1))


def test_batch_norm_twice_before_backward(device, rng):
    """Running statistics change between a forward and its backward; the gradient must not notice."""
    x, mean, var = tensors(device, rng.standard_normal((4, 3)), np.zeros(3), np.ones(3))
    x.requires_grad_()
    losses = [norm.batch_norm(x, mean, var, training=training) for training in (True, False, True)]
    weight = mg.tensor(rng.standard_normal((4, 3)), device=device)
    got = [grad(y, x, weight)[0].numpy() for y in losses]
    np.testing.assert_array_equal(got[0], got[2])
    var_after_one_step = 0.9 + 0.1 * x.numpy().var(0, ddof=1)
    np.testing.assert_allclose(got[1], weight.numpy() / np.sqrt(var_after_one_step + 1e-5))


def test_batch_norm_says_that_it_changed_the_running_statistics(device):
    mean, var, w = tensors(device, np.zeros(3), np.ones(3), np.ones(3))
    product = w.requires_grad_() * mean
    norm.batch_norm(mg.tensor(np.eye(3), device=device), mean, var, training=True)
    with pytest.raises(RuntimeError, match="changed in place"):
        product.sum().backward()


@given(
    batch=batches(),
    training=st.booleans(),
    shift=st.sampled_from([0.0, 20.0]),
    bias_alone=st.booleans(),
    relu=st.booleans(),
    add=st.booleans(),
)
def test_batch_norm_equals_its_twin(device, batch, training, shift, bias_alone, relu, add):
    x = strided(batch[0] + shift, device)
    mean, var = tensors(device, *(np.linspace(1, 2, x.shape[1]) for _ in range(2)))
    known = kernels.ChannelStatistics.known(mean.data, var.data)
    statistics = kernels.channel_statistics(x.data) if training else known
    weight, bias = tensors(device, *batch[1:])
    residual = mg.tensor(np.cos(np.arange(batch[0].size)).reshape(x.shape), device=device) if add else None
    inputs = [x, None, weight, residual] if bias_alone else [x, weight, bias, residual]
    held_equal(norm._batch_norm, inputs, statistics, training, 1e-2, relu)


@given(batch=batches(), training=st.booleans(), relu=st.booleans(), add=st.booleans())
def test_batch_norm_with_relu_and_residual(device, batch, training, relu, add):
    x, weight, bias = batch
    residual = [np.sin(np.arange(x.size)).reshape(x.shape)] if add else []
    running = np.linspace(-1, 1, x.shape[1]), np.linspace(1, 2, x.shape[1])

    def ours(x, weight, bias, residual=None):
        mean, var = tensors(device, *running)
        return norm.batch_norm(x, mean, var, weight, bias, training, residual=residual, relu=relu)

    def theirs(x, weight, bias, residual=0.0):
        y = T.batch_norm(x, *map(torch.tensor, running), weight, bias, training) + residual
        return T.relu(y) if relu else y

    check(ours, theirs, x, weight, bias, *residual, device=device)


def test_batch_norm_refuses_another_residual(device):
    x = mg.ones(2, 3, device=device)
    with pytest.raises(
        RuntimeError, match=r"residual must be like the input, float32 \(2, 3\), got float32 \(3,\)"
    ):
        norm.batch_norm(x, None, None, training=True, residual=mg.ones(3, device=device))


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_of_nothing(device, training):
    for shape in [(0,), (0, 3), (2, 3, 0), (2, 0, 4)]:
        running = [np.zeros(shape[1] if len(shape) > 1 else 0) for _ in range(2)]
        check(
            lambda x: norm.batch_norm(x, *tensors(device, *running), training=training),  # noqa: B023
            lambda x: T.batch_norm(x, *map(torch.tensor, running), training=training),  # noqa: B023
            np.zeros(shape),
            device=device,
        )


@pytest.mark.parametrize(
    ("shape", "arguments", "error", "message"),
    [
        ((1, 3), {"training": True}, ValueError, r"more than 1 value per channel.*\(1, 3\)"),
        ((1, 3, 1, 1), {"training": True}, ValueError, "more than 1 value per channel"),
        ((3,), {"training": True}, RuntimeError, r"expected an input of shape \(N, C\)"),
        ((4, 3), {}, RuntimeError, "running_mean and running_var"),
        ((4, 3), {"training": True, "eps": 0.0}, ValueError, "eps must be positive, got 0.0"),
        ((4, 3), {"eps": -1.0}, ValueError, "eps must be at least 0, got -1.0"),
        (
            (4, 3),
            {"running_mean": 2, "running_var": 3},
            RuntimeError,
            r"running_mean must have shape \(3,\).*got \(2,\)",
        ),
        ((4, 3), {"weight": 4, "training": True}, RuntimeError, r"weight must have shape \(3,\)"),
        ((4, 3), {"bias": 4, "training": True}, RuntimeError, r"bias must have shape \(3,\)"),
    ],
)
def test_batch_norm_refuses(device, shape, arguments, error, message):
    arguments = {"running_mean": None, "running_var": None} | {
        key: mg.tensor(np.ones(value), device=device) if type(value) is int else value
        for key, value in arguments.items()
    }
    with pytest.raises(error, match=message):
        norm.batch_norm(mg.tensor(np.ones(shape), device=device), **arguments)


def test_parameters_of_another_dtype_and_integers_are_refused(device):
    x, single = mg.tensor(np.ones((4, 3)), device=device), mg.tensor(np.ones(3, np.float32), device=device)
    with pytest.raises(
        RuntimeError, match="batch_norm: weight must have the dtype of the input, float64, got float32"
    ):
        norm.batch_norm(x, None, None, single, training=True)
    with pytest.raises(RuntimeError, match="layer_norm: bias must have the dtype"):
        norm.layer_norm(x, (3,), None, single)
    for call in (lambda x: norm.batch_norm(x, None, None, training=True), lambda x: norm.layer_norm(x, (3,))):
        with pytest.raises(RuntimeError, match="expected a floating tensor, got int64"):
            call(mg.tensor(np.ones((4, 3), np.int64), device=device))


# ---------------------------------------------------------------------- layer norm, RMS norm


@st.composite
def features(draw):
    """An input, the trailing shape (of more than one element: a lone one becomes 0), a weight, a bias."""
    shape = (*draw(st.lists(st.integers(1, 4), max_size=2)), draw(st.integers(2, 5)))
    batch = draw(st.lists(st.integers(0, 4), max_size=2))
    x = draw(arrays(st.just((*batch, *shape))))
    return x, shape, *draw(parameters(shape))


@given(case=features(), eps=st.sampled_from([1e-5, 0.1]))
def test_layer_norm(device, case, eps):
    check(norm.layer_norm, T.layer_norm, *case, device=device, eps=eps)
    x, shape, *rest = case
    single = [v if v is None else v.astype(np.float32) for v in (x, *rest)]
    check(
        norm.layer_norm,
        T.layer_norm,
        single[0],
        shape,
        *single[1:],
        device=device,
        second=False,
        dtype=np.float32,
        eps=0.5,
    )


@pytest.mark.parametrize(("rows", "width"), [(4160, 128), (2051, 97), (3, 70_001)])
def test_layer_norm_over_several_blocks(device, rng, rows, width):
    arguments = (
        rng.standard_normal((rows, width)) + 3,
        (width,),
        rng.standard_normal(width),
        rng.standard_normal(width),
    )
    check(norm.layer_norm, T.layer_norm, *arguments, device=device, second=False)
    single = [a.astype(np.float32) if isinstance(a, np.ndarray) else a for a in arguments]
    check(norm.layer_norm, T.layer_norm, *single, device=device, second=False, tolerances=(2e-5, 1e-3, 0))


@given(case=features(), bias_alone=st.booleans())
def test_layer_norm_equals_its_twin(device, case, bias_alone):
    x, shape, *rest = case
    width = int(np.prod(shape))
    weight, bias = tensors(device, *[v if v is None else v.reshape(width) for v in rest])
    x = strided(x.reshape(-1, width), device)
    held_equal(norm._layer_norm, [x, None, weight] if bias_alone else [x, weight, bias], 1e-2)


@given(case=features(), eps=st.sampled_from([None, 1e-5, 0.1]))
def test_rms_norm(device, case, eps):
    x, shape, weight, _ = case
    check(norm.rms_norm, T.rms_norm, x, shape, weight, device=device, eps=eps)


@pytest.mark.parametrize("function", [norm.layer_norm, norm.rms_norm])
def test_trailing_shapes_that_do_not_fit_are_refused(device, function):
    x = mg.tensor(np.ones((4, 3)), device=device)
    for shape in [(4,), (), (3, 4), (2, 4, 3)]:
        with pytest.raises(RuntimeError, match=r"the input of shape \(4, 3\) must end with"):
            function(x, shape)
    with pytest.raises(TypeError, match=r"sequence of integers such as \(3,\)"):
        function(x, 3)
    with pytest.raises(RuntimeError, match=r"weight must have shape \(3,\).*got \(4,\)"):
        function(x, (3,), mg.tensor(np.ones(4), device=device))


# ---------------------------------------------------------------------- group norm


@given(data=st.data())
def test_group_norm(device, data):
    groups, members = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    shape = (
        data.draw(st.integers(1, 3)),
        groups * members,
        *data.draw(st.lists(st.integers(2, 3), min_size=members < 2, max_size=3)),
    )
    x = data.draw(arrays(st.just(shape)))
    arguments = x, groups, *data.draw(parameters(shape[1:2]))
    check(norm.group_norm, T.group_norm, *arguments, device=device, eps=1e-2)


@pytest.mark.parametrize("shape", [(2, 6), (3, 6, 5), (2, 6, 32, 32), (70, 6, 8, 4), (1, 1200, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("affine", [False, True])
def test_the_kernel_of_group_norm_equals_its_twin(device, rng, shape, dtype, affine):
    """One row a sample and many, several samples in a block and several blocks, rows wider than usual."""
    values = [rng.standard_normal(shape) + 3, rng.standard_normal(shape[1]), rng.standard_normal(shape[1])]
    x, weight, bias = tensors(device, *(value.astype(dtype) for value in values))
    held_equal(norm._group_norm, [x, *((weight, bias) if affine else (None, None))], 3, 1e-5)


def test_group_norm_keeps_the_memory_of_convolutions(rng):
    """Channels last in, channels last out: the next convolution has nothing to transpose."""
    last = rng.standard_normal((2, 5, 4, 6)).astype(np.float32)
    x = mg.Tensor(last.transpose(0, 3, 1, 2), requires_grad=True)
    y = norm.group_norm(x, 3)
    (dx,) = grad(y.square().sum(), x)
    assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous
    assert dx.data.transpose(0, 2, 3, 1).flags.c_contiguous


def test_group_norm_when_the_mean_is_far_larger_than_the_spread(device, rng):
    x = (1000 + rng.standard_normal((2, 4, 16, 16))).astype(np.float32)
    y = norm.group_norm(mg.tensor(x, device=device), 2).numpy()
    want = T.group_norm(torch.tensor(x.astype(np.float64)), 2).numpy()
    np.testing.assert_allclose(y, want, atol=2e-4)


def test_group_norm_refuses(device):
    x = mg.tensor(np.ones((2, 4, 3)), device=device)
    for groups in (3, 0, -1):
        with pytest.raises(
            RuntimeError, match=f"4 channels cannot be divided into num_groups={groups} equal groups"
        ):
            norm.group_norm(x, groups)
    with pytest.raises(RuntimeError, match=r"expected an input of shape \(N, C, ...\), got \(4,\)"):
        norm.group_norm(mg.tensor(np.ones(4), device=device), 2)
    with pytest.raises(ValueError, match="more than 1 value per group"):
        norm.group_norm(mg.tensor(np.ones((1, 2)), device=device), 2)
    with pytest.raises(RuntimeError, match=r"weight must have shape \(4,\)"):
        norm.group_norm(x, 2, mg.tensor(np.ones(2), device=device))


@pytest.mark.parametrize("shape", [(0, 4, 2), (2, 4, 0), (0, 4)])
def test_normalization_of_nothing(device, shape):
    x, last = np.ones(shape), np.ones(shape[-1])
    check(norm.group_norm, T.group_norm, x, 2, device=device, second=False)
    check(norm.layer_norm, T.layer_norm, x, shape[-1:], last, last, device=device, second=False)
    check(norm.rms_norm, T.rms_norm, x, shape[-1:], last, device=device, second=False)


# ---------------------------------------------------------------------- float16


HALF = {
    "batch_norm": (lambda f, x, w: f(x, None, None, w, training=True), 4),
    "group_norm": (lambda f, x, w: f(x, 2, w), 4),
    "layer_norm": (lambda f, x, w: f(x, (5,), w), 5),
    "rms_norm": (lambda f, x, w: f(x, (5,), w), 5),
}


@pytest.mark.parametrize("name", HALF)
@pytest.mark.parametrize("parameters", [np.float16, np.float32])
def test_float16_is_computed_in_float32(device, rng, name, parameters):
    """The square of 300 is more than float16 can hold."""
    call, size = HALF[name]
    values = (
        (rng.standard_normal((64, 4, 5)) + 300).astype(np.float16),
        rng.uniform(0.5, 2, size).astype(parameters),
    )
    half = tensors(device, *values, requires_grad=True)
    wide = [torch.tensor(v.astype(np.float64), requires_grad=True) for v in values]
    y, want = call(getattr(norm, name), *half), call(getattr(T, name), *wide)
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.numpy(), want.detach().numpy(), rtol=1e-3, atol=4e-3)
    g = rng.standard_normal(y.shape).astype(np.float16)
    mine = grad(y, half, mg.tensor(g, device=device))
    other = torch.autograd.grad(want, wide, torch.tensor(g.astype(np.float64)))
    for a, b, value in zip(mine, other, values, strict=True):
        assert a.dtype == value.dtype
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-3, atol=2e-3)


def test_float16_running_statistics_move(device):
    x, mean, var = tensors(
        device, np.full((4, 2), 3, np.float16), np.zeros(2, np.float16), np.ones(2, np.float16)
    )
    norm.batch_norm(x, mean, var, training=True, momentum=0.5)
    assert mean.tolist() == [1.5, 1.5]
    assert var.tolist() == [0.5, 0.5]


# ---------------------------------------------------------------------- vectors


@given(
    x=arrays(shapes(min_dims=1, min_side=2), gap=0.2),
    p=st.sampled_from([0.5, 1.0, 2.0, 3.0, float("inf")]),
    data=st.data(),
)
def test_normalize(device, x, p, data):
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    check(norm.normalize, T.normalize, x, p=p, dim=dim, device=device)


def test_normalize_of_short_vectors(device):
    x = np.array([[0.0, 0.0], [1e-3, 2e-3], [3.0, 4.0]])
    check(norm.normalize, T.normalize, x, eps=0.1, device=device, second=False)
    assert norm.normalize(mg.tensor(x, device=device)).numpy()[0].tolist() == [0, 0]


@given(data=st.data())
def test_cosine_similarity(device, data):
    shape = tuple(data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))
    dim = data.draw(st.integers(0, len(shape) - 1))
    other = tuple(1 if k != dim and data.draw(st.booleans()) else n for k, n in enumerate(shape))[
        data.draw(st.integers(0, dim)) :
    ]
    dim -= data.draw(st.sampled_from([0, len(shape)]))
    x1, x2 = data.draw(arrays(st.just(shape), gap=0.3)), data.draw(arrays(st.just(other), low=0.2, high=2.0))
    check(norm.cosine_similarity, T.cosine_similarity, x1, x2, dim=dim, device=device)


def test_cosine_similarity_of_zeros_and_of_shapes_that_do_not_fit(device):
    x1, x2 = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [0.0, 0.0]])
    check(norm.cosine_similarity, T.cosine_similarity, x1, x2, device=device, second=False)
    with pytest.raises(RuntimeError, match=r"cosine_similarity: shapes \(2,\) and \(3,\) do not broadcast"):
        norm.cosine_similarity(*tensors(device, np.ones(2), np.ones(3)), dim=0)
