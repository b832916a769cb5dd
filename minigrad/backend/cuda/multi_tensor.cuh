// The C side of multi_tensor.py: which tensor, and which part of it, this block works on.

struct Chunk {
    const long long* row;  // the size of the tensor, and then what its row holds, mostly addresses
    long long begin, end;
};

__device__ Chunk chunk_of_this_block(const long long* rows, const int* chunks)
{
    const int* chunk = chunks + 2 * blockIdx.x;
    const long long* row = rows + chunk[0];
    long long begin = (long long)chunk[1] * CHUNK;
    return {row, begin, row[0] < begin + CHUNK ? row[0] : begin + CHUNK};
}

// Entry i of the row, counted from 0, as an array; null where there is none.
__device__ real* array(const Chunk& chunk, int i)
{
    return (real*)chunk.row[1 + i];
}
