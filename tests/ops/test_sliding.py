"""The arguments of sliding windows."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.backend.conv import Geometry
from minigrad.ops.sliding import check_kernel, sizes, with_batch


@pytest.mark.parametrize("given", [2, [2], (2,), (2, 2), [np.int64(2), 2]])
def test_one_number_stands_for_all_dimensions(given):
    assert sizes(given, 2, "stride", "f") == (2, 2)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((1, 2, 3), RuntimeError, r"stride must be one integer or 2, got \(1, 2, 3\)"),
        ((), RuntimeError, r"stride must be one integer or 2, got \(\)"),
        ((1, 0), RuntimeError, r"stride must be at least 1, got \(1, 0\)"),
        (1.0, TypeError, "stride must be an integer or 2 integers, got 1.0"),
        ("ab", TypeError, "stride must be an integer or 2 integers, got 'ab'"),
    ],
)
def test_other_sizes_are_refused(given, error, message):
    with pytest.raises(error, match="^f: " + message):
        sizes(given, 2, "stride", "f", least=1)


def test_with_batch(device):
    x = mg.zeros(3, 4, 5, device=device)
    assert with_batch(x, 1, "f") == (x, True)
    image, batched = with_batch(x, 2, "f")
    assert image.shape == (1, 3, 4, 5)
    assert not batched
    with pytest.raises(RuntimeError, match="expected input with 5 dimensions"):
        with_batch(x, 3, "f")


def test_check_kernel():
    geometry = Geometry((1,), ((1, 1),), (2,))
    check_kernel(geometry, (3,), (3,), "f")
    with pytest.raises(RuntimeError, match=r"f: expected input with pixels, got size \(0,\)"):
        check_kernel(geometry, (0,), (1,), "f")
    with pytest.raises(RuntimeError, match=r"f: the kernel covers \(5,\), more than the padded .* \(4,\)"):
        check_kernel(geometry, (2,), (3,), "f")
