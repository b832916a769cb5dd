// A matrix of channels-last rows: a block works on COLUMNS neighbouring columns of a chunk of rows, and each of
// its threads on one column, so that what belongs to a channel is read once, and neighbours read neighbours.

enum { COLUMNS = 32, LANES = THREADS / COLUMNS, CHUNK_ROWS = THREADS };

struct Column {
    int index, channel;
    int lane;               // this thread takes every LANES-th row of the chunk, from this one on
    long long chunk, begin, end;

    __device__ Column(long long rows, int width, int channels)
    {
        int blocks = (width + COLUMNS - 1) / COLUMNS;
        index = blockIdx.x % blocks * COLUMNS + threadIdx.x % COLUMNS;
        channel = index % channels;
        lane = threadIdx.x / COLUMNS;
        chunk = blockIdx.x / blocks;
        begin = chunk * CHUNK_ROWS + lane;
        end = (chunk + 1) * CHUNK_ROWS < rows ? (chunk + 1) * CHUNK_ROWS : rows;
        if (index >= width) end = 0;  // beyond the last column there is nothing to do
    }
};

// Two sums over the rows of a chunk, by the threads of a column, to parts (2, chunks, width).
__device__ void write_sums(const Column& column, int width, double first, double second, double* parts)
{
    __shared__ double sums[2][THREADS];
    sums[0][threadIdx.x] = first;
    sums[1][threadIdx.x] = second;
    __syncthreads();
    if (column.lane > 0 || column.index >= width) return;
    long long chunks = gridDim.x / ((width + COLUMNS - 1) / COLUMNS);
    for (int which = 0; which < 2; which++) {
        double sum = 0;
        for (int lane = 0; lane < LANES; lane++) sum += sums[which][lane * COLUMNS + threadIdx.x];
        parts[(which * chunks + column.chunk) * width + column.index] = sum;
    }
}
