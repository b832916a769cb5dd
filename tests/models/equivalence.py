"""One step of training beside the same network in PyTorch: outputs, gradients and buffers are compared."""

import numpy as np
import torch

import minigrad as mg
from models.keys import from_pytorch
from tests.nn.twins import close, same_buffers, same_state

OUTPUTS = {"float64": 1e-9, "float32": 1e-5}
GRADIENTS = {"float64": 1e-9, "float32": 1e-4}  # rounding adds up from layer to layer


def shuffled(theirs, seed=0):
    """The network with random norms, biases and tokens: those all start alike, so a mix-up would not show."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in (*theirs.named_parameters(), *theirs.named_buffers()):
            if name.endswith(("bias", "running_mean", "token", "embed", "embeddings")):
                tensor.normal_(0, 0.1, generator=generator)
            elif tensor.ndim == 1:
                tensor.uniform_(0.5, 1.5, generator=generator)
    return theirs


def agree(ours, theirs, dtype, device, size=32, renamed=None):
    """Assert that both compute the same, in evaluation and in training, and learn the same.

    Parameters
    ----------
    ours, theirs : Module
        Classifiers of at least 5 classes; the weights are those of `theirs`.
    dtype : {'float64', 'float32'}
    device : str
    size : int
        Height and width of the images.
    renamed : callable, optional
        From values under their names to values under ours, where names differ.
    """
    ours.to(device, dtype)
    theirs.to(getattr(torch, dtype))
    if renamed is None:
        same_state(ours, theirs)
        renamed = dict
    assert ours.load_state_dict(renamed(theirs.state_dict())) == ([], [])
    images = np.random.default_rng(0).standard_normal((4, 3, size, size)).astype(dtype)
    labels = np.array([3, 1, 4, 1])

    def both():
        return ours(mg.tensor(images, device=device)), theirs(torch.tensor(images))

    ours.eval()
    theirs.eval()
    close(*both(), OUTPUTS[dtype], "logits in evaluation")
    ours.train()
    theirs.train()
    logits, their_logits = both()
    close(logits, their_logits, OUTPUTS[dtype], "logits in training")
    mg.nn.functional.cross_entropy(logits, mg.tensor(labels, device=device)).backward()
    torch.nn.functional.cross_entropy(their_logits, torch.tensor(labels)).backward()
    gradients = renamed({name: parameter.grad for name, parameter in theirs.named_parameters()})
    assert gradients.keys() == {name for name, _ in ours.named_parameters()}
    for name, parameter in ours.named_parameters():
        close(parameter.grad, torch.as_tensor(gradients[name]), GRADIENTS[dtype], f"gradient of {name}")
    same_buffers(ours, theirs, OUTPUTS[dtype])


def same_as_hugging_face(ours, theirs, key_map, folder, device, size):
    """Assert that our network, with the weights from a file that the library wrote, gives the same logits."""
    theirs.save_pretrained(folder)  # which may rename them: what counts is the names in files
    state = from_pytorch(mg.load(folder / "model.safetensors"), key_map)
    assert ours.load_state_dict(state) == ([], [])
    images = np.random.default_rng(0).standard_normal((4, 3, size, size)).astype("float32")
    logits = ours.eval()(mg.tensor(images, device=device))
    close(logits, theirs.eval()(torch.tensor(images)).logits, OUTPUTS["float32"], "logits")
