// Batch norm: the formulas of norm.py, each step one pass over the rows. Sums are float64.

#include "columns.cuh"
#include "elementwise.cuh"

// The sums of x - shift and of its square, where the shift is the channel's first value.
extern "C" __global__ void moments(long long rows, int width, int channels, const real* x, double* parts)
{
    Column column(rows, width, channels);
    double shift = x[column.channel], sum = 0, squares = 0;
    for (long long row = column.begin; row < column.end; row += LANES) {
        double value = x[row * width + column.index] - shift;
        sum += value;
        squares += value * value;
    }
    write_sums(column, width, sum, squares, parts);
}

// From these sums the mean, as shift + rest where the shift is a `real`, and the variance: (3, channels).
extern "C" __global__ void statistics(
    long long channels, const real* x, const double* sums, double count, double* result)
{
    for (long long c = first(); c < channels; c += step()) {
        double mean = sums[c] / count, variance = sums[channels + c] / count - mean * mean;
        mean += x[c];
        double shift = (real)mean;
        result[c] = shift;
        result[channels + c] = mean - shift;
        result[2 * channels + c] = variance < 0 ? 0 : variance;
    }
}

// y = (x - mean) / sqrt(variance + eps) * weight + bias + residual
extern "C" __global__ void batch_norm(
    long long rows, int width, int channels, const real* x, const real* weight, const real* bias,
    const real* residual, const double* shift, const double* rest, const double* variance, double eps, bool relu,
    real* y)
{
    Column column(rows, width, channels);
    int c = column.channel;
    double scale = (weight ? weight[c] : 1) / sqrt(variance[c] + eps);
    real factor = scale, offset = (bias ? bias[c] : 0) - rest[c] * scale, start = shift ? shift[c] : 0;
    for (long long row = column.begin; row < column.end; row += LANES) {
        long long i = row * width + column.index;
        real value = (x[i] - start) * factor + offset;
        if (residual) value += residual[i];
        y[i] = relu && value < 0 ? 0 : value;  // a NaN stays
    }
}

// The sums of g and of g (x - shift). With y, g counts only where y is positive.
extern "C" __global__ void batch_norm_sums(
    long long rows, int width, int channels, const real* g, const real* y, const real* x, const double* shift,
    double* parts)
{
    Column column(rows, width, channels);
    double start = shift ? shift[column.channel] : 0, sum = 0, products = 0;
    for (long long row = column.begin; row < column.end; row += LANES) {
        long long i = row * width + column.index;
        double gradient = !y || y[i] > 0 ? g[i] : 0;
        sum += gradient;
        products += gradient * (x[i] - start);
    }
    write_sums(column, width, sum, products, parts);
}

// dx = a g + b (x - shift) + c, with three numbers for each channel, and the gradient of weight.
extern "C" __global__ void batch_norm_dx(
    long long rows, int width, int channels, const real* g, const real* y, const real* x, const real* weight,
    const double* shift, const double* rest, const double* variance, const double* sums, double eps, double share,
    real* dx, real* dresidual, double* dweight)
{
    Column column(rows, width, channels);
    int k = column.channel;
    double inverse = 1 / sqrt(variance[k] + eps), sum = sums[k];
    double slope = (sums[channels + k] - rest[k] * sum) * inverse;
    double a = weight ? inverse * weight[k] : inverse;
    double b = -a * inverse * slope * share, c = -a * sum * share - b * rest[k];
    if (column.begin == 0 && column.index < channels) dweight[k] = slope;
    real start = shift ? shift[k] : 0, by_g = a, by_x = b, constant = c;
    for (long long row = column.begin; row < column.end; row += LANES) {
        long long i = row * width + column.index;
        real gradient = !y || y[i] > 0 ? g[i] : 0;
        dx[i] = by_g * gradient + (by_x * (x[i] - start) + constant);
        if (dresidual) dresidual[i] = gradient;
    }
}
