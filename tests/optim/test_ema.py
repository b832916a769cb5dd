"""The average of weights against its formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import optim
from minigrad import nn


class Net(nn.Module):
    """Two parameters, one of them 0-d, and two buffers, one of integers."""

    def __init__(self, device="cpu", dtype=np.float64):
        super().__init__()
        rng = np.random.default_rng(1)
        self.weight = nn.Parameter(mg.tensor(rng.standard_normal((2, 3)).astype(dtype), device=device))
        self.scale = nn.Parameter(mg.tensor(np.asarray(rng.standard_normal()).astype(dtype), device=device))
        self.register_buffer("mean", mg.tensor(np.zeros(2, dtype), device=device))
        self.register_buffer("count", mg.tensor(np.array(0), device=device))

    def change(self, rng):
        """New random values, as if it had been trained."""
        for t in (self.weight, self.scale, self.mean):
            t.data[...] = mg.tensor(
                np.asarray(rng.standard_normal(t.shape)).astype(t.dtype), device=t.device
            ).data
        self.count.data[...] += 1


def values(net):
    return {name: t.numpy().copy() for name, t in net.state_dict().items()}


def same(got, want, tolerance=0.0):
    assert got.keys() == want.keys()
    for name in want:
        assert got[name].dtype == want[name].dtype
        np.testing.assert_allclose(got[name], want[name], rtol=tolerance, atol=tolerance, err_msg=name)


@given(decay=st.sampled_from([0.0, 0.5, 0.99, 1.0]), steps=st.integers(0, 10))
def test_is_the_weighted_mean_of_all_weights(device, decay, steps):
    net, rng = Net(device), np.random.default_rng(2)
    ema = optim.EMA(net, decay)
    seen = [values(net)]
    for _ in range(steps):
        net.change(rng)
        ema.update()
        seen.append(values(net))
    # a_t = decay^t w_0 + sum_k (1 - decay) decay^(t - k) w_k
    shares = [decay**steps] + [(1 - decay) * decay ** (steps - k) for k in range(1, steps + 1)]
    want = {
        name: np.asarray(sum(c * w[name] for c, w in zip(shares, seen, strict=True)))
        for name in ("weight", "scale")
    }
    other = Net(device)
    ema.copy_to(other)
    same(values(other), {**seen[-1], **want}, 1e-14)
    same(values(net), seen[-1])


def test_swap_gives_the_weights_back_also_after_an_error(device, rng):
    net = Net(device)
    ema, start = optim.EMA(net, 1.0), values(net)
    net.change(rng)
    trained = values(net)
    with ema.swap():
        same(values(net), {**start})
    same(values(net), trained)
    with pytest.raises(ZeroDivisionError), ema.swap():
        1 / 0  # noqa: B018
    same(values(net), trained)


def test_backward_notices_swapped_weights(device):
    net = Net(device)
    ema = optim.EMA(net)
    y = net.scale * net.scale
    with ema.swap():
        pass
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_float16_weights_are_averaged_in_float32(device):
    """In float16 the share of 1e-4 would be lost."""
    net = Net(device, np.float16)
    ema = optim.EMA(net, 0.9999)
    net.weight.data[...] = net.weight.data + 1
    for _ in range(10_000):
        ema.update()
    before = Net(device, np.float16).weight.numpy().astype(float)
    ema.copy_to()
    assert net.weight.dtype == np.float16
    np.testing.assert_allclose(net.weight.numpy(), before + 1 - 0.9999**10_000, atol=4e-3)


@pytest.mark.parametrize("raw", [False, True])
def test_a_loaded_average_continues_bit_for_bit(device, raw):
    net, rng = Net(device), np.random.default_rng(3)
    ema = optim.EMA(net, 0.9)
    net.change(rng)
    ema.update()
    saved = ema.state_dict()
    if raw:
        saved["average"] = {name: value.numpy() for name, value in saved["average"].items()}
    other = optim.EMA(Net(device), 0.5)
    other.load_state_dict(saved)
    other.model = net
    net.change(rng)
    ema.update(), other.update()
    a, b = Net(device), Net(device)
    ema.copy_to(a), other.copy_to(b)
    assert other.decay == 0.9
    same(values(a), values(b))


def test_a_state_that_does_not_fit_is_refused(device):
    ema = optim.EMA(Net(device))
    saved = ema.state_dict()
    saved["average"]["extra"] = saved["average"].pop("scale")
    saved["average"]["mean"] = mg.tensor(np.zeros(3), device=device)
    with pytest.raises(ValueError, match="EMA: these are not the weights of the same model") as error:
        ema.load_state_dict(saved)
    for text in ("scale is missing", "extra is not in the av", "mean has shape (3,), in the average (2,)"):
        assert text in str(error.value)


def test_another_model_is_refused_and_left_alone(device):
    linear = nn.Linear(1, 1).to(device)
    before = values(linear)
    with pytest.raises(ValueError, match="scale is missing") as error:
        optim.EMA(Net(device)).copy_to(linear)
    for text in ("bias is not in the average", "weight has shape (1, 1), in the average (2, 3)"):
        assert text in str(error.value)
    same(values(linear), before)


@pytest.mark.parametrize("decay", [-0.1, 1.1, float("nan")])
def test_wrong_decay(decay):
    with pytest.raises(ValueError, match=f"EMA: decay must be in .0, 1., got {decay}"):
        optim.EMA(Net(), decay)
