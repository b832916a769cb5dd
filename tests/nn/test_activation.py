import numpy as np
import pytest

from minigrad import nn
from tests.nn.twins import agree, twins


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("ReLU", ()),
        ("LeakyReLU", ()),
        ("LeakyReLU", (0.3,)),
        ("ELU", ()),
        ("ELU", (2.0,)),
        ("GELU", ()),
        ("GELU", ("tanh",)),
        ("SiLU", ()),
        ("Softplus", ()),
        ("Softplus", (2.0, 3.0)),
        ("LogSigmoid", ()),
        ("Hardswish", ()),
        ("Mish", ()),
        ("Tanh", ()),
        ("Sigmoid", ()),
        ("GLU", ()),
        ("GLU", (0,)),
        ("Softmax", (0,)),
        ("Softmax", (-1,)),
        ("LogSoftmax", (1,)),
    ],
)
def test_activations(device, rng, name, args):
    ours, theirs = twins(name, *args, device=device)
    agree(ours, theirs, rng.standard_normal((4, 6)) * 4, device=device)


def test_float32(device, rng):
    for name in ("ReLU", "GELU", "SiLU"):
        ours, theirs = twins(name, device=device, dtype="float32")
        agree(ours, theirs, rng.standard_normal((4, 6)).astype(np.float32), device=device, tolerance=1e-5)


def test_unsupported_arguments_are_refused_by_name():
    with pytest.raises(TypeError, match="inplace"):
        nn.LeakyReLU(0.1, inplace=True)
    with pytest.raises(TypeError, match="inplace"):
        nn.ReLU(inplace=True)
    with pytest.raises(TypeError, match="dim"):
        nn.Softmax()
