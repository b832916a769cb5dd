import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from tests.nn.twins import agree, close, same_buffers, twins

BATCH_NORMS = [("BatchNorm1d", (6, 3)), ("BatchNorm1d", (2, 3, 4)), ("BatchNorm2d", (2, 3, 4, 5))]
SETTINGS = [
    {},
    {"momentum": None},
    {"momentum": 0.0},
    {"momentum": 0.7, "eps": 0.1},
    {"affine": False},
    {"bias": False},
    {"track_running_stats": False},
    {"affine": False, "track_running_stats": False},
]


@pytest.mark.parametrize(("name", "shape"), BATCH_NORMS)
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(device, rng, name, shape, settings, training):
    ours, theirs = twins(name, 3, device=device, **settings)
    ours.train(training)
    theirs.train(training)
    for _ in range(3):  # running statistics go on from batch to batch
        ours.zero_grad()
        theirs.zero_grad()
        agree(ours, theirs, rng.standard_normal(shape) * 3 + 1, device=device)


def test_batch_norm_uses_in_evaluation_what_it_saw_in_training(device, rng):
    ours, theirs = twins("BatchNorm2d", 3, device=device)
    for _ in range(2):
        agree(ours.train(), theirs.train(), rng.standard_normal((4, 3, 2, 2)), device=device)
        ours.zero_grad()
        theirs.zero_grad()
        agree(ours.eval(), theirs.eval(), rng.standard_normal((1, 3, 2, 2)), device=device)
        ours.zero_grad()
        theirs.zero_grad()


def test_statistics_stop_when_tracking_is_switched_off(device, rng):
    ours, theirs = twins("BatchNorm1d", 3, device=device)
    ours.track_running_stats = theirs.track_running_stats = False
    for training in (True, False):
        ours.train(training).zero_grad()
        theirs.train(training).zero_grad()
        agree(ours, theirs, rng.standard_normal((5, 3)), device=device)


def test_statistics_move_without_gradients_too(device, rng):
    import torch

    ours, theirs = twins("BatchNorm1d", 3, device=device)
    x = rng.standard_normal((5, 3))
    with mg.no_grad(), torch.no_grad():
        close(ours(mg.tensor(x, device=device)), theirs(torch.tensor(x)), 1e-10, "output")
    same_buffers(ours, theirs)


def test_statistics_keep_their_identity(device, rng):
    layer = nn.BatchNorm1d(3).to(device)
    tensors = list(layer.buffers())
    arrays = [tensor.data for tensor in tensors]
    layer(mg.tensor(rng.standard_normal((5, 3)).astype(np.float32), device=device))
    assert all(a is b for a, b in zip(tensors, layer.buffers(), strict=True))
    assert all(tensor.data is array for tensor, array in zip(tensors, arrays, strict=True))
    assert layer.num_batches_tracked.item() == 1


def test_statistics_can_be_forgotten(device, rng):
    layer = nn.BatchNorm1d(3).to(device)
    layer(mg.tensor(rng.standard_normal((5, 3)).astype(np.float32), device=device))
    nn.init.constant_(layer.weight, 5.0)
    layer.reset_running_stats()
    assert layer.weight.tolist() == [5, 5, 5]
    assert layer.running_mean.tolist() == [0, 0, 0]
    assert layer.running_var.tolist() == [1, 1, 1]
    assert layer.num_batches_tracked.item() == 0
    layer.reset_parameters()
    assert layer.weight.tolist() == [1, 1, 1]
    nn.BatchNorm1d(3, track_running_stats=False).reset_running_stats()


def test_batch_norm_in_float16(device, rng):
    """Statistics are kept in the layer's dtype and move."""
    ours, theirs = twins("BatchNorm2d", 3, device=device, dtype="float16")
    agree(ours, theirs, rng.standard_normal((4, 3, 5, 5)).astype(np.float16), device=device, tolerance=2e-2)


@pytest.mark.parametrize(
    ("name", "shape"), [("BatchNorm1d", (4,)), ("BatchNorm1d", (2, 3, 4, 5)), ("BatchNorm2d", (2, 3))]
)
def test_batch_norm_refuses_other_dimensions(name, shape):
    with pytest.raises(
        ValueError, match=rf"{name}: expected an input of .* dimensions, got shape \({shape[0]},"
    ):
        getattr(nn, name)(3)(mg.zeros(*shape))


@given(
    batch=st.lists(st.integers(1, 3), max_size=2),
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=2),
    settings=st.sampled_from([{}, {"eps": 0.1}, {"elementwise_affine": False}, {"bias": False}]),
)
def test_layer_norm(device, batch, shape, settings):
    ours, theirs = twins("LayerNorm", shape, device=device, **settings)
    agree(ours, theirs, np.random.default_rng(0).standard_normal((*batch, *shape)), device=device)


@given(
    batch=st.lists(st.integers(1, 3), max_size=2),
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=2),
    settings=st.sampled_from([{}, {"eps": 0.1}, {"elementwise_affine": False}]),
)
def test_rms_norm(device, batch, shape, settings):
    ours, theirs = twins("RMSNorm", tuple(shape), device=device, **settings)
    agree(ours, theirs, np.random.default_rng(0).standard_normal((*batch, *shape)), device=device)


@given(
    groups=st.integers(1, 3),
    members=st.integers(2, 3),
    batch=st.integers(1, 3),
    image=st.lists(st.integers(1, 3), max_size=2),
    settings=st.sampled_from([{}, {"eps": 0.1}, {"affine": False}, {"bias": False}]),
)
def test_group_norm(device, groups, members, batch, image, settings):
    ours, theirs = twins("GroupNorm", groups, groups * members, device=device, **settings)
    x = np.random.default_rng(0).standard_normal((batch, groups * members, *image))
    agree(ours, theirs, x, device=device)


def test_sizes_may_be_numbers(device, rng):
    for name in ("LayerNorm", "RMSNorm"):
        ours, theirs = twins(name, 4, device=device)
        agree(ours, theirs, rng.standard_normal((2, 4)), device=device)


def test_group_norm_needs_equal_groups():
    with pytest.raises(
        ValueError, match=r"GroupNorm: num_channels \(5\) must be divisible by num_groups \(2\)"
    ):
        nn.GroupNorm(2, 5)
    with pytest.raises(ValueError, match="GroupNorm"):
        nn.GroupNorm(0, 5)


def test_layers_take_a_device_and_a_dtype(device):
    here = mg.tensor(0.0, device=device).device
    made = {"device": device, "dtype": "float64"}
    norms = [nn.BatchNorm1d(3, **made), nn.BatchNorm2d(3, **made)]
    norms += [nn.LayerNorm(3, **made), nn.RMSNorm(3, **made), nn.GroupNorm(1, 3, **made)]
    for layer in norms:
        for name, tensor in layer.state_dict().items():
            assert tensor.device == here
            assert tensor.dtype == (np.int64 if name == "num_batches_tracked" else np.float64)
