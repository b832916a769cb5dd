"""How good generated images are: Inception Score and Fréchet Inception Distance, with any feature network.

The numbers of two papers can be compared only if their networks are the same. What is computed with our own
small classifier is therefore called FID-minigrad everywhere, and is no FID of any paper.
"""

from experiments.metrics.features import NAME as NAME
from experiments.metrics.features import Classifier as Classifier
from experiments.metrics.features import Features as Features
from experiments.metrics.features import classifier_of_run as classifier_of_run
from experiments.metrics.features import in_batches as in_batches
from experiments.metrics.fid import Moments as Moments
from experiments.metrics.fid import fid_infinity as fid_infinity
from experiments.metrics.fid import frechet_distance as frechet_distance
from experiments.metrics.inception import Inception as Inception
from experiments.metrics.inception import feature_network as feature_network
from experiments.metrics.inception_score import inception_score as inception_score
