"""From settings to things: the data, the network, the optimizer and its schedule of one run."""

from typing import Any

import models
import optim
from experiments.config import TrainConfig
from minigrad import nn
from minigrad.data import (
    CIFAR10,
    CIFAR100,
    CutMix,
    DataLoader,
    ImageDataset,
    MixUp,
    RandAugment,
    RandomChoice,
    RandomErasing,
    Shapes,
    Subset,
    TinyImageNet,
)
from minigrad.data.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToFloat
from minigrad.random import Generator


def datasets(config: TrainConfig) -> tuple[ImageDataset, ImageDataset]:
    """The training and the test images."""
    kind: Any = {
        "cifar10": CIFAR10,
        "cifar100": CIFAR100,
        "tiny-imagenet": TinyImageNet,
        "shapes": Shapes,
    }[config.data]
    return kind(train=True), kind(train=False)


def loaders(
    config: TrainConfig, train: ImageDataset, test: ImageDataset, generator: Generator
) -> tuple[DataLoader, DataLoader]:
    """Batches to train on (shuffled, augmented if asked for) and to test on."""
    finish = [ToFloat(), Normalize(train.mean, train.std)]
    recipe, side = config.recipe, train.images.shape[-1]
    vary: list[Any] = [RandomCrop(side, padding=side // 8), RandomHorizontalFlip()] if config.augment else []
    if recipe.randaugment:
        vary.append(RandAugment(recipe.randaugment))
    erase = [RandomErasing(recipe.erasing, value="random")] if recipe.erasing else []
    return (
        DataLoader(
            _first(train, config.limit_train),
            config.batch_size,
            shuffle=True,
            generator=generator,
            transform=Compose([*vary, *finish, *erase]),
            mix=_mix(config, len(train.classes)),
            prefetch=2,
            device=config.device,
        ),
        DataLoader(_first(test, config.limit_test), 250, transform=Compose(finish), device=config.device),
    )


def _mix(config: TrainConfig, classes: int) -> Any:
    """How the batches are mixed; None if they are not."""
    chosen = ((MixUp, config.recipe.mixup), (CutMix, config.recipe.cutmix))
    mixes = [kind(classes, alpha) for kind, alpha in chosen if alpha]
    return RandomChoice(mixes) if mixes else None


def _first(dataset: ImageDataset, limit: int | None) -> Any:
    return dataset if limit is None or limit >= len(dataset) else Subset(dataset, range(limit))


def network(config: TrainConfig, classes: int, image_size: int = 32) -> nn.Module:
    """The network, with its first weights drawn from the default generator.

    Parameters
    ----------
    config : TrainConfig
        Its `model_options` go before those that the size of the images asks for.
    classes : int
    image_size : {32, 64}
        Height and width of the images.

    Raises
    ------
    ValueError
        If images have another size.
    """
    if image_size not in (32, 64):
        raise ValueError(f"network: expected images of 32 or 64 pixels, got image_size={image_size}")
    options = _for_images_of(image_size, config.model) | config.model_options
    model: nn.Module = getattr(models, config.model)(num_classes=classes, **options)
    return model.to(config.device)


def _for_images_of(size: int, model: str) -> dict[str, Any]:
    """What a network that was made for 224 x 224 pixels needs to see as much in fewer."""
    if model in ("resnet18", "resnet34", "resnet50"):
        return {"stem": {32: "cifar", 64: "tiny"}[size]}
    if model.startswith("vgg"):
        return {"image_size": size}
    if model.startswith("vit"):
        return {"image_size": size, "patch_size": size // 8}  # 8 x 8 patches
    if model.startswith("convnext"):
        return {"patch_size": size // 16}  # 16 x 16 patches, of which 2 x 2 are left at the end
    return {"in_features": 3 * size * size} if model == "mlp" else {}


def optimizer(config: TrainConfig, model: nn.Module) -> optim.Optimizer:
    """The optimizer of all parameters."""
    options: dict[str, Any] = {"lr": config.lr, "weight_decay": config.weight_decay, "agr": config.agr}
    if config.optimizer == "sgd":
        options |= {"momentum": 0.9, "nesterov": True}
    kind: Any = {"sgd": optim.SGD, "adam": optim.Adam, "adamw": optim.AdamW, "adan": optim.Adan}[
        config.optimizer
    ]
    return kind(model.named_parameters(), **options)  # type: ignore[no-any-return]


def schedule(
    config: TrainConfig, optimizer: optim.Optimizer, steps_per_epoch: int
) -> optim.lr_scheduler.LRScheduler | None:
    """The learning-rate schedule, stepped after each batch; None for a constant rate."""
    if config.schedule == "none":
        return None
    total = config.epochs * steps_per_epoch
    warmup = min(int(config.warmup * steps_per_epoch), total - 1)
    if config.schedule == "cosine":
        return optim.lr_scheduler.warmup_cosine(optimizer, warmup, total, config.recipe.min_lr)
    milestones = [epoch * steps_per_epoch - warmup for epoch in config.recipe.milestones]
    first = optim.lr_scheduler.LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup) if warmup else None
    steps = optim.lr_scheduler.MultiStepLR(optimizer, milestones, config.recipe.gamma)
    return optim.lr_scheduler.SequentialLR(optimizer, [first, steps], [warmup]) if first else steps
