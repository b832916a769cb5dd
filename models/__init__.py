"""Networks that are known from the literature, and two small ones to begin with."""

from models.convnet import convnet as convnet
from models.convnext import ConvNeXt as ConvNeXt
from models.convnext import convnext_atto as convnext_atto
from models.convnext import convnext_tiny as convnext_tiny
from models.keys import from_pytorch as from_pytorch
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
from models.vgg import VGG as VGG
from models.vgg import vgg11 as vgg11
from models.vgg import vgg11_bn as vgg11_bn
from models.vgg import vgg16 as vgg16
from models.vgg import vgg16_bn as vgg16_bn
from models.vit import ViT as ViT
from models.vit import vit_small as vit_small
from models.vit import vit_tiny as vit_tiny
from models.unet import UNet as UNet
from models.unet import unet as unet
from models.unet import unet_small as unet_small
