"""unfold and fold against PyTorch: values, first and second derivatives, refusals."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops.unfold import fold, unfold
from tests.oracle import check


@st.composite
def windows(draw):
    """The arguments of both, the size of an image that they fit, and the number of positions."""
    pair = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    kernel, dilation, padding, stride = pair(1, 3), pair(1, 2), pair(0, 2), pair(1, 3)
    covered = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = tuple(max(1, c - 2 * p) + draw(st.integers(0, 4)) for c, p in zip(covered, padding, strict=True))
    axes = zip(size, padding, covered, stride, strict=True)
    positions = np.prod([(n + 2 * p - c) // s + 1 for n, p, c, s in axes])
    return (kernel, dilation, padding, stride), size, positions


@given(drawn=windows(), batch=st.sampled_from([(), (0,), (2,)]), seed=st.integers(0, 99))
def test_unfold_and_fold(device, drawn, batch, seed):
    arguments, size, positions = drawn
    rng = np.random.default_rng(seed)
    image = rng.standard_normal((*batch, 3, *size))
    check(lambda x: unfold(x, *arguments), lambda x: F.unfold(x, *arguments), image, device=device)
    columns = rng.standard_normal((*batch, 3 * np.prod(arguments[0]), positions))
    check(lambda x: fold(x, size, *arguments), lambda x: F.fold(x, size, *arguments), columns, device=device)


def test_a_convolution_is_a_product_with_the_columns(device, rng):
    x, w = rng.standard_normal((2, 3, 5, 6)), rng.standard_normal((4, 3, 2, 3))
    columns = unfold(mg.tensor(x, device=device), (2, 3), padding=1, stride=2)
    product = np.einsum("ok,nkl->nol", w.reshape(4, -1), columns.numpy()).reshape(2, 4, 3, 3)
    want = F.conv2d(torch.tensor(x), torch.tensor(w), padding=1, stride=2).numpy()
    np.testing.assert_allclose(product, want, rtol=1e-12)


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((1, 7, 9), ((4, 4), 2), r"7 rows do not divide into kernels of size \(2, 2\)"),
        ((1, 8, 8), ((4, 4), 2), r"output_size \(4, 4\) needs 9 columns, got 8"),
        ((1, 8, 9), ((1, 4), 2), r"covers \(2, 2\), more than the padded input has, \(1, 4\)"),
        ((8,), ((4, 4), 2), r"expected input with 3 dimensions \(or 2, without a batch\), got shape \(8,\)"),
    ],
)
def test_fold_refuses(device, shape, arguments, message):
    with pytest.raises(RuntimeError, match="^fold: .*" + message):
        fold(mg.zeros(*shape, device=device), *arguments)
    with pytest.raises(RuntimeError):
        F.fold(torch.zeros(*shape), *arguments)


def test_unfold_refuses_a_kernel_larger_than_the_image(device):
    with pytest.raises(RuntimeError, match=r"^unfold: the kernel covers \(6, 6\)"):
        unfold(mg.zeros(1, 1, 5, 5, device=device), 6)
