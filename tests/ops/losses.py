"""What the tests of losses share."""

import torch
import torch.nn.functional as T
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops import loss

REDUCTIONS = st.sampled_from(["mean", "sum", "none"])


def both(name, device, constants=None, **options):
    """Our loss and PyTorch's, with these constant tensors (they get no gradient) and options as arguments."""
    constants = {key: value for key, value in (constants or {}).items() if value is not None}

    def ours(*args):
        return getattr(loss, name)(
            *args, **{k: mg.tensor(v, device=device) for k, v in constants.items()}, **options
        )

    def theirs(*args):
        return getattr(T, name)(*args, **{k: torch.tensor(v) for k, v in constants.items()}, **options)

    return ours, theirs
