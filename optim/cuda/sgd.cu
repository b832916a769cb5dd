// SGD: the lines of `SGD.update` for one element.

#include "gradient.cuh"

extern "C" __global__ void sgd(
    const long long* rows, const int* chunks, real factor, const double* clip,
    bool nesterov, real lr, real momentum, real kept, real weight_decay)  // kept = 1 - dampening, 1 at first
{
    Chunk chunk = chunk_of_this_block(rows, chunks);
    Gradient gradient(chunk, factor, clip);
    real* parameter = array(chunk, PARAMETER);
    real* momentum_buffer = array(chunk, STATE);

    for (long long i = chunk.begin + threadIdx.x; i < chunk.end; i += THREADS) {
        real g = gradient[i];
        real w = parameter[i];

        // g <- g + lambda w
        if (weight_decay != 0) g += weight_decay * w;

        if (momentum != 0) {
            // b_t = mu b_{t-1} + (1 - dampening) g_t,  but b_1 = g_1
            real b = momentum * momentum_buffer[i] + kept * g;
            momentum_buffer[i] = b;
            // Nesterov: g_t + mu b_t;  else b_t
            g = nesterov ? g + momentum * b : b;
        }

        // w_t = w_{t-1} - lr g
        parameter[i] = w - lr * g;
    }
}
