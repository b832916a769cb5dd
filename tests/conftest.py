"""Options and fixtures for all tests.

    pytest                   on NumPy
    pytest --device fake     on a strict look-alike of CuPy that refuses to mix with NumPy (no GPU needed)
    pytest --device fake-cudnn   the same, with a look-alike of cuDNN beside it
    pytest --device cuda     on a GPU, through CuPy (and cuDNN, if it is installed)

Hypothesis profiles: dev (25 examples, the default), ci (200), thorough (5000, random seeds); set
HYPOTHESIS_PROFILE.
"""

import os

import hypothesis
import numpy as np
import pytest

from tests import fake_cupy

for name, examples in {"dev": 25, "ci": 200, "thorough": 5000}.items():
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,  # machines are shared: time says nothing about correctness
        derandomize=name != "thorough",
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
    )
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser):
    parser.addoption(
        "--device",
        choices=["cpu", "fake", "fake-cudnn", "cuda"],
        default="cpu",
        help="where tensors live in the tests",
    )


def pytest_configure(config):
    device = config.getoption("--device")
    if device.startswith("fake"):
        fake_cupy.install()
    if device == "fake-cudnn":
        from tests import fake_cudnn  # which needs PyTorch, that takes a while to import

        fake_cudnn.install()
    if device == "cuda":
        from minigrad.backend import cuda_module

        cuda_module()  # raises, saying what is missing: a GPU run without a GPU must not look green


@pytest.fixture(scope="session")
def device(request):
    """The device of this run, for `mg.tensor(..., device=device)`."""
    return "cpu" if request.config.getoption("--device") == "cpu" else "cuda"


@pytest.fixture
def repeats(request):
    """Assert that two runs left the same numbers (dicts of them): bit for bit, but on a real GPU to rounding.

    There products of matrices may be summed in another order each time, and training enlarges the difference.
    """
    bits = request.config.getoption("--device") != "cuda"

    def check(first, second):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert one.keys() == other.keys()
            for name in one:
                if bits:
                    np.testing.assert_array_equal(one[name], other[name], err_msg=name)
                else:
                    np.testing.assert_allclose(one[name], other[name], rtol=1e-4, atol=1e-5, err_msg=name)

    return check


@pytest.fixture
def rng():
    """A NumPy generator with a fixed seed."""
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _no_leaked_modes():
    """No test may leave recording off, anomaly mode or autocast on, or another default dtype behind."""
    from minigrad.dtypes import get_default_dtype
    from minigrad.graph import mode

    yield
    assert mode.recording
    assert not mode.anomaly
    assert mode.autocast is None
    assert get_default_dtype() == np.float32
