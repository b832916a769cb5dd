"""What the recipes of papers add to a plain training run; by default nothing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How images are varied and mixed, and how a step is tamed.

    Parameters
    ----------
    randaugment : float
        The magnitude of two random operations on each image, up to 10; 0 for none.
    erasing : float
        The probability that a rectangle of an image is filled with noise.
    mixup, cutmix : float
        The alpha of the Beta distribution of their weights; 0 for none. With both, each batch gets one.
    label_smoothing : float
    clip : float, optional
        The largest norm of all gradients together.
    ema : float, optional
        The decay of an average of the weights, which is then tested in their place.
    min_lr : float
        Where the cosine ends.
    milestones : sequence of int
        The epochs at which the learning rate is multiplied by `gamma`, with the schedule "steps".
    gamma : float

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    randaugment: float = 0.0
    erasing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    label_smoothing: float = 0.0
    clip: float | None = None
    ema: float | None = None
    min_lr: float = 0.0
    milestones: tuple[int, ...] = ()
    gamma: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "milestones", tuple(self.milestones))  # JSON has lists only
        for name, most in [
            ("randaugment", 10),
            ("erasing", 1),
            ("label_smoothing", 1),
            ("gamma", 1),
            ("ema", 1),
            ("mixup", float("inf")),
            ("cutmix", float("inf")),
            ("min_lr", float("inf")),
        ]:
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                raise ValueError(f"{name} must be in [0, {most:g}], got {value}")
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip must be positive, got {self.clip}")


PLAIN = Recipe()
