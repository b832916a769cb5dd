"""What an experiment is: arms, the settings of each scale, and the number that is compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
Settings: TypeAlias = Mapping[str, Any]

# Seeds of each scale, unless others are asked for. The official repository runs a single one.
SCALES: dict[str, tuple[int, ...]] = {
    "smoke": (0, 1),
    "laptop": (0, 1, 2),
    "gpu": (0, 1, 2, 3, 4),
    "paper": (0, 1, 2, 3, 4),
}


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Parameters
    ----------
    label : str
        What tables call it: "AdamW(AGR)".
    changes : dict
        The settings in which it differs.
    against : str, optional
        The label of the arm that it is compared with; None for one that is a baseline itself.
    """

    label: str
    changes: Settings
    against: str | None = None


@dataclass(frozen=True)
class Outcome:
    """The number that is compared, from the last row of a run.

    Parameters
    ----------
    key : str
        In the row.
    name, unit : str
        For tables.
    margin : float
        In `unit`; smaller differences do not matter. Fixed before the first run.
    factor : float
        From the number in the row to `unit`.
    higher_is_better : bool
    """

    key: str
    name: str
    unit: str
    margin: float
    factor: float = 1.0
    higher_is_better: bool = True


@dataclass(frozen=True)
class Experiment:
    """One experiment of the paper.

    Parameters
    ----------
    name : str
    title : str
    runner : str
        "module:function"; called as `function(settings, arm, seed, folder)` it makes one run and returns its
        rows, the last of which holds the outcome. The settings are those of the scale with the changes of the
        arm. Called again in the folder of an interrupted run, it may go on from there.
    arms : sequence of Arm
        Baselines first.
    scales : dict of str to dict
        For each of `SCALES` the settings, plain values that JSON can hold.
    outcome : Outcome
    curves : sequence of str
        The keys of rows to draw; those of losses get a logarithmic axis.
    clock : str
        The key of rows that counts epochs or steps.
    notes : sequence of str
        What a reader of the results has to know.
    preparation : str, optional
        "module:function", called once as `function(settings, folder.parent)` before the first run; what it
        leaves there is shared by all runs.
    """

    name: str
    title: str
    runner: str
    arms: Sequence[Arm]
    scales: Mapping[str, Settings]
    outcome: Outcome
    curves: Sequence[str]
    clock: str = "epoch"
    notes: Sequence[str] = ()
    preparation: str | None = None

    def settings(self, scale: str) -> dict[str, Any]:
        """The settings that all arms have in common.

        Raises
        ------
        ValueError
            If there is no such scale.
        """
        if scale not in self.scales:
            raise ValueError(f"{self.name} has the scales {', '.join(self.scales)}; got {scale!r}")
        return dict(self.scales[scale])

    def prepare(self, scale: str, folder: Path) -> None:
        """Make what all runs share, if there is such a thing and it is not there yet."""
        if self.preparation is not None:
            _function(self.preparation)(self.settings(scale), folder)

    def run(self, scale: str, label: str, seed: int, folder: Path) -> list[Row]:
        """One run of the arm with this label."""
        arm = next(arm for arm in self.arms if arm.label == label)
        rows: list[Row] = _function(self.runner)(self.settings(scale) | dict(arm.changes), arm, seed, folder)
        return rows


def _function(name: str) -> Callable[..., Any]:
    """The function called "module:function"."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)  # type: ignore[no-any-return]


def pair(optimizer: str, label: str) -> tuple[Arm, Arm]:
    """An optimizer without AGR, and with it.

    Examples
    --------
    >>> [arm.label for arm in pair("adan", "Adan")]
    ['Adan', 'Adan(AGR)']
    """
    return (
        Arm(label, {"optimizer": optimizer, "agr": False}),
        Arm(f"{label}(AGR)", {"optimizer": optimizer, "agr": True}, against=label),
    )
