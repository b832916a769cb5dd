"""Plans of cuDNN: made once, kept by all that they depend on, and not asked for again when refused."""

import sys
import types

import numpy as np
import pytest

import minigrad as mg
from minigrad.backend import allow_winograd, cudnn, to_device, to_numpy
from minigrad.backend import conv as kernels
from minigrad.backend.conv import Geometry
from tests import fake_cudnn

GEOMETRY = Geometry((1, 1), ((1, 1), (1, 1)), (1, 1))
X = np.random.default_rng(0).standard_normal((2, 3, 6, 5), np.float32)
W = np.random.default_rng(1).standard_normal((4, 3, 3, 3), np.float32)


def convolved(x=X, w=W, geometry=GEOMETRY):
    return to_numpy(kernels.correlate(to_device(x, "cuda"), to_device(w, "cuda"), geometry))


@pytest.fixture
def fresh(cudnn_device):
    """No plans yet."""
    for known in (cudnn._plans, cudnn.refused, cudnn.executed, cudnn.fallbacks, fake_cudnn.built):
        known.clear()
    yield
    fake_cudnn.refusing.clear()


@pytest.fixture
def fakes(fresh, request):
    if request.config.getoption("--device") == "cuda":
        pytest.skip("only the fake can be told to refuse")


def test_a_plan_is_made_once(fresh):
    first = convolved()
    np.testing.assert_array_equal(convolved(), first)
    convolved(X + 1)
    assert len(cudnn._plans) == 1
    assert cudnn.executed == {"conv_fprop": 3}


@pytest.mark.parametrize(
    "changed",
    [
        {"x": X[:1]},
        {"w": W[:2]},
        {"w": W[..., :2]},
        {"x": X.astype(np.float16), "w": W.astype(np.float16)},
        {"geometry": GEOMETRY._replace(stride=(2, 1))},
        {"geometry": GEOMETRY._replace(padding=((1, 0), (1, 1)))},
        {"geometry": GEOMETRY._replace(dilation=(1, 2))},
        {"x": X[:, [0, 1, 2, 0, 1, 2]], "geometry": GEOMETRY._replace(groups=2)},
    ],
)
def test_a_plan_depends_on(fresh, changed):
    convolved()
    convolved(**changed)
    assert len(cudnn._plans) == 2


def test_a_plan_depends_on_precision(fresh):
    convolved()
    mg.set_float32_matmul_precision("high")
    try:
        convolved()
    finally:
        mg.set_float32_matmul_precision("highest")
    assert len(cudnn._plans) == 2
    with allow_winograd(False):
        convolved()
    assert len(cudnn._plans) == 3


def test_float32_is_float32_unless_it_may_be_less(fakes):
    exact = kernels.correlate(X.astype(np.float64), W.astype(np.float64), GEOMETRY)

    def error():
        return np.abs(convolved() - exact).max() / np.abs(exact).max()

    with allow_winograd(False):
        assert error() < 2e-7
        mg.set_float32_matmul_precision("high")
        try:
            assert 2e-5 < error() < 2e-3
            assert np.isfinite(convolved(X * 1e6)).all(), "float32 was rounded to float16"
        finally:
            mg.set_float32_matmul_precision("highest")
    assert 3e-7 < error() < 2e-6  # Winograd's algorithm is allowed again


def test_what_is_refused_is_not_asked_again(fakes):
    fake_cudnn.refusing.add("conv_fprop")
    for _ in range(3):
        np.testing.assert_allclose(convolved(), kernels.correlate(X, W, GEOMETRY), rtol=1e-5, atol=1e-5)
    fake_cudnn.refusing.clear()
    convolved()
    assert cudnn.fallbacks == {"conv_fprop": 4}
    assert list(cudnn.refused.values()) == ["No valid engine configs"]
    assert not cudnn.executed
    assert not fake_cudnn.built


def test_a_plan_is_executed_in_the_current_stream(fakes, monkeypatch):
    monkeypatch.setattr(sys.modules["cupy"].cuda, "get_current_stream", lambda: types.SimpleNamespace(ptr=77))
    convolved()
    assert cudnn._handles[0].stream == 77


def test_what_the_library_is(fresh):
    module, text = cudnn.library()
    assert module is sys.modules["cudnn"]
    assert "nvidia-cudnn-frontend" in text


def test_without_the_frontend(fresh, monkeypatch):
    monkeypatch.setitem(sys.modules, "cudnn", None)  # as Python marks what cannot be imported
    cudnn.library.cache_clear()
    try:
        assert cudnn.library() == (None, "no cuDNN: nvidia-cudnn-frontend is not installed")
        np.testing.assert_allclose(convolved(), kernels.correlate(X, W, GEOMETRY), rtol=1e-5, atol=1e-5)
        assert not cudnn.executed
        assert not cudnn.fallbacks
    finally:
        cudnn.library.cache_clear()


def test_without_the_library(fakes, monkeypatch):
    def missing():
        raise RuntimeError("Unable to find symbol cudnnGetVersion")

    monkeypatch.setattr(fake_cudnn, "backend_version_string", missing)
    cudnn.library.cache_clear()
    try:
        module, text = cudnn.library()
        assert module is None
        assert "does not find the library (Unable to find symbol cudnnGetVersion)" in text
    finally:
        cudnn.library.cache_clear()


def test_nothing_is_asked_on_the_cpu(fresh):
    kernels.correlate(X, W, GEOMETRY)
    assert not cudnn.executed
    assert not cudnn.refused
