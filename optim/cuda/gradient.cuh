// The gradient as an update gets it, factor * Psi(g): the rules of optim/agr.py and optim/gradient.py.

#include "multi_tensor.cuh"

// What Psi has to know of a tensor: R, the sum of all |g| but the largest; S, the sum of all, or 1 if it is 0;
// and where the largest is. Made by psi.cu.
struct Share {
    double R, S;
    long long largest;
};

// The entries of a row that are the same in every optimizer, and the first of its own.
enum { GRADIENT, SHARE, PARAMETER, STATE };

class Gradient {
    const real* raw;
    real factor;
    bool regularized, clipped;
    Share share;
    double clip;

  public:
    __device__ Gradient(const Chunk& chunk, real factor, const double* clip)
        : raw(array(chunk, GRADIENT)), factor(factor), regularized(array(chunk, SHARE)), clipped(clip)
    {
        if (regularized) share = *(const Share*)array(chunk, SHARE);
        if (clipped) this->clip = *clip;
    }

    __device__ real operator[](long long i) const
    {
        real g = raw[i];
        if (regularized) {
            // Psi_i = g_i (1 - alpha_i), alpha_i = |g_i| / S;  the same for the largest element is g R / S:
            // there 1 - alpha may cancel
            if (i == share.largest)
                g = (real)(g / share.S * share.R);
            else
                g *= 1 - (real)(fabs(g) / share.S);
        }
        g *= factor;
        return clipped ? (real)(g * clip) : g;
    }
};
