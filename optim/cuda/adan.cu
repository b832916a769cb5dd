// Adan: the lines of `Adan.update` for one element.

#include "gradient.cuh"

extern "C" __global__ void adan(
    const long long* rows, const int* chunks, real factor, const double* clip,
    bool first, bool no_prox, real lr, real eps,
    real beta1, real rest1, real beta2, real rest2, real beta3, real rest3,  // rest = 1 - beta
    real correction1, real correction2, real root3,  // 1 - beta1^t, beta2 / (1 - beta2^t), sqrt(1 - beta3^t)
    real shrink, real prox)                          // 1 - lr lambda, 1 + lr lambda
{
    Chunk chunk = chunk_of_this_block(rows, chunks);
    Gradient gradient(chunk, factor, clip);
    real* parameter = array(chunk, PARAMETER);
    real* exp_avg = array(chunk, STATE);
    real* exp_avg_sq = array(chunk, STATE + 1);
    real* exp_avg_diff = array(chunk, STATE + 2);
    real* neg_pre_grad = array(chunk, STATE + 3);

    for (long long i = chunk.begin + threadIdx.x; i < chunk.end; i += THREADS) {
        real g = gradient[i];
        real w = parameter[i], m = exp_avg[i], v = exp_avg_diff[i], n = exp_avg_sq[i];

        // d_t = g_t - g_{t-1},  but d = 0 at the first gradient of the parameter
        real d = first ? 0 : g + neg_pre_grad[i];
        // m_t = beta1 m_{t-1} + (1 - beta1) g_t
        m = beta1 * m + rest1 * g;
        // v_t = beta2 v_{t-1} + (1 - beta2) d_t
        v = beta2 * v + rest2 * d;
        // n_t = beta3 n_{t-1} + (1 - beta3) (g_t + beta2 d_t)^2
        real ahead = g + beta2 * d;
        n = beta3 * n + rest3 * ahead * ahead;

        // u_t = (m^ + beta2 v^) / (sqrt(n^) + eps),  where ^ divides by 1 - beta^t
        real u = m / correction1 + correction2 * v;
        u /= sqrt(n) / root3 + eps;
        if (no_prox)
            w = shrink * w - lr * u;  // w_t = (1 - lr lambda) w_{t-1} - lr u_t
        else
            w = (w - lr * u) / prox;  // w_t = (w_{t-1} - lr u_t) / (1 + lr lambda)

        parameter[i] = w;
        exp_avg[i] = m;
        exp_avg_sq[i] = n;
        exp_avg_diff[i] = v;
        neg_pre_grad[i] = -g;
    }
}
