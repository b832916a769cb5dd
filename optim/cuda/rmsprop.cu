// RMSprop: the lines of `RMSprop.update` for one element.

#include "gradient.cuh"

extern "C" __global__ void rmsprop(
    const long long* rows, const int* chunks, real factor, const double* clip,
    bool centered, real lr, real alpha, real rest, real eps, real weight_decay, real momentum)  // rest = 1 - alpha
{
    Chunk chunk = chunk_of_this_block(rows, chunks);
    Gradient gradient(chunk, factor, clip);
    real* parameter = array(chunk, PARAMETER);
    real* square_avg = array(chunk, STATE);
    real* momentum_buffer = array(chunk, STATE + 1);
    real* grad_avg = array(chunk, STATE + 2);

    for (long long i = chunk.begin + threadIdx.x; i < chunk.end; i += THREADS) {
        real g = gradient[i];
        real w = parameter[i], v = square_avg[i];

        // g <- g + lambda w
        if (weight_decay != 0) g += weight_decay * w;

        // v_t = alpha v_{t-1} + (1 - alpha) g_t^2
        v = alpha * v + rest * g * g;

        real variance = v;
        if (centered) {
            // g_bar_t = alpha g_bar_{t-1} + (1 - alpha) g_t;  variance = v_t - g_bar_t^2
            real g_bar = alpha * grad_avg[i] + rest * g;
            variance = v - g_bar * g_bar;
            if (variance < 0) variance = 0;  // rounding can make it negative
            grad_avg[i] = g_bar;
        }

        // u_t = g_t / (sqrt(variance) + eps)
        real u = g / (sqrt(variance) + eps);
        if (momentum != 0) {
            // b_t = mu b_{t-1} + u_t
            u += momentum * momentum_buffer[i];
            momentum_buffer[i] = u;
        }

        // w_t = w_{t-1} - lr u
        parameter[i] = w - lr * u;
        square_avg[i] = v;
    }
}
