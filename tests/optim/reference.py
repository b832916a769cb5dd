"""AGR, AdamW and Adan once more: on Python numbers, one element at a time, straight from their definitions.

Nothing here is shared with optim/, so that a mistake there cannot hide.
"""

import math

import numpy as np


def psi(g):
    """The official formula, g - g (|g| / S), with 0 for a tensor of zeros."""
    total = math.fsum(abs(x) for x in g)
    return [x - x * (abs(x) / total) if total else 0.0 for x in g]


def adamw_run(run, agr):
    """The weights after every step; all groups and tensors are independent of each other."""
    path = [[None] * sum(map(len, run.weights)) for _ in run.grads]
    position = 0
    for k, (hyper, weights) in enumerate(zip(run.hypers, run.weights, strict=True)):
        for j, w in enumerate(weights):
            grads = [step[k][j] for step in run.grads]
            for t, flat in enumerate(_adamw(w, grads, agr=agr, **hyper)):
                path[t][position] = np.array(flat, dtype=w.dtype).reshape(w.shape)
            position += 1
    return path


def _adamw(w, grads, lr, betas, eps, weight_decay, amsgrad, maximize, agr):
    w = [float(x) for x in w.reshape(-1)]
    m, v, largest, t = [0.0] * len(w), [0.0] * len(w), [0.0] * len(w), 0
    for g in grads:
        if g is not None:
            t += 1
            g = [float(x) for x in g.reshape(-1)]
            g = [-x for x in g] if maximize else g
            g = psi(g) if agr else g
            for i in range(len(w)):
                w[i] = w[i] * (1 - lr * weight_decay)
                m[i] = betas[0] * m[i] + (1 - betas[0]) * g[i]
                v[i] = betas[1] * v[i] + (1 - betas[1]) * g[i] ** 2
                largest[i] = max(largest[i], v[i])
                second = largest[i] if amsgrad else v[i]
                m_hat = m[i] / (1 - betas[0] ** t)
                w[i] = w[i] - lr * m_hat / (math.sqrt(second) / math.sqrt(1 - betas[1] ** t) + eps)
        yield list(w)


def adan_run(run, agr, max_grad_norm=0.0):
    """The weights after every step. Bias correction counts the group's steps; clipping joins all groups."""
    groups = [
        [
            {"w": w.reshape(-1).tolist(), "shape": w.shape, "m": None, "v": None, "n": None, "last": None}
            for w in weights
        ]
        for weights in run.weights
    ]
    path = []
    for t, step in enumerate(run.grads, start=1):
        clip = 1.0
        if max_grad_norm > 0:
            elements = [float(x) for group in step for g in group if g is not None for x in g.reshape(-1)]
            norm = math.sqrt(math.fsum(x * x for x in elements))
            clip = min(1.0, max_grad_norm / (norm + run.hypers[-1]["eps"]))
        for hyper, tensors, grads in zip(run.hypers, groups, step, strict=True):
            for tensor, g in zip(tensors, grads, strict=True):
                if g is not None:
                    g = g.reshape(-1).tolist()
                    _adan(tensor, [clip * x for x in (psi(g) if agr else g)], t, **hyper)
        path.append(
            [np.array(x["w"], dtype=float).reshape(x["shape"]) for tensors in groups for x in tensors]
        )
    return path


def _adan(tensor, g, t, lr, betas, eps, weight_decay, no_prox):
    w = tensor["w"]
    if tensor["last"] is None:
        tensor.update(m=[0.0] * len(w), v=[0.0] * len(w), n=[0.0] * len(w), last=g)
    m, v, n, last = tensor["m"], tensor["v"], tensor["n"], tensor["last"]
    for i in range(len(w)):
        d = g[i] - last[i]
        m[i] = betas[0] * m[i] + (1 - betas[0]) * g[i]
        v[i] = betas[1] * v[i] + (1 - betas[1]) * d
        n[i] = betas[2] * n[i] + (1 - betas[2]) * (g[i] + betas[1] * d) ** 2
        top = m[i] / (1 - betas[0] ** t) + betas[1] * v[i] / (1 - betas[1] ** t)
        u = top / (math.sqrt(n[i]) / math.sqrt(1 - betas[2] ** t) + eps)
        if no_prox:
            w[i] = (1 - lr * weight_decay) * w[i] - lr * u
        else:
            w[i] = (w[i] - lr * u) / (1 + lr * weight_decay)
    tensor["last"] = g
