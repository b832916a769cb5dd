"""A study: its plan, fixed before the first run, and the ledger, which only ever grows.

plan.json      settings, arms, seeds, margin, and the machine and revision of the first run
ledger.jsonl   one JSON object for each epoch of each finished run
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import minigrad as mg
from experiments import ledger, report, setup
from experiments.ablation import arms
from experiments.config import TrainConfig
from experiments.equivalence import planned_seeds
from experiments.sweep import sweep
from experiments.training import evaluate, train_epoch
from minigrad.random import Generator

Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is going to be run, and how it will be judged.

    Parameters
    ----------
    config : TrainConfig
        What all runs have in common; its optimizer and seed are those of the first.
    optimizers : sequence of str
    arms : sequence of str
        Keys of `arms.ARMS`; differences are taken to the first.
    margin : float
        In points of test accuracy; smaller differences do not matter.
    assumed_sd : float
        Of a paired difference in points, from earlier runs.
    seeds : sequence of int
        By default as many as give the equivalence test a power of 80 %, and 5 at least.
    """

    config: TrainConfig
    optimizers: Sequence[str] = ("adamw", "adan")
    arms: Sequence[str] = tuple(arms.ARMS)
    margin: float = 1.0
    assumed_sd: float = 0.84
    seeds: Sequence[int] = ()

    def __post_init__(self) -> None:
        for name in self.arms:
            if name not in arms.ARMS:
                raise ValueError(f"an arm is one of {', '.join(arms.ARMS)}; got {name!r}")
        if len(self.arms) < 2:
            raise ValueError("an ablation needs two arms at least")
        if not self.seeds:
            object.__setattr__(self, "seeds", tuple(range(planned_seeds(self.assumed_sd, self.margin))))
        if len(self.seeds) < 2:
            raise ValueError("paired differences need two seeds at least")

    def runs(self) -> Iterator[tuple[str, str, int]]:
        """Optimizer, arm and seed of every run, seed by seed: a study that is cut short has whole pairs."""
        for seed in self.seeds:
            for optimizer in self.optimizers:
                for arm in self.arms:
                    yield optimizer, arm, seed


class Study:
    """A folder with a plan and its ledger.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = path / "ledger.jsonl"
        self._plan = path / "plan.json"

    def begin(self, plan: Plan) -> None:
        """Write down the plan.

        Raises
        ------
        ValueError
            If the folder holds another plan: one may not be changed after the first run.
        """
        if self._plan.exists():
            if self.plan() != plan:
                raise ValueError(f"{self.path} holds a study with another plan; choose another --out")
            return
        self.path.mkdir(parents=True, exist_ok=True)
        about = {
            **asdict(plan),
            "versions": report.versions(),
            "revision": ledger.revision(),
            "date": time.strftime("%Y-%m-%d"),
        }
        self._plan.write_text(json.dumps(about, indent=2) + "\n")

    def plan(self) -> Plan:
        """The plan.

        Raises
        ------
        FileNotFoundError
            If the folder holds no study.
        """
        if not self._plan.exists():
            raise FileNotFoundError(f"{self.path} holds no study: there is no {self._plan.name}")
        about = self.about()
        return Plan(
            TrainConfig(**about["config"]),
            tuple(about["optimizers"]),
            tuple(about["arms"]),
            about["margin"],
            about["assumed_sd"],
            tuple(about["seeds"]),
        )

    def about(self) -> dict[str, Any]:
        """All of plan.json: the plan, the versions, the revision and the date."""
        return json.loads(self._plan.read_text())  # type: ignore[no-any-return]

    def rows(self) -> list[Row]:
        """The rows of all finished runs."""
        return ledger.read(self.ledger)

    def left(self) -> list[tuple[str, str, int]]:
        """The runs of the plan that are not finished."""
        plan = self.plan()
        done = [
            (row["optimizer"], row["arm"], row["seed"])
            for row in self.rows()
            if row["epoch"] == plan.config.epochs
        ]
        return [run for run in plan.runs() if run not in done]

    def run(self, workers: int = 1) -> None:
        """Make the runs that are left, `workers` at a time."""
        config = self.plan().config
        for rows in sweep(run_one, [(config, *run) for run in self.left()], workers):
            ledger.append(self.ledger, rows)


def run_one(config: TrainConfig, optimizer: str, arm: str, seed: int) -> list[Row]:
    """One training run, with one BLAS thread; its rows.

    The seed fixes the first weights, the order of the images and how they are varied, for all arms alike.
    """
    from threadpoolctl import threadpool_limits

    lr = config.lr if optimizer == config.optimizer else None
    config = replace(config, optimizer=optimizer, seed=seed, lr=lr)
    train, test = setup.datasets(config)
    mg.manual_seed(seed)
    train_batches, test_batches = setup.loaders(config, train, test, Generator(seed))
    model = setup.network(config, len(train.classes), train.images.shape[-1])
    steps = config.epochs * len(train_batches)
    inner, stepped = arms.build(arm, config, model, steps)
    schedule = setup.schedule(config, inner, len(train_batches))
    rows = []
    for epoch in range(1, config.epochs + 1):
        started = time.perf_counter()
        with threadpool_limits(1):
            train_loss, train_accuracy = train_epoch(model, stepped, train_batches, schedule)
            test_loss, test_accuracy = evaluate(model, test_batches)
        rows.append(
            {
                "optimizer": optimizer,
                "arm": arm,
                "seed": seed,
                "epoch": epoch,
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                "test_loss": test_loss,
                "test_accuracy": test_accuracy,
                "seconds": round(time.perf_counter() - started, 1),
            }
        )
    return rows
