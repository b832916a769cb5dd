"""Neural networks: modules and their parameters, layers, losses, and ways to start them.

The functions behind the layers are in `minigrad.nn.functional`, initializations in `minigrad.nn.init`.
"""

from minigrad.nn import functional as functional
from minigrad.nn import init as init
from minigrad.nn.activation import ELU as ELU
from minigrad.nn.activation import GELU as GELU
from minigrad.nn.activation import GLU as GLU
from minigrad.nn.activation import Hardswish as Hardswish
from minigrad.nn.activation import LeakyReLU as LeakyReLU
from minigrad.nn.activation import LogSigmoid as LogSigmoid
from minigrad.nn.activation import LogSoftmax as LogSoftmax
from minigrad.nn.activation import Mish as Mish
from minigrad.nn.activation import ReLU as ReLU
from minigrad.nn.activation import Sigmoid as Sigmoid
from minigrad.nn.activation import SiLU as SiLU
from minigrad.nn.activation import Softmax as Softmax
from minigrad.nn.activation import Softplus as Softplus
from minigrad.nn.activation import Tanh as Tanh
from minigrad.nn.attention import MultiheadAttention as MultiheadAttention
from minigrad.nn.container import ModuleDict as ModuleDict
from minigrad.nn.container import ModuleList as ModuleList
from minigrad.nn.container import Sequential as Sequential
from minigrad.nn.conv import Conv1d as Conv1d
from minigrad.nn.conv import Conv2d as Conv2d
from minigrad.nn.conv import ConvTranspose2d as ConvTranspose2d
from minigrad.nn.dropout import Dropout as Dropout
from minigrad.nn.linear import Flatten as Flatten
from minigrad.nn.linear import Identity as Identity
from minigrad.nn.linear import Linear as Linear
from minigrad.nn.loss import BCELoss as BCELoss
from minigrad.nn.loss import BCEWithLogitsLoss as BCEWithLogitsLoss
from minigrad.nn.loss import CosineSimilarity as CosineSimilarity
from minigrad.nn.loss import CrossEntropyLoss as CrossEntropyLoss
from minigrad.nn.loss import HuberLoss as HuberLoss
from minigrad.nn.loss import KLDivLoss as KLDivLoss
from minigrad.nn.loss import L1Loss as L1Loss
from minigrad.nn.loss import MSELoss as MSELoss
from minigrad.nn.loss import NLLLoss as NLLLoss
from minigrad.nn.loss import SmoothL1Loss as SmoothL1Loss
from minigrad.nn.module import Module as Module
from minigrad.nn.norm import BatchNorm1d as BatchNorm1d
from minigrad.nn.norm import BatchNorm2d as BatchNorm2d
from minigrad.nn.norm import GroupNorm as GroupNorm
from minigrad.nn.norm import LayerNorm as LayerNorm
from minigrad.nn.norm import RMSNorm as RMSNorm
from minigrad.nn.parameter import Parameter as Parameter
from minigrad.nn.pooling import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from minigrad.nn.pooling import AvgPool2d as AvgPool2d
from minigrad.nn.pooling import MaxPool2d as MaxPool2d
from minigrad.nn.resize import PixelShuffle as PixelShuffle
from minigrad.nn.resize import Upsample as Upsample
from minigrad.nn.sparse import Embedding as Embedding
from minigrad.nn.summary import summary as summary
from minigrad.nn.transformer import TransformerEncoder as TransformerEncoder
from minigrad.nn.transformer import TransformerEncoderLayer as TransformerEncoderLayer
