"""What libraries mean by momentum, eps, bias correction and weight decay: an atlas that can be run."""

from experiments.atlas.convention import Convention as Convention
from experiments.atlas.convention import replay as replay
from experiments.atlas.translate import CONVENTIONS as CONVENTIONS
from experiments.atlas.translate import FAMILIES as FAMILIES
from experiments.atlas.translate import Untranslatable as Untranslatable
from experiments.atlas.translate import translate as translate
