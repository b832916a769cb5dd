// The C side of `launch_elementwise`: a thread takes element `first()`, and then every `step()`-th.

__device__ long long first()
{
    return (long long)blockIdx.x * THREADS + threadIdx.x;
}

__device__ long long step()
{
    return (long long)gridDim.x * THREADS;
}
