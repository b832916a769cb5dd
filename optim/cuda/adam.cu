// Adam and AdamW: the lines of `Adam.update` for one element.

#include "gradient.cuh"

extern "C" __global__ void adam(
    const long long* rows, const int* chunks, real factor, const double* clip,
    bool decoupled, bool amsgrad, real weight_decay, real shrink,  // shrink = 1 - lr lambda
    real beta1, real rest1, real beta2, real rest2,                // rest = 1 - beta
    real lr, real root, real eps)                                  // lr / (1 - beta1^t), sqrt(1 - beta2^t)
{
    Chunk chunk = chunk_of_this_block(rows, chunks);
    Gradient gradient(chunk, factor, clip);
    real* parameter = array(chunk, PARAMETER);
    real* exp_avg = array(chunk, STATE);
    real* exp_avg_sq = array(chunk, STATE + 1);
    real* max_exp_avg_sq = array(chunk, STATE + 2);

    for (long long i = chunk.begin + threadIdx.x; i < chunk.end; i += THREADS) {
        real g = gradient[i];
        real w = parameter[i], m = exp_avg[i], v = exp_avg_sq[i];

        if (weight_decay != 0) {
            if (decoupled)
                w *= shrink;  // w <- w - lr lambda w
            else
                g += weight_decay * w;  // g <- g + lambda w
        }

        // m_t = beta1 m_{t-1} + (1 - beta1) g_t
        m = beta1 * m + rest1 * g;
        // v_t = beta2 v_{t-1} + (1 - beta2) g_t^2
        v = beta2 * v + rest2 * g * g;

        // amsgrad: s_t = max(s_{t-1}, v_t);  else s_t = v_t
        real s = v;
        if (amsgrad) {
            real largest = max_exp_avg_sq[i];
            s = v <= largest ? largest : v;  // a NaN stays
            max_exp_avg_sq[i] = s;
        }

        // w_t = w_{t-1} - lr m^ / (sqrt(s^) + eps),  m^ = m_t / (1 - beta1^t),  s^ = s_t / (1 - beta2^t)
        w -= lr * m / (sqrt(s) / root + eps);

        parameter[i] = w;
        exp_avg[i] = m;
        exp_avg_sq[i] = v;
    }
}
