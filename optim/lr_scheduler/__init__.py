"""Learning-rate schedules.

Each schedule gives the learning rate of an epoch directly, where PyTorch multiplies the last one up, so that
resuming is exact. Of two schedules on one optimizer the last to step wins: join them by `SequentialLR`.
An "epoch" is whatever passes between two calls of `step()`.
"""

from optim.lr_scheduler.decay import CosineAnnealingLR as CosineAnnealingLR
from optim.lr_scheduler.decay import LambdaLR as LambdaLR
from optim.lr_scheduler.decay import LinearLR as LinearLR
from optim.lr_scheduler.decay import MultiStepLR as MultiStepLR
from optim.lr_scheduler.decay import StepLR as StepLR
from optim.lr_scheduler.one_cycle import OneCycleLR as OneCycleLR
from optim.lr_scheduler.scheduler import LRScheduler as LRScheduler
from optim.lr_scheduler.sequential import SequentialLR as SequentialLR
from optim.lr_scheduler.sequential import warmup_cosine as warmup_cosine
