"""Holding a fused operation and its composite twin equal."""

import numpy as np

import minigrad as mg
from minigrad.autograd import grad
from minigrad.engine import Fused

TOLERANCES = {"float64": (1e-12, 1e-10, 1e-9), "float32": (1e-5, 1e-4, 1e-3)}


def strided(array, device, requires_grad=False):
    """A tensor of these values whose memory has gaps between them."""
    spread = mg.tensor(np.repeat(array, 2, axis=-1), device=device).data[..., ::2]
    return mg.Tensor(spread, requires_grad)


def held_equal(fused: Fused, tensors, *arguments):
    """Assert that the fused operation and its twin agree in value, first and second derivative.

    Parameters
    ----------
    fused : Fused
    tensors : list of Tensor or None
        Its differentiable inputs.
    *arguments
        Its other arguments.
    """
    rng = np.random.default_rng(3)
    leaves = [x for x in tensors if x is not None]
    for x in leaves:
        x.requires_grad_()
    first, second, third = TOLERANCES[leaves[0].dtype.name]
    fast, slow = fused(*tensors, *arguments), fused.twin(*tensors, *arguments)
    _close(fast, slow, first, "value")

    g = mg.tensor(rng.standard_normal(fast.shape).astype(fast.dtype), device=fast.device, requires_grad=True)
    for create_graph in (False, True):  # arrays through the fast backward, Tensors through the twin
        mine, other = (grad(y, leaves, g, retain_graph=True, create_graph=create_graph) for y in (fast, slow))
        for i, (a, b) in enumerate(zip(mine, other, strict=True)):
            _close(a, b, second, f"gradient {i}, create_graph={create_graph}")

    weights = [mg.tensor(rng.standard_normal(x.shape).astype(x.dtype), device=x.device) for x in leaves]
    mine, other = (
        grad(list(firsts), [*leaves, g], weights, materialize_grads=True) for firsts in (mine, other)
    )
    for i, (a, b) in enumerate(zip(mine, other, strict=True)):
        _close(a, b, third, f"second derivative {i}")


def _close(a, b, tolerance, what):
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    a, b = a.numpy(), b.numpy()
    scale = max(1.0, float(np.abs(b).max(initial=0)))
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, err_msg=what)
