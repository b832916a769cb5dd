"""Elementwise functions that NumPy lacks, or has only slower."""

import math
from typing import Any

from minigrad.backend import cuda
from minigrad.backend.device import Array, array_module

SPECIAL = cuda.FOLDER / "special.cu"

# Double precision: rational functions on four ranges of |x|, with the coefficients of Sun's fdlibm (s_erf.c,
# 1993), accurate to one unit in the last place. Lowest power first.
_NEAR = (
    [1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
     -5.77027029648944159157e-03, -2.37630166566501626084e-05],
    [1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
     1.32494738004321644526e-04, -3.96022827877536812320e-06],
)  # fmt: skip
_MIDDLE = (
    [-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
     3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02,
     -2.16637559486879084300e-03],
    [1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
     1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02],
)  # fmt: skip
_FAR = (
    [-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e01,
     -6.23753324503260060396e01, -1.62396669462573470355e02, -1.84605092906711035994e02,
     -8.12874355063065934246e01, -9.81432934416914548592e00],
    [1.0, 1.96512716674392571292e01, 1.37657754143519042600e02, 4.34565877475229228821e02,
     6.45387271733267880336e02, 4.29008140027567833386e02, 1.08635005541779435134e02,
     6.57024977031928170135e00, -6.04244152148580987438e-02],
)  # fmt: skip
_FARTHEST = (
    [-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e01,
     -1.60636384855821916062e02, -6.37566443368389627722e02, -1.02509513161107724954e03,
     -4.83519191608651397019e02],
    [1.0, 3.03380607434824582924e01, 3.25792512996573918826e02, 1.53672958608443695994e03,
     3.19985821950859553908e03, 2.55305040643316442583e03, 4.74528541206955367215e02,
     -2.24409524465858183362e01],
)  # fmt: skip
_AT_ONE = 8.45062911510467529297e-01  # erf(1), rounded so that the middle range adds a small correction

# Single precision: erf(x) = tanh(x * p(x^2)), as tanh is fast and p smooth. The polynomial p was fitted to
# atanh(erf(x)) / x on |x| <= 4 for the smallest relative error of erf, 1e-7, about that of rounding; beyond,
# it grows and tanh is 1 to the last bit. It has no real zeros. So it is a product,
# p(s) = c ((s + a1)^2 + b1) ((s + a2)^2 + b2) ((s + a3)^2 + b3), which is faster than Horner's rule: squares
# and sums with a constant have one array to read, where a product has two.
_SINGLE = (
    1.41851016e-07,
    ((-20.943529, 66.984665), (-5.3162411, 239.37515), (6.2794622, 19.351754)),
)
# The same as a polynomial in 2 x^2, times x / sqrt 2: for the normal distribution, (1 + erf(x / sqrt 2)) / 2.
_SINGLE_OF_NORMAL = (_SINGLE[0] * 0.5**6.5, tuple((2 * a, 4 * b) for a, b in _SINGLE[1]))


def masked(x: Array, mask: Array, out: Array | None = None) -> Array:
    """`x` where `mask` is true, and 0 elsewhere.

    ``x * mask`` would make NaN of an inf. Bits, read as an integer, times 0 or 1 do not, and that is as fast,
    8 times faster than `where`.
    """
    xp, integer = array_module(x), f"i{x.dtype.itemsize}"
    if out is None:
        return xp.multiply(x.view(integer), mask).view(x.dtype)  # type: ignore[no-any-return]
    xp.multiply(x.view(integer), mask, out=out.view(integer))
    return out


def erf(x: Array) -> Array:
    """The error function of each element: to 1e-15 relative in float64, to 3e-7 in float32."""
    xp = array_module(x)
    if cuda.runs_kernels(x):
        y = xp.empty_like(x)
        cuda.launch_elementwise(SPECIAL, "erf_of", x.size, (x, y), like=x)
        return y  # type: ignore[no-any-return]
    if x.dtype == xp.float64:
        return _double(x)
    y = _tanh_of_odd(_SINGLE, x.astype(xp.float32, copy=False))
    return y.astype(x.dtype, copy=False)


def normal_distribution(x: Array, out: Array) -> Array:
    """The probability that a standard normal number is at most x, written to `out`."""
    xp = array_module(x)
    if x.dtype == xp.float32:
        _tanh_of_odd(_SINGLE_OF_NORMAL, x, out)
    else:
        out[...] = erf(x * math.sqrt(0.5))
    half = xp.asarray(0.5, x.dtype)
    xp.multiply(out, half, out=out)
    xp.add(out, half, out=out)
    return out


def _tanh_of_odd(polynomial: Any, x: Array, out: Array | None = None) -> Array:
    """tanh(x p(x^2)), where p is given by its factors."""
    xp = array_module(x)
    c, pairs = polynomial
    c, *constants = (xp.asarray(value, x.dtype) for value in (c, *(v for pair in pairs for v in pair)))
    square, factor, product = xp.square(x), xp.empty_like(x), x
    out = xp.empty_like(x) if out is None else out
    for a, b in zip(constants[::2], constants[1::2], strict=True):
        xp.add(square, a, out=factor)
        xp.square(factor, out=factor)
        xp.add(factor, b, out=factor)
        product = xp.multiply(product, factor, out=out)
    xp.multiply(product, c, out=out)  # last: small numbers would vanish
    return xp.tanh(product, out=out)  # type: ignore[no-any-return]


def _double(x: Array) -> Array:
    xp = array_module(x)
    size = xp.abs(x)
    square = xp.minimum(size, 30.0) ** 2  # erf is 1 to the last bit beyond 6; no overflow on the way there
    safe = xp.maximum(size, 1.0)

    small = xp.where(size < 0.84375, x, 0.0)
    near = small + small * _ratio(_NEAR, square)
    middle = _AT_ONE + _ratio(_MIDDLE, xp.minimum(size, 1.25) - 1.0)
    inverse = 1.0 / (safe * safe)
    far = xp.where(size < 1 / 0.35, _ratio(_FAR, inverse), _ratio(_FARTHEST, inverse))
    far = 1.0 - xp.exp(-(xp.minimum(safe, 30.0) ** 2) - 0.5625 + far) / safe

    positive = xp.where(size < 1.25, middle, far)
    result = xp.where(size < 0.84375, near, xp.copysign(positive, x))
    return xp.where(xp.isnan(x), x, result)  # type: ignore[no-any-return]


def _ratio(coefficients: tuple[list[float], list[float]], x: Array) -> Array:
    numerator, denominator = (_polynomial(c, x) for c in coefficients)
    return numerator / denominator


def _polynomial(coefficients: list[float], x: Array) -> Array:
    result: Array = array_module(x).full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result *= x
        result += coefficient
    return result
