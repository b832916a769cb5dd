"""Padding, interpolation and pixel shuffling against PyTorch: values, derivatives, refusals."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops import resize
from tests.oracle import check
from tests.strategies import arrays, shapes


def check_both(name, x, device, *args, second=True, **options):
    """The function of this name against PyTorch's, in float64 and in float32."""

    def ours(x):
        return getattr(resize, name)(x, *args, **options)

    def theirs(x):
        return getattr(F, name)(x, *args, **options)

    check(ours, theirs, x, device=device, second=second)
    check(ours, theirs, x.astype(np.float32), device=device, dtype=np.float32, second=False)


# ---------------------------------------------------------------------- padding


@given(x=arrays(shapes(max_dims=4, min_side=0)), data=st.data(), value=st.sampled_from([None, 0, -1.5]))
def test_pad_with_a_constant(device, x, data, value):
    dims = data.draw(st.integers(0, x.ndim))
    pad = []
    for n in x.shape[::-1][:dims]:
        before = data.draw(st.integers(-n, 3))
        pad += [before, data.draw(st.integers(-n - min(0, before), 3))]
    check_both("pad", x, device, tuple(pad), "constant", value)


@given(x=arrays(shapes(min_dims=2, max_dims=5, max_side=5)), data=st.data())
@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_pad_with_the_image_itself(device, x, data, mode):
    batched = x.ndim == 5 or (x.ndim > 2 and data.draw(st.booleans()))
    pad = []
    for n in x.shape[: 1 if batched else 0 : -1]:
        most = {"reflect": n - 1, "replicate": 4, "circular": n}[mode]
        pad += [data.draw(st.integers(0, most)), data.draw(st.integers(0, most))]
    check_both("pad", x, device, tuple(pad), mode)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("pad", [(-1, 1, -2, 1), (2, -1, 0, -3), (-2, -2, 1, -1)])
def test_pad_that_takes_away(device, rng, mode, pad):
    check_both("pad", rng.standard_normal((2, 3, 5, 5)), device, pad, mode)


def test_pad_keeps_dtype_and_memory_layout(device, rng):
    x = mg.tensor(rng.standard_normal((2, 5, 5, 3)), device=device).permute(0, 3, 1, 2)
    assert resize.pad(x, (1, 1)).data.transpose(0, 2, 3, 1).flags.c_contiguous
    integers = resize.pad(mg.tensor([1, 2], device=device), (1, 0), value=1.7)
    assert integers.tolist() == F.pad(torch.tensor([1, 2]), (1, 0), value=1.7).tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    ("shape", "arguments", "error", "message"),
    [
        ((2, 3), ((1,),), RuntimeError, r"expected pairs for at most 2 dimensions, got \(1,\)"),
        ((2, 3), ((1,) * 6,), RuntimeError, "expected pairs for at most 2 dimensions"),
        ((2, 3), ((-2, -2),), RuntimeError, r"\(-2, -2\) takes away more than .* shape \(2, 3\) has"),
        ((2, 3), ((-4, 8),), RuntimeError, r"\(-4, 8\) takes away more than .* shape \(2, 3\) has"),
        ((2, 3), ((1.5, 1),), TypeError, r"expected integers, got \(1.5, 1\)"),
        ((2, 3), ((1, 1), "mirror"), NotImplementedError, "reflect, replicate, circular, got 'mirror'"),
        ((2, 3), ((3, 0), "reflect"), RuntimeError, "cannot add 3 and 0 elements to 3 in dimension 1"),
        ((1, 2, 3), ((4, 0), "circular"), RuntimeError, "'circular' cannot add 4 and 0 elements to 3"),
        ((1, 2, 0), ((1, 0), "replicate"), RuntimeError, "'replicate' cannot add 1 and 0 elements to 0"),
        ((1, 2, 3), ((1, 1), "reflect", 1.0), RuntimeError, "mode 'reflect' takes no value"),
        ((2, 3, 4, 4), ((1, 1), "reflect"), NotImplementedError, "needs pairs for the 1 to 3 dimensions"),
        ((3,), ((1, 1), "reflect"), NotImplementedError, "needs pairs for the 1 to 3 dimensions"),
    ],
)
def test_pad_refuses(device, shape, arguments, error, message):
    with pytest.raises(error, match="^pad: .*" + message):
        resize.pad(mg.zeros(*shape, device=device), *arguments)
    with pytest.raises(error):
        F.pad(torch.zeros(*shape), *arguments)


# ---------------------------------------------------------------------- interpolation

MODES = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}


@given(data=st.data(), x=arrays(shapes(min_dims=3, max_dims=5)))
def test_interpolate(device, data, x):
    dims = x.ndim - 2
    mode = data.draw(st.sampled_from(["nearest", "nearest-exact", "area", *MODES[dims]]))
    options = {"mode": mode}
    if mode in MODES[dims]:
        options["align_corners"] = data.draw(st.sampled_from([None, False, True]))
    if data.draw(st.booleans()):
        options["size"] = tuple(data.draw(st.integers(1, 9)) for _ in range(dims))
    else:
        factor = st.sampled_from([1, 2, 0.5, 1.7, 3.3])
        options["scale_factor"] = tuple(max(data.draw(factor), 1 / n) for n in x.shape[2:])
        options["recompute_scale_factor"] = data.draw(st.sampled_from([None, False, True]))
    check_both("interpolate", x, device, **options)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_the_nearest_pixel_is_pytorchs(device, mode, dtype):
    for n in (1, 2, 3, 7, 10, 31, 100):
        x = np.arange(n, dtype=dtype).reshape(1, 1, n)
        sizes = [{"size": m} for m in (1, 2, 3, 5, 11, 20, 33, 60, 99, 301)]
        factors = [{"scale_factor": f} for f in (0.3, 0.6, 1.1, 1.3, 2, 2.3, 3, 4.9, 10.1) if int(n * f) > 0]
        for options in sizes + factors:
            got = resize.interpolate(mg.tensor(x, device=device), mode=mode, **options).numpy()
            want = F.interpolate(torch.tensor(x), mode=mode, **options).numpy()
            np.testing.assert_array_equal(got, want, err_msg=f"{n} pixels, {options}")


@pytest.mark.parametrize(
    ("shape", "options", "error", "message"),
    [
        ((1, 2, 5, 5), {}, ValueError, "expected either size or scale_factor"),
        ((1, 2, 5, 5), {"size": 3, "scale_factor": 2}, ValueError, "either size or scale_factor"),
        ((1, 2, 5, 5), {"scale_factor": (1, 2, 3)}, ValueError, r"2 numbers as scale_factor, got \(1, 2"),
        ((1, 2, 5, 5), {"size": 3, "recompute_scale_factor": True}, ValueError, "needs scale_factor"),
        ((1, 2, 5, 5), {"size": 3, "align_corners": True}, ValueError, "'nearest' takes no align_corners"),
        ((1, 2, 5, 5), {"size": 3, "mode": "linear"}, NotImplementedError, "for input with 3 dimensions"),
        ((2, 5), {"size": 3}, NotImplementedError, "for input with 3, 4 or 5 dimensions"),
        ((1, 2, 5, 5), {"size": 3, "mode": "cubic"}, NotImplementedError, "'cubic' is not one of nearest"),
        ((1, 2, 5, 5), {"size": 0}, RuntimeError, "leaves nothing of the image"),
        ((1, 2, 5, 5), {"scale_factor": 0.1}, RuntimeError, "leaves nothing of the image"),
        ((1, 2, 0, 5), {"size": 3}, RuntimeError, "leaves nothing of the image"),
    ],
)
def test_interpolate_refuses(device, shape, options, error, message):
    with pytest.raises(error, match="^interpolate: .*" + message):
        resize.interpolate(mg.zeros(*shape, device=device), **options)
    with pytest.raises(error):
        F.interpolate(torch.zeros(*shape), **options)


def test_interpolate_refuses_what_it_cannot_do(device):
    x = mg.zeros(1, 2, 5, 5, device=device)
    with pytest.raises(NotImplementedError, match="antialias=True is not supported"):
        resize.interpolate(x, 3, mode="bilinear", antialias=True)
    with pytest.raises(RuntimeError, match="mode 'bilinear': expected a floating tensor, got int64"):
        resize.interpolate(x.to(np.int64), 3, mode="bilinear")
    with pytest.raises(RuntimeError, match=r"size must be one integer or 2, got \(1, 2, 3\)"):
        resize.interpolate(x, (1, 2, 3))


# ---------------------------------------------------------------------- pixels and channels


@given(r=st.integers(1, 3), shape=shapes(min_dims=3, max_dims=5, max_side=3), data=st.data())
def test_pixel_shuffle_and_back(device, r, shape, data):
    *batch, channels, height, width = shape
    many_channels = data.draw(arrays(st.just((*batch, channels * r * r, height, width))))
    check_both("pixel_shuffle", many_channels, device, r)
    large = data.draw(arrays(st.just((*batch, channels, height * r, width * r))))
    check_both("pixel_unshuffle", large, device, r)
    x = mg.tensor(large, device=device)
    assert mg.equal(resize.pixel_shuffle(resize.pixel_unshuffle(x, r), r), x)


def test_pixel_shuffle_of_nothing(device):
    assert resize.pixel_shuffle(mg.zeros(0, 4, 2, 3, device=device), 2).shape == (0, 1, 4, 6)
    assert resize.pixel_unshuffle(mg.zeros(2, 0, 4, 6, device=device), 2).shape == (2, 0, 2, 3)


def test_pixel_shuffle_refuses(device):
    x = mg.zeros(2, 4, 5, 6, device=device)
    with pytest.raises(RuntimeError, match="^pixel_shuffle: 4 channels do not divide into groups of 3 x 3"):
        resize.pixel_shuffle(x, 3)
    with pytest.raises(RuntimeError, match="^pixel_unshuffle: 5 x 6 pixels do not divide into 2 x 2 blocks"):
        resize.pixel_unshuffle(x, 2)
    with pytest.raises(RuntimeError, match="^pixel_shuffle: upscale_factor must be at least 1, got 0"):
        resize.pixel_shuffle(x, 0)
    with pytest.raises(TypeError, match="^pixel_shuffle: upscale_factor must be an integer, got 2.0"):
        resize.pixel_shuffle(x, 2.0)
    with pytest.raises(RuntimeError, match=r"^pixel_unshuffle: .* at least 3 dimensions, got shape \(5, 6\)"):
        resize.pixel_unshuffle(x[0, 0], 1)
