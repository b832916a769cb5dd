"""Tensors from nothing, against PyTorch where it is deterministic."""

import numpy as np
import pytest
import torch

import minigrad as mg


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("zeros", (2, 3), {}),
        ("zeros", ((2, 3),), {}),
        ("ones", (4,), {}),
        ("ones", ((),), {}),
        ("full", ((2, 2), 1.5), {}),
        ("full", ((2,), 3), {}),
        ("full", ((2,), True), {}),
        ("arange", (5,), {}),
        ("arange", (1, 7, 2), {}),
        ("arange", (1.0, 2.0, 0.25), {}),
        ("arange", (5, 0, -1), {}),
        ("linspace", (0, 1, 5), {}),
        ("eye", (3,), {}),
        ("eye", (2, 4), {}),
    ],
)
def test_equal_to_pytorch(device, name, args, options):
    ours, theirs = getattr(mg, name)(*args, device=device, **options), getattr(torch, name)(*args, **options)
    assert f"torch.{ours.dtype.name}" == str(theirs.dtype)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert ours.device.partition(":")[0] == device


def test_dtype_and_requires_grad(device):
    x = mg.zeros(2, dtype="float64", device=device, requires_grad=True)
    assert x.dtype == np.float64
    assert x.requires_grad
    assert mg.empty(2, device=device).tolist() == [0.0, 0.0]


def test_like(device):
    x = mg.tensor([[1.0, 2.0]], dtype="float64", device=device)
    for made, value in [(mg.zeros_like(x), 0.0), (mg.ones_like(x), 1.0), (mg.full_like(x, 7.0), 7.0)]:
        assert made.tolist() == [[value, value]]
        assert (made.dtype, made.device) == (x.dtype, x.device)
    for made in (mg.rand_like(x), mg.randn_like(x)):
        assert (made.shape, made.dtype, made.device) == (x.shape, x.dtype, x.device)
    assert mg.zeros_like(x, dtype="int64").dtype == np.int64


def test_random_numbers_have_their_distribution(device):
    mg.manual_seed(0)
    uniform, normal = mg.rand(20_000, device=device).numpy(), mg.randn(20_000, device=device).numpy()
    assert 0 <= uniform.min() < uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 20_000)
    assert abs(normal.mean()) < 4 / np.sqrt(20_000)
    assert abs(normal.std() - 1) < 4 / np.sqrt(40_000)
    integers = mg.randint(3, 7, (10_000,), device=device).numpy()
    assert set(integers.tolist()) == {3, 4, 5, 6}
    assert sorted(mg.randperm(10, device=device).tolist()) == list(range(10))
    assert mg.randint(5, (2, 3)).shape == (2, 3)


def test_a_seed_repeats_everything(device):
    def draw():
        mg.manual_seed(3)
        return [
            mg.rand(2, device=device).tolist(),
            mg.randn(2, device=device).tolist(),
            mg.randint(9, (4,)).tolist(),
        ]

    assert draw() == draw()
    assert mg.rand(2, generator=mg.Generator(1)).tolist() == mg.rand(2, generator=mg.Generator(1)).tolist()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: mg.zeros(2, -1), TypeError, "non-negative integers"),
        (lambda: mg.zeros(2.5), TypeError, "non-negative integers"),
        (lambda: mg.arange(0, 5, 0), RuntimeError, "no step of 0"),
        (lambda: mg.arange(0, 5, -1), RuntimeError, "from 0 to 5"),
        (lambda: mg.randint(5, 5, (2,)), RuntimeError, "low < high"),
        (lambda: mg.randn(2, dtype="int64"), RuntimeError, "randint"),
        (lambda: mg.zeros(2, dtype="complex64"), TypeError, "complex64 is not supported"),
        (lambda: mg.zeros(2, device="gpu"), ValueError, "'gpu' is unknown"),
        (lambda: mg.rand(2, generator=3), TypeError, "generator must be"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
