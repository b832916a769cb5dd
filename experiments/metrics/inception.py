"""Inception-v3 as a feature network, with weights that the user brings: what papers call FID and IS.

The weights are those of Heusel et al. (2017), which `pytorch-fid` offers as
pt_inception-2015-12-05-6726825d.pth. Once, where PyTorch is installed, they have to become a file in which
nothing but numbers can be:

    import torch
    from safetensors.torch import save_file

    state = torch.load("pt_inception-2015-12-05-6726825d.pth", map_location="cpu", weights_only=True)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, "inception.safetensors")
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from experiments.folder import RunFolder
from experiments.metrics.features import NAME, FeatureNetwork, Features, classifier_of_run
from minigrad.backend import Array
from minigrad.nn import functional as F
from models import InceptionV3

SIDE = 299
_AT_ONCE = 20  # images of this size: more take gigabytes


class Inception:
    """Features (N, 2048) and logits (N, 1008) of images, by Inception-v3.

    As in `pytorch-fid`, images are enlarged to 299 x 299 pixels bilinearly and scaled to -1 to 1.

    Parameters
    ----------
    path : path
        A .safetensors file with the weights, see above.
    device : str

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is damaged, or holds other weights.
    """

    def __init__(self, path: str | Path, device: str = "cpu") -> None:
        self.model, self.device = InceptionV3(), device
        wanted = self.model.state_dict()
        # The file is older than PyTorch's count of batches, which evaluation does not use.
        state = {name: value for name, value in wanted.items() if name.endswith("num_batches_tracked")}
        state |= mg.load(path)
        wrong = [name for name in wanted if name not in state or state[name].shape != wanted[name].shape]
        wrong += [name for name in state if name not in wanted]
        if wrong:
            name = wrong[0]
            expected, got = (tuple(s[name].shape) if name in s else "nothing" for s in (wanted, state))
            raise ValueError(
                f"{path} does not hold the weights of FID's Inception-v3 ({len(wrong)} names differ): "
                f"under {name} expected {expected}, got {got}"
            )
        self.model.load_state_dict(state)
        self.model.to(device).eval()

    def __call__(self, images: Array) -> Features:
        """Features and logits of images, uint8 (N, 3, H, W)."""
        parts = [self._few(images[i : i + _AT_ONCE]) for i in range(0, len(images), _AT_ONCE)]
        return Features(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _few(self, images: Array) -> tuple[Array, Array]:
        with mg.no_grad():
            x = mg.tensor(images.astype("float32") / 255, device=self.device)
            x = F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False) * 2 - 1
            features = self.model.features(x)
            return features.numpy(), self.model.fc(features).numpy()


def feature_network(path: str | Path, device: str = "cpu") -> tuple[FeatureNetwork, str]:
    """The network at a path, and what a Fréchet distance of its features is called.

    Parameters
    ----------
    path : path
        The folder of a run of `minigrad train`, whose classifier gives an FID-minigrad; or a file with
        the weights of Inception-v3, which gives an FID.
    device : str

    Raises
    ------
    FileNotFoundError
        If there is nothing of the kind.
    ValueError
        If a file holds other weights.
    """
    path = Path(path)
    if path.suffix == ".safetensors" and not RunFolder(path.parent).started:
        return Inception(path, device), "FID"
    return classifier_of_run(path, device), NAME
