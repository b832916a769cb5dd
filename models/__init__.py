"""Networks that are known from the literature, and two small ones to begin with."""

from models.convnet import convnet as convnet
from models.mlp import mlp as mlp
from models.resnet import ResNet as ResNet
from models.resnet import resnet8 as resnet8
from models.resnet import resnet20 as resnet20
from models.resnet import resnet32 as resnet32
from models.resnet import resnet56 as resnet56
from models.resnet_imagenet import ImageNetResNet as ImageNetResNet
from models.resnet_imagenet import resnet18 as resnet18
from models.resnet_imagenet import resnet34 as resnet34
from models.resnet_imagenet import resnet50 as resnet50
