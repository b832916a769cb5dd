"""A device on which cuDNN is found."""

import sys

import pytest

from minigrad.backend import cudnn, device
from tests import fake_cupy


@pytest.fixture(scope="module")
def cudnn_device(request):
    """'cuda': the GPU if the tests run on one that has cuDNN, otherwise the two fakes."""
    with pytest.MonkeyPatch.context() as patch:
        if request.config.getoption("--device") == "cuda":
            if cudnn.library()[0] is None:
                pytest.skip(cudnn.library()[1])
        else:
            from tests import fake_cudnn  # which needs PyTorch

            cupy = sys.modules.get("cupy") or fake_cupy.FakeCupy()
            patch.setitem(sys.modules, "cupy", cupy)
            patch.setitem(sys.modules, "cudnn", fake_cudnn)
            patch.setattr(device, "_cupy", cupy)
        forget()
        yield "cuda"
    forget()


def forget():
    """As if cuDNN had never been looked for."""
    cudnn.library.cache_clear()
    for known in (cudnn._plans, cudnn._handles, cudnn.refused, cudnn.executed, cudnn.fallbacks):
        known.clear()
