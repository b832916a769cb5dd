"""How good the samples of a run are, measured with the features of a classifier."""

import numpy as np

from experiments.metrics import (
    NAME,
    Moments,
    frechet_distance,
    in_batches,
    inception_score,
)
from experiments.metrics.features import FeatureNetwork
from minigrad.backend import Array


class Quality:
    """Fréchet distance to real images, and Inception Score, of generated ones.

    Parameters
    ----------
    network : callable
        See `experiments.metrics.features`.
    real : array, uint8 (N, C, H, W)
    name : str
        What the distance is called; only with the Inception network of Heusel et al. it is an "FID".
    """

    def __init__(self, network: FeatureNetwork, real: Array, name: str = NAME) -> None:
        self.network, self.name = network, name
        self.real = Moments()
        for batch in in_batches(network, real):
            self.real.add(batch.features)

    def measure(self, images: Array) -> dict[str, float]:
        """The distance under its name, and "IS" if the network is a classifier.

        Parameters
        ----------
        images : array, uint8 (N, C, H, W)
        """
        generated = Moments()
        logits = []
        for batch in in_batches(self.network, images):
            generated.add(batch.features)
            if batch.logits is not None:
                logits.append(batch.logits)
        found = {self.name: frechet_distance(generated, self.real)}
        if logits:
            found["IS"] = inception_score(np.concatenate(logits), splits=1)[0]
        return found
