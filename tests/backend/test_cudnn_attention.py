"""Attention by cuDNN against PyTorch, in half precision."""

import numpy as np
import pytest
import torch.nn.functional as T
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd import grad
from minigrad.backend import cudnn
from minigrad.ops.attention import scaled_dot_product_attention
from tests import fake_cudnn
from tests.oracle import check

TOLERANCES = (3e-3, 5e-3, None)  # of the largest element: inputs and results are rounded to 2**-11 of theirs


def executed():
    return cudnn.executed["sdpa"], cudnn.executed["sdpa_backward"]


def half(rng, *shape):
    return rng.standard_normal(shape).astype(np.float16)


def checked(device, *operands, calls=1, **kwargs):
    """Compare with PyTorch in double precision, and see that cuDNN has done the work."""
    before = executed()
    check(
        lambda *x, **k: scaled_dot_product_attention(*x, **k),
        lambda *x, **k: T.scaled_dot_product_attention(*[v.double() for v in x], **k).half(),
        *operands,
        device=device,
        second=False,
        dtype=np.float16,
        tolerances=TOLERANCES,
        **kwargs,
    )
    assert executed() == tuple(n + calls for n in before), cudnn.refused


@given(
    lead=st.lists(st.integers(1, 3), max_size=3),
    lengths=st.tuples(st.integers(1, 9), st.integers(2, 9)),
    widths=st.tuples(st.sampled_from([8, 16]), st.sampled_from([8, 24])),
    is_causal=st.booleans(),
    scale=st.sampled_from([None, 0.3]),
)
def test_attention(cudnn_device, lead, lengths, widths, is_causal, scale):
    rng = np.random.default_rng(sum(lengths))
    (l, s), (e, v) = lengths, widths  # noqa: E741
    operands = half(rng, *lead, l, e), half(rng, *lead, s, e), half(rng, *lead, s, v)
    checked(cudnn_device, *operands, is_causal=is_causal, scale=scale)


@pytest.mark.parametrize("shape", [(4, 6), (1, 6), (4, 1), (3, 1, 6), (2, 3, 4, 6), (2, 1, 1, 6)])
@pytest.mark.parametrize("kind", [bool, float])
def test_masks(cudnn_device, rng, shape, kind):
    mask = rng.standard_normal(shape)
    mask = mask > -0.5 if kind is bool else mask.astype(np.float16)
    if kind is bool:
        mask[..., 0] = True
    operands = half(rng, 2, 3, 4, 8), half(rng, 2, 3, 6, 8), half(rng, 2, 3, 6, 16)
    check(
        lambda *x: scaled_dot_product_attention(*x, mg.tensor(mask, device=cudnn_device)),
        lambda *x: T.scaled_dot_product_attention(*[v.double() for v in x], torch_mask(mask)).half(),
        *operands,
        device=cudnn_device,
        second=False,
        dtype=np.float16,
        tolerances=TOLERANCES,
    )
    assert executed()[1] > 0


def torch_mask(mask):
    import torch

    return torch.tensor(mask) if mask.dtype == bool else torch.tensor(mask).double()


@pytest.mark.parametrize("lead", [(), (3,), (2, 2, 3)])
def test_masks_of_other_dimensions(cudnn_device, rng, lead):
    hidden = np.triu(np.full((5, 5), -np.inf), 1).astype(np.float16)
    operands = [half(rng, *lead, 5, 8) for _ in range(3)]
    before = executed()
    y = scaled_dot_product_attention(
        *[mg.tensor(x, device=cudnn_device) for x in operands], mg.tensor(hidden, device=cudnn_device)
    )
    causal = scaled_dot_product_attention(
        *[mg.tensor(x, device=cudnn_device) for x in operands], is_causal=True
    )
    np.testing.assert_allclose(y.numpy(), causal.numpy(), atol=2e-3)
    assert executed()[0] == before[0] + 2


def test_heads_need_no_copy(cudnn_device, rng):
    """Heads split off by a transposition are read where they are, and come back side by side."""
    packed = mg.tensor(half(rng, 2, 6, 3, 4, 8), device=cudnn_device, requires_grad=True)
    query, key, value = (packed[:, :, i].transpose(1, 2) for i in range(3))
    y = scaled_dot_product_attention(query, key, value)
    assert y.transpose(1, 2).data.flags.c_contiguous
    forms = [form for key in cudnn._plans if key[0] == "sdpa" for name, form in key[2][:3] if name == "q"]
    assert ((2, 4, 6, 8), (576, 8, 96, 1), "float16") in forms
    (gradient,) = grad(y, packed, mg.tensor(half(rng, *y.shape), device=cudnn_device))
    assert gradient.shape == packed.shape
    checked(cudnn_device, *[half(rng, 2, 6, 4, 8).swapaxes(1, 2) for _ in range(3)])


def test_expanded_and_scattered_operands(cudnn_device, rng):
    single = mg.tensor(half(rng, 1, 1, 5, 8), device=cudnn_device, requires_grad=True)
    wide = mg.tensor(half(rng, 2, 3, 5, 17), device=cudnn_device)
    expanded, scattered, odd = single.expand(2, 3, 5, 8), wide[..., 1::2], wide[..., :8]
    before = executed()
    y = scaled_dot_product_attention(expanded, scattered, scattered)
    dense = [mg.tensor(x.numpy(), device=cudnn_device) for x in (expanded, scattered)]
    np.testing.assert_array_equal(
        y.numpy(), scaled_dot_product_attention(dense[0], dense[1], dense[1]).numpy()
    )
    y.sum().backward()  # whose gradient is an expanded number
    scaled_dot_product_attention(odd, odd, odd)  # rows of 34 bytes
    assert executed() == (before[0] + 3, before[1] + 1)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((2, 3, 5, 8), np.float32),
        ((2, 3, 5, 8), np.float64),
        ((2, 3, 5, 4), np.float16),
        ((2, 1, 8), np.float16),
    ],
)
def test_what_cudnn_does_not_do(cudnn_device, rng, shape, dtype):
    """Other types, widths that are no multiples of 8, a single key for a single query."""
    before = executed()
    x = rng.standard_normal(shape).astype(dtype)
    y = scaled_dot_product_attention(*[mg.tensor(x, device=cudnn_device, requires_grad=True)] * 3)
    y.sum().backward()
    assert executed() == before


def test_forward_is_refused_if_its_gradients_are(cudnn_device, rng, request):
    if request.config.getoption("--device") == "cuda":
        pytest.skip("only the fake can be told to refuse")
    fake_cudnn.refusing.add("sdpa_backward")
    try:
        before = executed()
        x = mg.tensor(half(rng, 2, 7, 40), device=cudnn_device, requires_grad=True)
        scaled_dot_product_attention(x, x, x).sum().backward()
        assert executed() == before
        assert cudnn.fallbacks["sdpa_backward"] > 0
    finally:
        fake_cudnn.refusing.clear()


def test_nothing_to_attend_to(cudnn_device):
    x = mg.ones((0, 3, 8), device=cudnn_device, dtype="float16")
    before = len(cudnn.refused)
    assert scaled_dot_product_attention(x, x, x).shape == (0, 3, 8)
    assert len(cudnn.refused) == before, "cudnn was asked in vain"


def test_second_derivatives_go_through_the_twin(cudnn_device, rng):
    x = mg.tensor(half(rng, 3, 4, 8), device=cudnn_device, requires_grad=True)
    (first,) = grad(scaled_dot_product_attention(x, x, x).sum(), x, create_graph=True)
    (second,) = grad((first * first).sum(), x)
    assert np.isfinite(second.numpy()).all()
