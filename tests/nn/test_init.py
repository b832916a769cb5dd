"""Initializations: their distributions beside PyTorch's, their limits and their errors."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

import minigrad as mg
from minigrad import nn
from minigrad.random import Generator

SHAPE = (60, 20, 5, 5)

INITIALIZATIONS = [
    ("uniform_", {}),
    ("uniform_", {"a": -3.0, "b": -1.0}),
    ("normal_", {}),
    ("normal_", {"mean": 2.0, "std": 0.1}),
    ("trunc_normal_", {}),
    ("trunc_normal_", {"mean": 1.0, "std": 0.5, "a": 0.9, "b": 1.3}),
    ("trunc_normal_", {"std": 0.02}),
    ("xavier_uniform_", {}),
    ("xavier_uniform_", {"gain": 5 / 3}),
    ("xavier_normal_", {"gain": 0.5}),
    ("kaiming_uniform_", {}),
    ("kaiming_uniform_", {"a": math.sqrt(5)}),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", {}),
    ("kaiming_normal_", {"mode": "fan_out"}),
    ("kaiming_normal_", {"nonlinearity": "tanh"}),
    ("orthogonal_", {}),
    ("orthogonal_", {"gain": 3.0}),
]


def same_distribution(mine, other):
    """Kolmogorov and Smirnov find no difference, and means and spreads agree within five standard errors."""
    assert stats.ks_2samp(mine, other).pvalue > 1e-3
    error = other.std() / math.sqrt(len(other))
    assert abs(mine.mean() - other.mean()) < 5 * math.sqrt(2) * error
    assert mine.std() == pytest.approx(other.std(), rel=5 / math.sqrt(len(other)))


@pytest.mark.parametrize(("name", "options"), INITIALIZATIONS)
def test_distributions_are_pytorchs(device, name, options):
    mine = getattr(nn.init, name)(mg.zeros(*SHAPE, device=device), generator=Generator(1), **options)
    other = getattr(torch.nn.init, name)(
        torch.zeros(SHAPE), generator=torch.Generator().manual_seed(1), **options
    )
    same_distribution(mine.numpy().ravel(), other.numpy().ravel())


@pytest.mark.parametrize(("name", "options"), INITIALIZATIONS)
def test_the_tensor_itself_is_filled_from_the_generator(device, name, options):
    tensor = mg.zeros(4, 3, dtype="float64", device=device, requires_grad=True)
    array = tensor.data
    fill = getattr(nn.init, name)
    assert fill(tensor, generator=Generator(3), **options) is tensor
    assert tensor.data is array
    assert tensor.is_leaf
    assert (tensor.numpy() != 0).all()
    again = fill(mg.zeros(4, 3, dtype="float64", device=device), generator=Generator(3), **options)
    np.testing.assert_array_equal(tensor.numpy(), again.numpy())
    mg.random.default_generator.manual_seed(3)
    by_default = fill(mg.zeros(4, 3, dtype="float64", device=device), **options)
    np.testing.assert_array_equal(tensor.numpy(), by_default.numpy())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_uniform_stays_within_its_limits(dtype):
    values = nn.init.uniform_(mg.zeros(10_000, dtype=dtype), 1.0, 1.5).numpy()
    assert values.dtype == dtype
    assert values.min() >= 1.0
    assert values.max() <= 1.5


def test_truncated_normal_stays_within_its_limits():
    values = nn.init.trunc_normal_(
        mg.zeros(10_000), mean=0.0, std=1.0, a=1.0, b=1.1, generator=Generator(0)
    ).numpy()
    assert values.min() >= 1.0
    assert values.max() <= 1.1


@pytest.mark.parametrize("shape", [(3, 8), (8, 3), (4, 4), (2, 3, 2), (6, 2, 2), (1, 5)])
def test_orthogonal_rows_or_columns(device, shape):
    matrix = (
        nn.init.orthogonal_(mg.zeros(*shape, dtype="float64", device=device), gain=2.0)
        .numpy()
        .reshape(shape[0], -1)
    )
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_matrices_are_equally_likely():
    entries = [nn.init.orthogonal_(mg.zeros(2, 2), generator=Generator(i)).numpy()[0, 0] for i in range(2000)]
    angle = np.arccos(np.array(entries)) / np.pi  # uniform on [0, 1] under the Haar measure
    assert stats.kstest(angle, "uniform").pvalue > 1e-3


def test_constants(device):
    tensor = mg.zeros(2, 2, device=device)
    assert nn.init.ones_(tensor).tolist() == [[1, 1], [1, 1]]
    assert nn.init.constant_(tensor, 2.5).tolist() == [[2.5, 2.5], [2.5, 2.5]]
    assert nn.init.zeros_(tensor).tolist() == [[0, 0], [0, 0]]
    assert nn.init.ones_(mg.zeros((), dtype="int64", device=device)).item() == 1


def test_a_memory_order_is_kept():
    weight = mg.as_tensor(np.zeros((3, 4), np.float32).T)
    assert nn.init.normal_(weight).data.strides == (4, 16)


def test_backward_notices():
    weight = mg.zeros(2, 2, requires_grad=True)
    y = (weight * weight).sum()
    nn.init.normal_(weight)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
@pytest.mark.parametrize("name", ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"])
def test_empty_weights_are_left_alone(name, shape):
    assert getattr(nn.init, name)(mg.zeros(*shape)).shape == shape


@pytest.mark.parametrize(
    ("nonlinearity", "param"),
    [(name, None) for name in (*nn.init._GAINS, "leaky_relu")] + [("leaky_relu", 0.3), ("leaky_relu", 0)],
)
def test_gains_are_pytorchs(nonlinearity, param):
    assert nn.init.calculate_gain(nonlinearity, param) == torch.nn.init.calculate_gain(nonlinearity, param)


def test_errors():
    with pytest.raises(ValueError, match="calculate_gain: nonlinearity 'swish' is none of linear, conv1d"):
        nn.init.calculate_gain("swish")
    with pytest.raises(RuntimeError, match="uniform_: expected a <= b, got a=1 and b=0"):
        nn.init.uniform_(mg.zeros(2), 1, 0)
    with pytest.raises(RuntimeError, match="normal_: expected std >= 0, got -1"):
        nn.init.normal_(mg.zeros(2), 0, -1)
    with pytest.raises(
        ValueError, match=r"trunc_normal_: next to nothing of a normal distribution .* lies in \[5, 6\]"
    ):
        nn.init.trunc_normal_(mg.zeros(2), a=5, b=6)
    with pytest.raises(ValueError, match="trunc_normal_: expected std > 0, got -1"):
        nn.init.trunc_normal_(mg.zeros(2), std=-1)
    with pytest.raises(ValueError, match="mode must be 'fan_in' or 'fan_out', got 'fan'"):
        nn.init.kaiming_normal_(mg.zeros(2, 2), mode="fan")
    for name in ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_"):
        with pytest.raises(ValueError, match=r"2 or more dimensions.*got shape \(3,\)"):
            getattr(nn.init, name)(mg.zeros(3))
    for name in ("uniform_", "normal_", "trunc_normal_", "orthogonal_"):
        with pytest.raises(RuntimeError, match="expected a floating tensor, got int64"):
            getattr(nn.init, name)(mg.zeros(2, 2, dtype="int64"))
    with pytest.raises(TypeError, match="generator must be a minigrad Generator or None, got int"):
        nn.init.normal_(mg.zeros(2), generator=0)


# ---------------------------------------------------------------------- how layers start


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("Linear", (120, 90), {}),
        ("Linear", (120, 90), {"bias": False}),
        ("Conv1d", (40, 60, 5), {"groups": 2}),
        ("Conv2d", (40, 60, 3), {"groups": 4}),
        ("ConvTranspose2d", (40, 60, 3), {"groups": 4}),
        ("BatchNorm1d", (500,), {}),
        ("BatchNorm2d", (500,), {}),
        ("LayerNorm", (500,), {}),
        ("GroupNorm", (5, 500), {}),
        ("RMSNorm", (500,), {}),
        ("Embedding", (100, 50), {}),
        ("Embedding", (100, 50), {"padding_idx": 3}),
        ("MultiheadAttention", (64, 4), {}),
        ("TransformerEncoderLayer", (64, 4, 100), {}),
    ],
)
def test_layers_start_as_in_pytorch(name, args, kwargs):
    mg.random.default_generator.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)
    for (key, mine), other in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        mine, other = mine.numpy().ravel(), other.numpy().ravel()
        if other.std() == 0:
            np.testing.assert_array_equal(mine, other, err_msg=key)
        elif len(other) >= 1000:
            same_distribution(mine, other)
        else:  # a bias: too few numbers for a verdict on each, but uniform ones reach their bound
            assert np.abs(mine).max() == pytest.approx(np.abs(other).max(), rel=0.15)


def test_the_padding_vector_starts_as_zeros():
    weight = nn.Embedding(4, 3, padding_idx=2).weight.numpy()
    assert (weight[2] == 0).all()
    assert (weight[[0, 1, 3]] != 0).all()
