// What AGR has to know of every tensor, in one pass over the gradients: see `_psi` in optim/agr.py.
//
// R, the sum of all but the largest, is never made by subtracting: whoever turns out not to be the largest is
// added to it. Sums are float64, and their order depends on the sizes alone, so that the bits are reproducible.

#include "gradient.cuh"

struct Part {
    double others;      // the sum of all |g| but the largest
    double largest;
    long long at;       // where the largest is; of equals the first
};

__device__ Part nothing()
{
    return {0, 0, 0x7fffffffffffffff};
}

__device__ Part both(Part a, Part b)
{
    double others = a.others + b.others;
    bool b_leads = b.largest > a.largest || (b.largest == a.largest && b.at < a.at);
    return b_leads ? Part{others + a.largest, b.largest, b.at} : Part{others + b.largest, a.largest, a.at};
}

// The sum over all threads of the block, by pairs, then pairs of pairs; thread 0 has it.
__device__ Part over_block(Part part)
{
    __shared__ Part parts[THREADS];
    parts[threadIdx.x] = part;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) parts[threadIdx.x] = both(parts[threadIdx.x], parts[threadIdx.x + half]);
    }
    return parts[threadIdx.x];
}

// One block for each chunk. A row: g, number of the tensor's first chunk.
extern "C" __global__ void psi_of_chunks(const long long* rows, const int* chunks, Part* parts)
{
    Chunk chunk = chunk_of_this_block(rows, chunks);
    const real* g = array(chunk, GRADIENT);
    Part part = nothing();
    for (long long i = chunk.begin + threadIdx.x; i < chunk.end; i += THREADS) {
        double x = fabs(g[i]);
        // A NaN is never larger than anything: it ends up in the sum, and so in all of Psi.
        bool leads = x > part.largest;
        part.others += leads ? part.largest : x;
        if (leads) part.largest = x, part.at = i;
    }
    part = over_block(part);
    if (threadIdx.x == 0) parts[blockIdx.x] = part;
}

// One block for each tensor.
extern "C" __global__ void psi_of_tensors(const long long* rows, const Part* parts, Share* shares)
{
    const long long* row = rows + 3 * blockIdx.x;
    const Part* mine = parts + row[2];
    long long count = (row[0] + CHUNK - 1) / CHUNK;
    Part part = nothing();
    for (long long i = threadIdx.x; i < count; i += THREADS) part = both(part, mine[i]);
    part = over_block(part);
    if (threadIdx.x == 0) {
        double S = part.others + part.largest;
        shares[blockIdx.x] = {part.others, S == 0 ? 1 : S, part.at};  // Psi(0) = 0, whatever it is divided by
    }
}
