"""Compares one of our language models with its twin: outputs, and the gradients of all parameters."""

import numpy as np
import torch

import minigrad as mg
from tests.nn.twins import close

# What the issue of the models asks for: of outputs, of gradients.
TOLERANCES = {"float64": (1e-9, 1e-9), "float32": (1e-5, 1e-4)}


def randomized(theirs, dtype, seed=0):
    """Their model with random weights, none of which is 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            mean = 1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0
            parameter.copy_(mean + 0.2 * torch.randn(parameter.shape, generator=generator))
    return theirs.to(getattr(torch, dtype)).eval()


def numpy_state(module):
    return {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}


def agree(ours, mine, others, theirs, rename, dtype, device):
    """Assert equal outputs; and equal gradients, after a random weighted sum of all outputs."""
    for_outputs, for_gradients = TOLERANCES[dtype]
    rng = np.random.default_rng(1)
    my_loss, their_loss = 0.0, 0.0
    for i, (m, t) in enumerate(zip(mine, others, strict=True)):
        close(m, t, for_outputs, f"output {i}")
        weight = rng.standard_normal(tuple(t.shape)).astype(dtype)
        my_loss = my_loss + (m * mg.tensor(weight, device=device)).sum()
        their_loss = their_loss + (t * torch.tensor(weight)).sum()
    my_loss.backward()
    their_loss.backward()
    gradients = rename({name: p.grad for name, p in theirs.named_parameters()})
    parameters = dict(ours.named_parameters())
    assert gradients.keys() == parameters.keys()
    # the bias of the keys moves all scores of a query alike: its gradient is nothing but rounding
    largest = max(float(np.abs(np.asarray(g)).max()) for g in gradients.values())
    for name, parameter in parameters.items():
        want = np.asarray(gradients[name])
        np.testing.assert_allclose(
            parameter.grad.numpy(),
            want,
            rtol=for_gradients,
            atol=for_gradients * max(float(np.abs(want).max()), 1e-3 * largest),
            err_msg=f"gradient of {name}",
        )
