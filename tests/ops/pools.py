"""Drawn images, and arguments of a pooling that fit them."""

import numpy as np
from hypothesis import strategies as st

dimensions = st.sampled_from([1, 2])


@st.composite
def windows(draw, dims, dilated=True):
    """The size of an image, and the arguments of a pooling operation that fit it."""
    several = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, dilation = several(1, 4), several(1, 2) if dilated else (1,) * dims
    covered = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    options = {
        "kernel_size": kernel,
        "stride": draw(st.sampled_from([None, several(1, 4)])),
        "padding": tuple(draw(st.integers(0, k // 2)) for k in kernel),
        "ceil_mode": draw(st.booleans()),
    } | ({"dilation": dilation} if dilated else {})
    # A size below the dilation allows windows without a pixel, whose gradient PyTorch adds to other channels.
    limits = zip(covered, options["padding"], dilation, strict=True)
    least = [max(1, c - 2 * p, d) for c, p, d in limits]
    return tuple(n + draw(st.integers(0, 5)) for n in least), options


@st.composite
def images(draw, size, ties=False):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch = draw(st.sampled_from([(), (0,), (2,)]))
    shape = (*batch, 3, *size)
    return rng.integers(-1, 2, shape).astype(np.float64) if ties else rng.standard_normal(shape)


# Shapes and arguments that no pooling takes, and what it says.
REFUSED = [
    ((1, 2, 5, 5), {"kernel_size": 6}, r"covers \(6, 6\), more than the padded input has, \(5, 5\)"),
    ((1, 2, 5, 5), {"kernel_size": 3, "padding": 2}, r"\(2, 2\) is more than half of what .* \(3, 3\)"),
    ((1, 2, 5, 5), {"kernel_size": 3, "padding": -1}, "padding must be at least 0, got -1"),
    ((1, 2, 5, 5), {"kernel_size": 0}, "kernel_size must be at least 1, got 0"),
    ((1, 2, 5, 5), {"kernel_size": 2, "stride": 0}, "stride must be at least 1, got 0"),
    ((1, 2, 5, 5), {"kernel_size": (2, 2, 2)}, r"kernel_size must be one integer or 2, got \(2, 2, 2\)"),
    ((5, 5), {"kernel_size": 2}, r"expected input with 4 dimensions \(or 3, without a batch\)"),
]
