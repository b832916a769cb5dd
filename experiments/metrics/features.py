"""Feature networks: what an image looks like to a classifier, just before it decides.

Any callable from images to `Features` is one; give its numbers a name of their own. `inception` has the
network that papers use.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import minigrad as mg
from experiments import setup
from experiments.folder import RunFolder
from minigrad import Tensor, nn
from minigrad.backend import Array
from minigrad.data import CIFAR10, CIFAR100, Shapes
from minigrad.data.transforms import Compose, Normalize, ToFloat

NAME = "FID-minigrad"
"""What a Fréchet distance is called whose features come from a network that `minigrad train` trained."""


class Features(NamedTuple):
    """What a feature network says of N images.

    Parameters
    ----------
    features : array, (N, D)
        For the Fréchet distance.
    logits : array, (N, classes), or None
        For the Inception Score, if the network is a classifier.
    """

    features: Array
    logits: Array | None = None


FeatureNetwork: TypeAlias = Callable[[Array], Features]
"""From images, uint8 (N, C, H, W), to their features."""


class Classifier:
    """A feature network made of a trained classifier: its features are what its last linear layer is given.

    Parameters
    ----------
    model : Module
        From normalized images (N, C, H, W) to logits; it is switched to evaluation.
    mean, std : sequence of float, (C,)
        What its images were normalized with.
    device : str

    Raises
    ------
    ValueError
        If the model has no linear layer.

    Examples
    --------
    >>> import models
    >>> import numpy as np
    >>> network = Classifier(models.resnet8(), mean=(0.5,) * 3, std=(0.25,) * 3)
    >>> [part.shape for part in network(np.zeros((2, 3, 32, 32), np.uint8))]
    [(2, 64), (2, 10)]
    """

    def __init__(self, model: nn.Module, mean: Any, std: Any, device: str = "cpu") -> None:
        linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
        if not linear:
            raise ValueError(f"Classifier: {type(model).__name__} has no linear layer to take features from")
        self.model, self.device = model.eval(), device
        self._normalize = Compose([ToFloat(), Normalize(mean, std)])
        linear[-1].register_forward_pre_hook(self._see)
        self._seen: Any = None

    def __call__(self, images: Array) -> Features:
        """Features and logits of images, uint8 (N, C, H, W)."""
        with mg.no_grad():
            logits = self.model(mg.tensor(self._normalize(images), device=self.device))
        return Features(self._seen, logits.numpy())

    def _see(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._seen = inputs[0].numpy()


def classifier_of_run(path: str | Path, device: str = "cpu") -> Classifier:
    """The network that `minigrad train` left in a folder, with its best weights.

    Parameters
    ----------
    path : path
        The folder, or the `best.safetensors` in it.
    device : str

    Raises
    ------
    FileNotFoundError
        If there is no run, or it has no weights yet.
    """
    path = Path(path)
    folder = RunFolder(path.parent if path.suffix == ".safetensors" else path)
    config = folder.config()
    if not folder.best.exists():
        raise FileNotFoundError(f"{folder.path} has no {folder.best.name} yet: its first epoch is not done")
    data, classes = _DATA[config.data]
    model = setup.network(replace(config, device=device), classes)
    model.load_state_dict(mg.load(folder.best))
    return Classifier(model, data.mean, data.std, device)


_DATA: dict[str, tuple[Any, int]] = {
    "cifar10": (CIFAR10, 10),
    "cifar100": (CIFAR100, 100),
    "shapes": (Shapes, 10),
}


def in_batches(network: FeatureNetwork, images: Array, batch_size: int = 250) -> Iterator[Features]:
    """The features of many images, batch by batch."""
    for start in range(0, len(images), batch_size):
        yield network(images[start : start + batch_size])
