// Layer norm: the formulas of norm.py. `lanes` threads, a power of two, share a row, so a block has several rows.

#include "columns.cuh"

struct Row {
    long long index, width;  // the width is 0 beyond the last row
    int lane;

    __device__ Row(long long rows, int width, int lanes)
    {
        index = (long long)blockIdx.x * (THREADS / lanes) + threadIdx.x / lanes;
        lane = threadIdx.x % lanes;
        this->width = index < rows ? width : 0;
    }
};

// The sum over the threads of a row; each gets it.
__device__ real over_row(real value, int lanes)
{
    __shared__ real sums[THREADS];
    __syncthreads();  // the last sum has been read
    sums[threadIdx.x] = value;
    for (int half = lanes / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x % lanes < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    __syncthreads();
    return sums[threadIdx.x / lanes * lanes];
}

// y = (x - mean) / sqrt(variance + eps) * weight + bias
extern "C" __global__ void layer_norm(
    long long rows, int width, int lanes, const real* x, const real* weight, const real* bias, real eps, real* y,
    real* means, real* inverses)
{
    Row row(rows, width, lanes);
    x += row.index * width;
    y += row.index * width;

    real sum = 0;
    for (int i = row.lane; i < row.width; i += lanes) sum += x[i];
    real mean = over_row(sum, lanes) / width;

    real squares = 0;
    for (int i = row.lane; i < row.width; i += lanes) squares += (x[i] - mean) * (x[i] - mean);
    real inverse = 1 / sqrt(over_row(squares, lanes) / width + eps);

    for (int i = row.lane; i < row.width; i += lanes)
        y[i] = (x[i] - mean) * inverse * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
    if (row.width && row.lane == 0) {
        means[row.index] = mean;
        inverses[row.index] = inverse;
    }
}

// With x^ the normalized row and h = g weight, dx = (h - mean(h) - x^ mean(h x^)) inverse.
extern "C" __global__ void layer_norm_dx(
    long long rows, int width, int lanes, const real* g, const real* x, const real* weight, const real* means,
    const real* inverses, real* dx)
{
    Row row(rows, width, lanes);
    g += row.index * width;
    x += row.index * width;
    dx += row.index * width;
    real mean = row.width ? means[row.index] : 0, inverse = row.width ? inverses[row.index] : 0;

    real sum = 0, products = 0;
    for (int i = row.lane; i < row.width; i += lanes) {
        real h = g[i] * (weight ? weight[i] : 1);
        sum += h;
        products += h * (x[i] - mean) * inverse;
    }
    sum = over_row(sum, lanes) / width;
    products = over_row(products, lanes) / width;

    for (int i = row.lane; i < row.width; i += lanes) {
        real h = g[i] * (weight ? weight[i] : 1);
        dx[i] = (h - sum - (x[i] - mean) * inverse * products) * inverse;
    }
}

// The sums over all rows of g and of g x^: the gradients of bias and weight.
extern "C" __global__ void layer_norm_sums(
    long long rows, int width, int channels, const real* g, const real* x, const real* means,
    const real* inverses, double* parts)
{
    Column column(rows, width, channels);
    double sum = 0, products = 0;
    for (long long row = column.begin; row < column.end; row += LANES) {
        long long i = row * width + column.index;
        sum += g[i];
        products += g[i] * ((x[i] - means[row]) * inverses[row]);
    }
    write_sums(column, width, sum, products, parts);
}
