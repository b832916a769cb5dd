"""What the verdicts rest on: everything here measures, nothing judges. Results are plain values, for JSON."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

import minigrad as mg
import optim
from experiments import setup, signatures
from experiments.ablation.study import run_one
from experiments.config import TrainConfig
from experiments.curvature.lipschitz import local_lipschitz
from experiments.curvature.objective import Objective
from experiments.gradient_statistics import study_model
from experiments.laws import LAWS, REFUTED, Refutation
from experiments.sweep import sweep
from minigrad import nn
from minigrad.nn import functional as F
from minigrad.random import Generator

ARMS = ("none", "agr", "disturbed")


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Parameters
    ----------
    examples : int
        Random inputs for each law and dtype; a law that trains gets a tenth.
    seeds : int
        Of the training runs, each with every arm.
    gradient_steps : tuple of int
        Steps of a training whose gradients are examined.
    points : int
        Places along a training at which Lipschitz constants are computed.
    batch : int
        Images in the loss at these places.
    late_steps : int
        Steps of the runs that look whether AGR grows while training.
    """

    examples: int
    seeds: int
    gradient_steps: tuple[int, ...]
    points: int
    batch: int
    late_steps: int


QUICK = Scale(20, 4, (1, 16), 2, 16, 16)
FULL = Scale(200, 8, (1, 50, 200), 5, 64, 200)


def laws(scale: Scale) -> list[dict[str, Any]]:
    """Every law on random inputs and every false claim at its counterexample, in float64 and float32."""
    rows = []
    for entry in [*LAWS.values(), *REFUTED.values()]:
        trains = entry.room.startswith(("Optimizers", "Descent"))
        examples = max(1, scale.examples // 10) if trains else scale.examples
        for dtype in ("float64", "float32"):
            outcome = entry.measure(np.random.default_rng(0), examples, np.dtype(dtype))
            row = {
                "number": entry.number,
                "title": entry.title,
                "status": entry.status,
                "tolerance": entry.tolerance,
                "dtype": dtype,
                "examples": outcome.examples,
                "error": outcome.error,
                "allowed": outcome.allowed,
                "holds": outcome.holds,
            }
            if isinstance(entry, Refutation):
                value, bound = entry.numbers(np.dtype(dtype))
                at = {name: np.asarray(x).tolist() for name, x in entry.at.items()}
                row |= {"counterexample": at, "value": value, "bound": bound, "by_hand": entry.value}
            rows.append(row)
    return rows


def training_runs(config: TrainConfig, scale: Scale, workers: int) -> list[dict[str, Any]]:
    """The same training with raw gradients, with AGR, and with random changes of AGR's size, over seeds."""
    jobs = [(config, config.optimizer, arm, seed) for seed in range(scale.seeds) for arm in ARMS]
    rows = [row for rows in sweep(run_one, jobs, workers) for row in rows]
    return sorted(rows, key=lambda row: (row["seed"], ARMS.index(row["arm"])))


def gradient_statistics(config: TrainConfig, scale: Scale) -> dict[str, Any]:
    """Which laws the magnitudes of the gradients follow, at some steps of a training."""
    model, batches = _start(config)
    study = study_model(model, batches, scale.gradient_steps)
    return {"verdict": study.verdict, "summary": study.summary, "rows": study.to_rows()}


def lipschitz(config: TrainConfig, scale: Scale) -> list[dict[str, Any]]:
    """Local Lipschitz constants of the gradient and of Psi of the gradient, at points along a training."""
    model, batches = _start(config)
    optimizer = optim.AdamW(model.parameters(), lr=config.lr or 1e-3)
    rows = []
    for point, (images, labels) in enumerate(_repeated(batches)):
        if point % 10 == 0:
            place = Objective(model, images[: scale.batch], labels[: scale.batch], training=True)
            raw, regularized = local_lipschitz(place, tolerance=1e-3)
            rows.append({"step": point, "raw": raw, "agr": regularized})
            if len(rows) == scale.points:
                return rows
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    raise AssertionError("the batches repeat for ever")


def findings(config: TrainConfig, scale: Scale) -> list[dict[str, Any]]:
    """The ways to fail that readers of the paper name, each tried."""

    def loss(model: nn.Module, batch: Any) -> mg.Tensor:
        return F.cross_entropy(model(batch[0]), batch[1])

    runs = []
    for seed in range(3):
        model, batches = _start(replace(config, seed=seed))
        runs.append((model, islice(_repeated(batches), scale.late_steps)))
    found = [
        signatures.uniform_gradients(),
        signatures.tiny_sums(),
        signatures.late_in_training(runs, loss, lr=config.lr or 1e-3),
    ]
    return [asdict(finding) for finding in found]


def _start(config: TrainConfig) -> tuple[nn.Module, Iterable[Any]]:
    """A new network and its batches, as a training with this seed has them."""
    train, test = setup.datasets(config)
    mg.manual_seed(config.seed)
    batches, _ = setup.loaders(config, train, test, Generator(config.seed))
    return setup.network(config, len(train.classes), train.images.shape[-1]), batches


def _repeated(batches: Iterable[Any]) -> Iterator[Any]:
    while True:
        yield from batches


def collect(config: TrainConfig, scale: Scale, workers: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """All evidence.

    Parameters
    ----------
    config : TrainConfig
        Of the training runs; the seeds of `scale` replace its own.
    scale : Scale
    workers : int
        Training runs at a time.
    tell : callable
        Is told what is done next.
    """
    tell(f"the law book: {len(LAWS)} laws and {len(REFUTED)} false claims, in float64 and float32")
    found: dict[str, Any] = {"settings": asdict(config), "scale": asdict(scale), "laws": laws(scale)}
    tell(f"{scale.seeds * len(ARMS)} training runs: {config.label} on {config.model} and {config.data}")
    found["runs"] = training_runs(config, scale, workers)
    tell("the law of gradient magnitudes")
    found["gradients"] = gradient_statistics(config, scale)
    tell("Lipschitz constants along a training")
    found["lipschitz"] = lipschitz(config, scale)
    tell("signatures of failure")
    found["signatures"] = findings(config, scale)
    return found
