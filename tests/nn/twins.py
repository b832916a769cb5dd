"""Our layer beside PyTorch's own: same arguments, weights and inputs; all that comes out is compared."""

import numpy as np
import torch

import minigrad as mg
from minigrad import nn


def twins(name, *args, device, seed=0, dtype="float64", **kwargs):
    """The layer of that name from both libraries, with the same random parameters and buffers."""
    ours = getattr(nn, name)(*args, **kwargs).to(device, dtype)
    theirs = getattr(torch.nn, name)(*args, **kwargs).to(getattr(torch, dtype))
    return with_same_weights(ours, theirs, seed)


def with_same_weights(ours, theirs, seed=0):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in theirs.parameters():
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.5)
        for tensor in theirs.buffers():
            tensor.copy_(
                (torch.rand(tensor.shape, generator=generator) + 0.5) * (5 if tensor.ndim == 0 else 1)
            )
    same_state(ours, theirs)
    keys = ours.load_state_dict(theirs.state_dict())
    assert keys == ([], [])
    return ours, theirs


def same_state(ours, theirs):
    """Assert equal keys in equal order, equal shapes and dtypes."""
    mine = [(key, tuple(tensor.shape), tensor.dtype.name) for key, tensor in ours.state_dict().items()]
    other = [
        (key, tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
        for key, tensor in theirs.state_dict().items()
    ]
    assert mine == other


def agree(ours, theirs, *arrays, device, tolerance=1e-9, **kwargs):
    """Assert equal outputs, gradients of inputs and parameters, and buffers afterwards."""
    my_inputs, their_inputs = [], []
    my_args = [_tensor(a, lambda a: mg.tensor(a, device=device), my_inputs) for a in arrays]
    their_args = [_tensor(a, torch.tensor, their_inputs) for a in arrays]
    my_kwargs = {k: _tensor(a, lambda a: mg.tensor(a, device=device), my_inputs) for k, a in kwargs.items()}
    their_kwargs = {k: _tensor(a, torch.tensor, their_inputs) for k, a in kwargs.items()}
    mine, other = flat(ours(*my_args, **my_kwargs)), flat(theirs(*their_args, **their_kwargs))
    assert len(mine) == len(other)
    rng = np.random.default_rng(1)
    my_loss, their_loss = 0.0, 0.0
    for i, (m, t) in enumerate(zip(mine, other, strict=True)):
        close(m, t, tolerance, f"output {i}")
        weight = rng.standard_normal(tuple(t.shape)).astype(m.dtype)
        my_loss = my_loss + (m * mg.tensor(weight, device=device)).sum()
        their_loss = their_loss + (t * torch.tensor(weight)).sum()
    if their_loss.requires_grad:
        my_loss.backward()
        their_loss.backward()
    for i, (m, t) in enumerate(zip(my_inputs, their_inputs, strict=True)):
        close(m.grad, t.grad, tolerance, f"gradient of input {i}")
    for (name, m), (their_name, t) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == their_name
        close(m.grad, t.grad, tolerance, f"gradient of {name}")
    same_buffers(ours, theirs, tolerance)


def same_buffers(ours, theirs, tolerance=1e-9):
    for (name, m), (their_name, t) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        assert name == their_name
        close(m, t, tolerance, name)


def close(mine, other, tolerance, what):
    """Assert that two tensors agree, relative to the largest element."""
    if other is None:
        assert mine is None, f"{what}: {mine} instead of None"
        return
    assert mine is not None, f"{what} is missing"
    want = other.detach().numpy()
    assert mine.shape == want.shape, f"{what}: shape {mine.shape} instead of {want.shape}"
    assert mine.dtype == want.dtype, f"{what}: dtype {mine.dtype} instead of {want.dtype}"
    scale = float(np.abs(want).max(initial=0.0))
    np.testing.assert_allclose(
        mine.numpy(), want, rtol=tolerance, atol=tolerance * max(scale, 1e-3), err_msg=what
    )


def flat(result):
    """All tensors of a result."""
    if result is None:
        return []
    if isinstance(result, (tuple, list)):
        return [tensor for part in result for tensor in flat(part)]
    return [result]


def _tensor(value, make, inputs):
    if not isinstance(value, np.ndarray):
        return value
    tensor = make(value)
    if value.dtype.kind == "f":
        tensor.requires_grad_()
        inputs.append(tensor)
    return tensor
