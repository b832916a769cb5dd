"""Data sets, the loader that makes batches of them, and what happens to the batches on their way."""

from minigrad.data import transforms as transforms
from minigrad.data.cifar import CIFAR10 as CIFAR10
from minigrad.data.cifar import CIFAR100 as CIFAR100
from minigrad.data.collate import default_collate as default_collate
from minigrad.data.dataset import Dataset as Dataset
from minigrad.data.dataset import ImageDataset as ImageDataset
from minigrad.data.dataset import Subset as Subset
from minigrad.data.dataset import TensorDataset as TensorDataset
from minigrad.data.dataset import random_split as random_split
from minigrad.data.erasing import RandomErasing as RandomErasing
from minigrad.data.files import catalogue as catalogue
from minigrad.data.files import fetch as fetch
from minigrad.data.files import locate as locate
from minigrad.data.loader import DataLoader as DataLoader
from minigrad.data.masking import NGramMasking as NGramMasking
from minigrad.data.mixing import CutMix as CutMix
from minigrad.data.mixing import MixUp as MixUp
from minigrad.data.mixing import RandomChoice as RandomChoice
from minigrad.data.pairs import SentencePairs as SentencePairs
from minigrad.data.randaugment import RandAugment as RandAugment
from minigrad.data.shakespeare import Shakespeare as Shakespeare
from minigrad.data.shapes import Shapes as Shapes
from minigrad.data.text import TextCorpus as TextCorpus
from minigrad.data.tiny_imagenet import TinyImageNet as TinyImageNet
from minigrad.data.tokenizer import Tokenizer as Tokenizer
from minigrad.data.wikitext import WikiText2 as WikiText2
