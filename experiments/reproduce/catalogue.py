"""All experiments by name."""

from experiments.reproduce.experiment import Experiment
from experiments.reproduce.images import CIFAR100, TINY_IMAGENET
from experiments.reproduce.sequences import ALBERT, DDPM, GPT

GROUPS: dict[str, tuple[Experiment, ...]] = {
    "cifar100": CIFAR100,
    "tiny-imagenet": TINY_IMAGENET,
    "ddpm": (DDPM,),
    "albert": (ALBERT,),
    "gpt": (GPT,),
}


def select(name: str) -> tuple[Experiment, ...]:
    """The experiments that a name stands for.

    Parameters
    ----------
    name : str
        A group (cifar100), one experiment (cifar100-resnet), or "all".

    Raises
    ------
    ValueError
        If there is none, listing those there are.

    Examples
    --------
    >>> [experiment.name for experiment in select("tiny-imagenet")]
    ['tiny-imagenet-vit', 'tiny-imagenet-convnext']
    """
    everything = [experiment for group in GROUPS.values() for experiment in group]
    if name == "all":
        return tuple(everything)
    found = GROUPS.get(name) or tuple(e for e in everything if e.name == name)
    if not found:
        names = dict.fromkeys(["all", *GROUPS, *(experiment.name for experiment in everything)])
        raise ValueError(f"there is no experiment {name!r}; there are {', '.join(names)}")
    return found
