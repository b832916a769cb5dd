// The error function, GELU and SiLU: the formulas of special.py, gelu.py and silu.py in one pass.

#include "elementwise.cuh"

extern "C" __global__ void erf_of(long long size, const real* x, real* y)
{
    for (long long i = first(); i < size; i += step()) y[i] = erf(x[i]);
}

// distribution = Phi(x), y = x Phi(x)
extern "C" __global__ void gelu(
    long long size, const real* x, real* y, real* distribution, bool approximate, real linear, real cubic)
{
    const real half = 0.5, root_half = 0.70710678118654752;
    for (long long i = first(); i < size; i += step()) {
        real value = x[i];
        // Phi(x) = erfc(-x / sqrt 2) / 2, or (1 + tanh(x (linear + cubic x^2))) / 2
        real phi = approximate ? half * (1 + tanh(value * (linear + cubic * value * value)))
                               : half * erfc(-value * root_half);
        distribution[i] = phi;
        y[i] = value * phi;
    }
}

// dx = g (Phi(x) + x Phi'(x))
extern "C" __global__ void gelu_backward(
    long long size, const real* g, const real* x, const real* distribution, real* dx, bool approximate,
    real linear, real cubic)
{
    const real half = 0.5, peak = 0.39894228040143268;  // 1 / sqrt(2 pi)
    for (long long i = first(); i < size; i += step()) {
        real value = x[i], phi = distribution[i];
        // Phi'(x) = exp(-x^2 / 2) / sqrt(2 pi); or, as (1 - tanh^2) / 2 is 2 Phi (1 - Phi),
        // 2 Phi (1 - Phi) (linear + 3 cubic x^2)
        real density = approximate ? 2 * phi * (1 - phi) * (linear + 3 * cubic * value * value)
                                   : peak * exp(-half * value * value);
        dx[i] = g[i] * (phi + value * density);
    }
}

// sigmoid = 1 / (1 + exp(-x)), y = x sigmoid
extern "C" __global__ void silu(long long size, const real* x, real* y, real* sigmoid)
{
    const real one = 1;
    for (long long i = first(); i < size; i += step()) {
        real value = x[i], gate = one / (one + exp(-value));
        sigmoid[i] = gate;
        y[i] = value * gate;
    }
}

// dx = g sigmoid (1 + x (1 - sigmoid))
extern "C" __global__ void silu_backward(
    long long size, const real* g, const real* x, const real* sigmoid, real* dx)
{
    const real one = 1;
    for (long long i = first(); i < size; i += step())
        dx[i] = g[i] * sigmoid[i] * (one + x[i] * (one - sigmoid[i]));
}
