import pytest

from tests.nn.twins import agree, twins


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_pixel_shuffle(device, rng, factor):
    ours, theirs = twins("PixelShuffle", factor, device=device)
    agree(ours, theirs, rng.standard_normal((2, 2 * factor**2, 3, 4)), device=device)


@pytest.mark.parametrize(
    "settings",
    [
        {"scale_factor": 2},
        {"scale_factor": 2.5},
        {"size": 7},
        {"size": (2, 9)},
        {"size": (7, 6), "mode": "bilinear"},
        {"scale_factor": 2, "mode": "bilinear", "align_corners": False},
        {"scale_factor": (2.0, 1.5), "mode": "bilinear", "align_corners": True},
    ],
)
def test_upsample(device, rng, settings):
    ours, theirs = twins("Upsample", device=device, **settings)
    agree(ours, theirs, rng.standard_normal((2, 3, 4, 5)), device=device)


@pytest.mark.parametrize("settings", [{}, {"dilation": 2, "padding": (1, 0), "stride": (1, 2)}])
def test_unfold(device, rng, settings):
    ours, theirs = twins("Unfold", (3, 2), device=device, **settings)
    agree(ours, theirs, rng.standard_normal((2, 3, 6, 5)), device=device)
