"""Convolutions against PyTorch: values, first and second derivatives, refusals."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops import conv
from tests.oracle import check


@dataclass
class Case:
    """Arrays (input, weight, bias or None) and keyword arguments of one call."""

    arrays: tuple
    options: dict = field(default_factory=dict)


def one_or_each(draw, values):
    """The same number for all dimensions, as one number, or a tuple of them."""
    return values[0] if len(set(values)) == 1 and draw(st.booleans()) else tuple(values)


@st.composite
def convolutions(draw, dims):
    several = lambda low, high: [draw(st.integers(low, high)) for _ in range(dims)]  # noqa: E731
    groups, channels, outputs = (draw(st.integers(1, 3)) for _ in range(3))
    kernel, stride, dilation = several(1, 3), several(1, 3), several(1, 2)
    padding = draw(st.sampled_from(["integers", "valid", "same"]))
    if padding == "same":
        stride = [1] * dims
    border = several(0, 2) if padding == "integers" else [0] * dims
    covered = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [max(1, c - 2 * p) + draw(st.integers(0, 4)) for c, p in zip(covered, border, strict=True)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch = draw(st.sampled_from([(), (0,), (1,), (2,)]))
    return Case(
        arrays=(
            rng.standard_normal((*batch, groups * channels, *size)),
            rng.standard_normal((groups * outputs, channels, *kernel)),
            draw(st.sampled_from([None, rng.standard_normal(groups * outputs)])),
        ),
        options={
            "stride": one_or_each(draw, stride),
            "padding": one_or_each(draw, border) if padding == "integers" else padding,
            "dilation": one_or_each(draw, dilation),
            "groups": groups,
        },
    )


@st.composite
def transposed_convolutions(draw, dims):
    several = lambda low, high: [draw(st.integers(low, high)) for _ in range(dims)]  # noqa: E731
    groups, channels, outputs = (draw(st.integers(1, 3)) for _ in range(3))
    kernel, stride, dilation, padding = several(1, 3), several(1, 3), several(1, 2), several(0, 2)
    extra = [draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)]
    covered = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    least = [-(-max(0, 1 + 2 * p - c) // s) + 1 for p, c, s in zip(padding, covered, stride, strict=True)]
    size = [n + draw(st.integers(0, 3)) for n in least]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch = draw(st.sampled_from([(), (0,), (1,), (2,)]))
    return Case(
        arrays=(
            rng.standard_normal((*batch, groups * channels, *size)),
            rng.standard_normal((groups * channels, outputs, *kernel)),
            draw(st.sampled_from([None, rng.standard_normal(groups * outputs)])),
        ),
        options={
            "stride": one_or_each(draw, stride),
            "padding": one_or_each(draw, padding),
            "output_padding": one_or_each(draw, extra),
            "groups": groups,
            "dilation": one_or_each(draw, dilation),
        },
    )


def check_both_precisions(ours, theirs, case, device):
    check(ours, theirs, *case.arrays, device=device, **case.options)
    single = [None if a is None else a.astype(np.float32) for a in case.arrays]
    check(ours, theirs, *single, device=device, dtype=np.float32, second=False, **case.options)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(case=convolutions(2))
def test_conv2d(device, case):
    check_both_precisions(conv.conv2d, F.conv2d, case, device)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(case=convolutions(1))
def test_conv1d(device, case):
    check_both_precisions(conv.conv1d, F.conv1d, case, device)


@given(case=transposed_convolutions(2))
def test_conv_transpose2d(device, case):
    check_both_precisions(conv.conv_transpose2d, F.conv_transpose2d, case, device)


@given(case=transposed_convolutions(1))
def test_conv_transpose1d(device, case):
    check_both_precisions(conv.conv_transpose1d, F.conv_transpose1d, case, device)


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": "same", "groups": 2}], ids=str)
def test_third_derivatives(device, rng, options):
    """The three operations close over each other at every order."""
    x = rng.standard_normal((2, 2, 4, 4))
    w = rng.standard_normal((2, 2 // options.get("groups", 1), 3, 3))

    def third(library, conv2d, x, w):
        grad = mg.autograd.grad if library is mg else torch.autograd.grad
        value = (conv2d(x * x, w * w, **options) ** 2).sum()
        for _ in range(3):
            value = sum((d * d).sum() for d in grad([value], [x, w], create_graph=True))
        return value.item()

    ours = third(mg, conv.conv2d, *(mg.tensor(a, device=device, requires_grad=True) for a in (x, w)))
    theirs = third(torch, F.conv2d, *(torch.tensor(a, requires_grad=True) for a in (x, w)))
    assert ours == pytest.approx(theirs, rel=1e-8)


def test_any_memory_layout_will_do(device, rng):
    x, w = rng.standard_normal((4, 5, 3, 2)), rng.standard_normal((2, 3, 3, 4))
    check(
        lambda x, w: conv.conv2d(x.permute(3, 2, 0, 1), w.permute(3, 1, 2, 0), padding=1).permute(0, 2, 3, 1),
        lambda x, w: F.conv2d(x.permute(3, 2, 0, 1), w.permute(3, 1, 2, 0), padding=1).permute(0, 2, 3, 1),
        x,
        w,
        device=device,
    )


def test_results_are_channels_last_in_memory(device, rng):
    x = mg.tensor(rng.standard_normal((2, 3, 5, 5)), device=device)
    w = mg.tensor(rng.standard_normal((4, 3, 3, 3)), device=device)
    assert conv.conv2d(x, w).data.transpose(0, 2, 3, 1).flags.c_contiguous


def test_float16(device, rng):
    x, w, b = (rng.standard_normal(shape).astype(np.float16) for shape in ((2, 3, 5, 5), (4, 3, 3, 3), (4,)))
    got = conv.conv2d(*(mg.tensor(a, device=device) for a in (x, w, b)), padding=1)
    want = F.conv2d(*(torch.tensor(a).float() for a in (x, w, b)), padding=1).numpy()
    assert got.dtype == np.float16
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-3, atol=2e-3)


# ---------------------------------------------------------------------- refusals


def tensors(device, *shapes):
    return [mg.zeros(*shape, device=device) for shape in shapes]


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((2, 4, 5, 5), (6, 2, 3, 3)), {"groups": 3}, r"6 channels \(3 groups x 2 of the weight\), got 4"),
        (((2, 4, 5, 5), (5, 2, 3, 3)), {"groups": 2}, "5 outputs do not divide into 2 groups"),
        (((2, 4, 5, 5), (6, 4, 3, 3), (5,)), {}, r"bias float32 \(6,\), got float32 \(5,\)"),
        (((5, 5), (6, 4, 3, 3)), {}, r"4 dimensions \(or 3, without a batch\), got shape \(5, 5\)"),
        (((2, 4, 5, 5), (6, 4, 3)), {}, r"weight with 4 dimensions, got shape \(6, 4, 3\)"),
        (((2, 4, 5, 5), (6, 4, 8, 3)), {"padding": 1}, r"covers \(8, 3\), more than the .* has, \(7, 7\)"),
        (((2, 4, 5, 5), (6, 4, 3, 3)), {"dilation": 3}, r"covers \(7, 7\), more than the .* has, \(5, 5\)"),
        (((2, 4, 0, 5), (6, 4, 3, 3)), {"padding": 2}, r"expected input with pixels, got size \(0, 5\)"),
        (((2, 4, 5, 5), (6, 4, 3, 3)), {"padding": "sane"}, "'valid', 'same' or integers, got 'sane'"),
        (((2, 4, 5, 5), (6, 4, 3, 3)), {"padding": "same", "stride": 2}, r"needs stride 1, got \(2, 2\)"),
        (((2, 4, 5, 5), (6, 4, 3, 3)), {"padding": -1}, "padding must be at least 0, got -1"),
        (((2, 4, 5, 5), (6, 4, 3, 3)), {"stride": 0}, "stride must be at least 1, got 0"),
        (((2, 4, 5, 5), (6, 4, 3, 3)), {"dilation": 0}, "dilation must be at least 1, got 0"),
        (((2, 4, 5, 5), (6, 4, 3, 3)), {"groups": 0}, "groups must be at least 1, got 0"),
        (((2, 4, 5, 5), (6, 4, 3, 3)), {"stride": (1, 1, 1)}, r"one integer or 2, got \(1, 1, 1\)"),
    ],
)
def test_conv2d_refuses(device, shapes, options, message):
    with pytest.raises(RuntimeError, match=f"^conv2d: .*{message}"):
        conv.conv2d(*tensors(device, *shapes), **options)
    with pytest.raises(RuntimeError):
        F.conv2d(*(torch.zeros(*shape) for shape in shapes), **options)


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((2, 4, 5, 5), (6, 4, 3, 3)), {}, "6 channels, got 4"),
        (((2, 4, 5, 5), (4, 2, 3, 3)), {"groups": 3}, "4 channels do not divide into 3 groups"),
        (((2, 4, 5, 5), (4, 2, 3, 3)), {"output_padding": 1}, r"\(1, 1\) must be smaller than stride"),
        (((2, 4, 2, 2), (4, 2, 1, 1)), {"padding": 1}, r"\(1, 1\) leaves a result of size \(0, 0\)"),
        (((2, 4, 5, 5), (4, 2, 3, 3), (3,)), {"groups": 2}, r"bias float32 \(4,\), got float32 \(3,\)"),
    ],
)
def test_conv_transpose2d_refuses(device, shapes, options, message):
    with pytest.raises(RuntimeError, match=f"^conv_transpose2d: .*{message}"):
        conv.conv_transpose2d(*tensors(device, *shapes), **options)
    with pytest.raises(RuntimeError):
        F.conv_transpose2d(*(torch.zeros(*shape, dtype=torch.float64) for shape in shapes), **options)


def test_refused_types(device):
    x, w = tensors(device, (2, 4, 5, 5), (6, 4, 3, 3))
    with pytest.raises(RuntimeError, match="^conv2d: .* of one dtype, got float64 and float32"):
        conv.conv2d(x.to(np.float64), w)
    with pytest.raises(RuntimeError, match=r"^conv2d: expected bias float32 \(6,\), got float64 \(6,\)"):
        conv.conv2d(x, w, mg.zeros(6, dtype=np.float64, device=device))
    with pytest.raises(TypeError, match="^conv2d: expected a tensor, got list"):
        conv.conv2d([[1.0]], w)
    with pytest.raises(TypeError, match="^conv2d: padding must be an integer or 2 integers, got 1.5"):
        conv.conv2d(x, w, padding=1.5)
