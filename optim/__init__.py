"""Optimizers with PyTorch's names, arguments and trajectories, and AGR for each of them."""

from optim import lr_scheduler as lr_scheduler
from optim.adam import Adam as Adam
from optim.adam import AdamW as AdamW
from optim.adan import Adan as Adan
from optim.agr import AGR as AGR
from optim.agr import agr as agr
from optim.clip import clip_grad_norm_ as clip_grad_norm_
from optim.clip import clip_grad_value_ as clip_grad_value_
from optim.ema import EMA as EMA
from optim.optimizer import Optimizer as Optimizer
from optim.probe import Probe as Probe
from optim.rmsprop import RMSprop as RMSprop
from optim.sgd import SGD as SGD
