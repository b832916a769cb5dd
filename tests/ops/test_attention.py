"""Attention against PyTorch, and its kernel against its composite twin."""

import numpy as np
import pytest
import torch
import torch.nn.functional as T
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd import grad
from minigrad.backend import attention as kernels
from minigrad.ops import attention
from minigrad.ops.attention import scaled_dot_product_attention
from tests.fused import held_equal
from tests.oracle import check
from tests.strategies import arrays, shapes


@st.composite
def inputs(draw, one_batch=False):
    """Query (..., L, E), key (..., S, E) and value (..., S, Ev), whose leading dimensions broadcast.

    With a single key the weights would be 1, and all their derivatives rounding errors.
    """
    l, s, e, v = (draw(st.integers(least, 5)) for least in (2, 2, 1, 1))  # noqa: E741
    batch = draw(shapes(max_dims=2, max_side=3))
    result = []
    for tail in [(l, e), (s, e), (s, v)]:
        lead = batch if one_batch else tuple(n if draw(st.integers(0, 4)) else 1 for n in batch)
        result.append(draw(arrays(st.just((*lead, *tail)))))
    return result


def scores_shape(query, key, value):
    return (*np.broadcast_shapes(query.shape[:-2], key.shape[:-2]), query.shape[-2], key.shape[-2])


@st.composite
def masked(draw, dtype):
    """Inputs and a mask whose shape broadcasts to that of the scores; a boolean one may hide whole rows."""
    query, key, value = draw(inputs())
    shape = scores_shape(query, key, value)
    shape = (*[n if draw(st.integers(0, 3)) else 1 for n in shape[:-1]], shape[-1])[
        draw(st.integers(0, len(shape) - 2)) :
    ]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if dtype is not bool:
        return query, key, value, rng.standard_normal(shape)
    mask = rng.random(shape) < 0.5
    mask[..., :2] = rng.random((*shape[:-1], 1)) < 0.7  # two keys or none, for the same reason
    mask &= mask[..., :1]
    return query, key, value, mask


def run(function, **kwargs):
    return lambda query, key, value, mask=None: function(query, key, value, mask, **kwargs)


@given(operands=inputs(), is_causal=st.booleans(), scale=st.sampled_from([None, 0.3, 1.0]))
def test_attention(device, operands, is_causal, scale):
    kwargs = {"is_causal": is_causal, "scale": scale}
    check(scaled_dot_product_attention, T.scaled_dot_product_attention, *operands, device=device, **kwargs)
    single = [x.astype(np.float32) for x in operands]
    check(
        scaled_dot_product_attention,
        T.scaled_dot_product_attention,
        *single,
        device=device,
        second=False,
        dtype=np.float32,
        **kwargs,
    )


@given(operands=masked(bool))
def test_boolean_mask(device, operands):
    check(scaled_dot_product_attention, T.scaled_dot_product_attention, *operands, device=device)


@given(operands=masked(float))
def test_floating_mask_with_a_gradient(device, operands):
    check(scaled_dot_product_attention, T.scaled_dot_product_attention, *operands, device=device)


@given(operands=masked(float))
def test_floating_mask_without_a_gradient(device, operands):
    query, key, value, mask = operands
    check(
        lambda q, k, v: scaled_dot_product_attention(q, k, v, mg.tensor(mask, device=device)),
        lambda q, k, v: T.scaled_dot_product_attention(q, k, v, torch.tensor(mask)),
        query,
        key,
        value,
        device=device,
    )


def test_a_query_that_may_look_at_nothing_gets_zeros(device, rng):
    x = rng.standard_normal((2, 3, 4))
    hidden = np.zeros((3, 3))
    hidden[1] = -np.inf
    check(
        run(scaled_dot_product_attention),
        run(T.scaled_dot_product_attention),
        x,
        x,
        x,
        hidden == 0,
        device=device,
    )
    leaf = mg.tensor(x, device=device, requires_grad=True)
    for requires_grad in (False, True):
        mask = mg.tensor(hidden, device=device, requires_grad=requires_grad)
        y = scaled_dot_product_attention(leaf, leaf, leaf, mask)
        assert not y.numpy()[:, 1].any()
        assert np.isfinite(grad(y.sum(), leaf)[0].numpy()).all()


@pytest.mark.parametrize(
    ("query", "key", "value"),
    [
        ((2, 3, 4), (2, 0, 4), (2, 0, 5)),
        ((2, 0, 4), (2, 3, 4), (2, 3, 5)),
        ((0, 3, 4), (0, 3, 4), (0, 3, 5)),
        ((3, 0), (2, 0), (2, 4)),
    ],
)
def test_attention_over_nothing(device, query, key, value):
    operands = np.ones(query), np.ones(key), np.ones(value)
    check(
        scaled_dot_product_attention, T.scaled_dot_product_attention, *operands, device=device, second=False
    )


# ---------------------------------------------------------------------- the kernel


@given(operands=inputs(one_batch=True), data=st.data())
def test_kernel_equals_its_twin(device, operands, data):
    bias = data.draw(st.none() | arrays(st.just(scores_shape(*operands)[-2:])))
    tensors = [mg.tensor(x, device=device) for x in operands]
    bias = bias if bias is None else mg.tensor(bias, device=device).data
    held_equal(attention._attention, tensors, bias, data.draw(st.booleans()), 0.7)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("keys", [5, 9, 2])
def test_kernel_in_several_blocks(device, rng, monkeypatch, causal, keys):
    monkeypatch.setattr(kernels, "_BLOCK", 2 * 3 * 5 * 5)  # two batch entries
    shapes = [(5, 3, 5, 4), (5, 3, keys, 4), (5, 3, keys, 4)]
    tensors = [mg.tensor(rng.standard_normal(shape), device=device) for shape in shapes]
    bias = mg.tensor(rng.standard_normal((5, 1, 1, keys)), device=device).data
    held_equal(attention._attention, tensors, bias, causal, 0.5)


@pytest.mark.parametrize("length", [33, 64, 70, 150])
@pytest.mark.parametrize(("keys", "causal"), [(150, False), (150, True), (40, True), (300, False)])
def test_kernel_in_several_chunks_of_queries(device, rng, monkeypatch, length, keys, causal):
    monkeypatch.setattr(kernels, "_SMALL", 32 * 4 * 300)  # between 32 queries and all
    monkeypatch.setattr(kernels, "_CHUNK", 17)
    shapes = [(2, length, 4), (2, keys, 4), (2, keys, 4)]
    tensors = [mg.tensor(rng.standard_normal(shape), device=device) for shape in shapes]
    held_equal(attention._attention, tensors, None, causal, 0.5)


def test_rows_of_very_different_size(device):
    """One maximum for all rows would be too large for some of them."""
    query = np.array([[[1.0, 0.0], [0.0, 1.0], [1e3, 0.0], [-1e3, 0.0], [0.0, 0.0]]])
    key = np.array([[[1.0, 2.0], [3.0, -1.0], [-2.0, 0.5]]])
    for dtype in (np.float64, np.float32):
        x = [a.astype(dtype) for a in (query, key, key)]
        check(scaled_dot_product_attention, T.scaled_dot_product_attention, *x, device=device, dtype=dtype)


def test_heads_need_no_copy(device, rng):
    """Heads split off by a transposition come back in the memory order of the query."""
    packed = mg.tensor(rng.standard_normal((2, 6, 3, 4, 5)), device=device, requires_grad=True)
    query, key, value = (packed[:, :, i].transpose(1, 2) for i in range(3))
    y = scaled_dot_product_attention(query, key, value)
    assert y.transpose(1, 2).data.flags.c_contiguous
    check(
        lambda *x: scaled_dot_product_attention(*[v.transpose(1, 2) for v in x]),
        lambda *x: T.scaled_dot_product_attention(*[v.transpose(1, 2) for v in x]),
        *[rng.standard_normal((2, 6, 4, 5)) for _ in range(3)],
        device=device,
    )


# ---------------------------------------------------------------------- dropout


def test_dropout_drops_weights(device):
    query = mg.zeros((1, 2000, 4), device=device)  # so that all weights are 1/5
    value = mg.tensor(np.eye(5, dtype=np.float32)[None], device=device)
    key = mg.zeros((1, 5, 4), device=device)
    weights = scaled_dot_product_attention(
        query, key, value, dropout_p=0.25, generator=mg.Generator(0)
    ).numpy()
    np.testing.assert_allclose(np.unique(weights), [0, 0.2 / 0.75], rtol=1e-6)
    assert abs((weights == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / weights.size)
    again = scaled_dot_product_attention(query, key, value, dropout_p=0.25, generator=mg.Generator(0)).numpy()
    np.testing.assert_array_equal(weights, again)


def test_dropout_of_everything(device):
    x = mg.ones((2, 3, 4), device=device)
    assert not scaled_dot_product_attention(x, x, x, dropout_p=1.0).numpy().any()


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("shapes", "kwargs", "message"),
    [
        ([(4,), (2, 3, 4), (2, 3, 4)], {}, "need at least two dimensions, got query"),
        ([(2, 3, 4), (2, 3, 3), (2, 3, 4)], {}, "expected shapes"),
        ([(2, 3, 4), (2, 2, 4), (2, 3, 4)], {}, "expected shapes"),
        ([(2, 4, 3, 4), (2, 2, 3, 4), (2, 2, 3, 4)], {}, "leading dimensions do not broadcast"),
        ([(2, 3, 4)] * 3, {"dropout_p": 1.5}, "dropout_p must be between 0 and 1, got 1.5"),
        ([(2, 3, 4)] * 3, {"attn_mask": np.ones((3, 3), bool), "is_causal": True}, "attn_mask must be None"),
        (
            [(2, 3, 4)] * 3,
            {"attn_mask": np.ones((2, 2), np.float32)},
            "attn_mask of shape .* does not broadcast",
        ),
        (
            [(2, 3, 4)] * 3,
            {"attn_mask": np.ones((5, 2, 3, 3), np.float32)},
            "attn_mask of shape .* does not broadcast",
        ),
        (
            [(2, 3, 4)] * 3,
            {"attn_mask": np.ones((3, 3), np.int64)},
            "must be bool, float32 or float32, got int64",
        ),
        ([(2, 3, 4)] * 3, {"attn_mask": np.ones((3, 3))}, "got float64"),
    ],
)
def test_refusals(device, shapes, kwargs, message):
    def converted(tensor):
        return {k: tensor(v) if isinstance(v, np.ndarray) else v for k, v in kwargs.items()}

    with pytest.raises(RuntimeError):
        T.scaled_dot_product_attention(*[torch.ones(s) for s in shapes], **converted(torch.tensor))
    with pytest.raises(RuntimeError, match="scaled_dot_product_attention: .*" + message):
        scaled_dot_product_attention(
            *[mg.ones(s, device=device) for s in shapes], **converted(lambda a: mg.tensor(a, device=device))
        )


def test_a_mask_on_another_device_is_refused(device, monkeypatch):
    x, mask = mg.ones((2, 3, 4), device=device), mg.ones((3, 3), device=device)
    monkeypatch.setattr(attention, "device_of", lambda array: "cuda:7" if array is mask.data else "cpu")
    with pytest.raises(RuntimeError, match="query is on cpu, attn_mask on cuda:7"):
        scaled_dot_product_attention(x, x, x, mask)


def test_other_dtypes_are_refused(device):
    x = mg.ones((2, 3), device=device)
    with pytest.raises(RuntimeError, match="expected tensors of one dtype"):
        scaled_dot_product_attention(x, x.to("float64"), x)
    whole = x.to("int64")
    with pytest.raises(RuntimeError, match="expected a floating tensor, got int64"):
        scaled_dot_product_attention(whole, whole, whole)
    single = mg.ones((3, 3), device=device)  # a float32 mask serves every dtype
    assert (
        scaled_dot_product_attention(*[mg.ones((3, 2), device=device, dtype="float64")] * 3, single).dtype
        == np.float64
    )
