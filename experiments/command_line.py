"""The command `minigrad` (also `python -m minigrad`): trains, compares, verifies, reproduces, tells."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from experiments import config as settings
from experiments.config import TrainConfig


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit status: 0, 2 for refused input, 130 after Ctrl-C."""
    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    try:
        command(**options)
    except KeyboardInterrupt:
        print(
            "\nminigrad: interrupted; finished epochs are saved, "
            "`minigrad train --resume DIR` goes on from there",
            file=sys.stderr,
        )
        return 130
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        print(f"minigrad: {error}", file=sys.stderr)
        return 2
    return 0


def train(resume: Path | None, out: Path | None, **given: object) -> None:
    """Start a run, or go on with an interrupted one."""
    from experiments.folder import RunFolder
    from experiments.train import train as run

    wanted = chosen(given)
    if resume is not None:
        if wanted or out is not None:
            names = ", ".join("--" + name.replace("_", "-") for name in [*wanted, *(["out"] if out else [])])
            raise ValueError(f"--resume takes every setting from {resume}; leave out {names}")
        folder = RunFolder(resume)
        config = folder.config()
    else:
        config = TrainConfig(**wanted)
        folder = RunFolder(
            out
            or Path("runs") / f"{config.data}-{config.model}-{config.label}-{datetime.now():%Y%m%d-%H%M%S}"
        )
        folder.require_free()
        _check_device(config.device)
    print(f"run in {folder.path}")
    rows = run(config, folder)
    best = max(rows, key=lambda row: row["test_accuracy"])
    print(
        f"best test accuracy {best['test_accuracy']:.2%} after epoch {best['epoch']}\n"
        f"curves: {folder.curves}\nreport: {folder.report}"
    )


def compare(optimizers: list[str], seeds: list[int], out: Path | None, **given: object) -> None:
    """Run the same job with several optimizers and seeds."""
    from experiments.compare import compare as run

    config = TrainConfig(**chosen(given))
    _check_device(config.device)
    folder = out or Path("runs") / f"compare-{datetime.now():%Y%m%d-%H%M%S}"
    run(config, optimizers, seeds, folder)
    print(f"\ncurves: {folder / 'curves.png'}\nreport: {folder / 'report.html'}")


def ablate(
    action: str,
    out: Path,
    optimizers: list[str],
    arms: list[str] | None,
    seeds: list[int] | None,
    margin: float,
    workers: int,
    **given: object,
) -> None:
    """Make, or go on with, the runs of an ablation; or its tables and figures alone."""
    from experiments.ablation.study import Plan, Study
    from experiments.ablation.summary import sentences, table_lines, write

    study = Study(out)
    if action == "run":
        config = TrainConfig(**{"model": "convnet", "optimizer": optimizers[0]} | chosen(given))  # type: ignore[arg-type]
        _check_device(config.device)
        options = chosen({"arms": arms and tuple(arms), "seeds": seeds and tuple(seeds)})
        study.begin(Plan(config, tuple(optimizers), margin=margin, **options))  # type: ignore[arg-type]
        study.run(workers)
    summary = write(study)
    print("\n\n".join([*sentences(study.about(), summary), *table_lines(summary)]))
    print(f"\nreport: {out / 'report.html'}")


def verify(quick: bool, workers: int, out: Path | None, **given: object) -> None:
    """Try the paper's claims, and write a report with a verdict on each."""
    from experiments.verify.run import lines, redraw
    from experiments.verify.run import verify as run

    size = (
        {"limit_train": 3000, "limit_test": 500, "epochs": 2} if quick else {"limit_train": 5000, "epochs": 5}
    )
    config = TrainConfig(**{"model": "convnet", **size} | chosen(given))  # type: ignore[arg-type]
    _check_device(config.device)
    folder = out or Path("runs") / f"verify-{datetime.now():%Y%m%d-%H%M%S}"
    run(config, quick, workers, folder)
    print("\n" + "\n".join(lines(redraw(folder))))
    print(f"\nreport: {folder / 'report.html'}\nnumbers: {folder / 'verify.json'}")


def reproduce(
    name: str, scale: str, out: Path, seeds: list[int] | None, workers: int | None, cluster: str | None
) -> None:
    """Make, or go on with, experiments of the paper."""
    from experiments.reproduce.run import reproduce as run

    page = run(name, scale, out, seeds, workers, cluster)
    print(f"\nreport: {page}")


def chosen(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in given.items() if value is not None}


def info() -> None:
    """Print what a bug report needs."""
    from experiments.info import lines

    print("\n".join(lines()))


def data(action: str, name: str | None) -> None:
    """List the data sets, fetch one, or say where one is."""
    from experiments import info as information
    from minigrad.data import fetch, locate

    if action == "list":
        print("\n".join(information.data_lines()))
        return
    if name is None:
        raise ValueError(
            f"`minigrad data {action}` needs the name of a data set; `minigrad data list` shows them"
        )
    if action == "fetch":
        print(fetch(name))
        return
    path = locate(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not on this machine; `minigrad data fetch {name}` downloads it")
    print(path)


def _check_device(device: str) -> None:
    from minigrad.backend import cuda_module

    if device.startswith("cuda"):
        cuda_module(int(device.partition(":")[2] or 0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minigrad", description="Train small networks on NumPy or CuPy, and compare optimizers."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser(
        "train", help="train a network", description="Train a network, with a checkpoint after every epoch."
    )
    one.set_defaults(command=train)
    one.add_argument("--optimizer", choices=settings.OPTIMIZERS, help="default: adamw")
    one.add_argument("--agr", action="store_true", default=None, help="regularize gradients by AGR")
    _add_settings(one)
    one.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder of the run (default: a new one under runs/)"
    )
    one.add_argument(
        "--resume", type=Path, metavar="DIR", help="go on with the run in DIR; needs no other option"
    )

    many = commands.add_parser(
        "compare",
        help="the same job with several optimizers and seeds",
        description="Compare optimizers over paired seeds.",
    )
    many.set_defaults(command=compare)
    many.add_argument(
        "--optimizers",
        nargs="+",
        default=["adamw", "adamw+agr"],
        metavar="NAME",
        help="for example adamw adamw+agr sgd",
    )
    many.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N", help="default: 0 1 2")
    _add_settings(many, seed=False)
    many.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="the folder of the comparison; an interrupted one is continued",
    )

    study = commands.add_parser(
        "ablate",
        help="AGR beside what it might be mistaken for",
        description="Train many arms over paired seeds, planned beforehand, and test for differences and for "
        "equivalence. `report` makes tables and figures again from the ledger in --out.",
    )
    study.set_defaults(command=ablate)
    study.add_argument("action", choices=["run", "report"])
    study.add_argument(
        "--optimizers", nargs="+", choices=settings.OPTIMIZERS, default=["adamw", "adan"], metavar="NAME"
    )
    study.add_argument(
        "--arms", nargs="+", metavar="ARM", help="the first is the baseline (default: all ten)"
    )
    study.add_argument(
        "--seeds",
        nargs="+",
        type=int,
        metavar="N",
        help="default: as many as give the equivalence test a power of 80 %%",
    )
    study.add_argument("--margin", type=float, default=1.0, metavar="POINTS", help="of accuracy (default: 1)")
    study.add_argument("--workers", type=int, default=1, metavar="N", help="runs at a time (default: 1)")
    _add_settings(study, seed=False)
    study.add_argument("--out", type=Path, metavar="DIR", required=True, help="the folder of the study")

    claims = commands.add_parser(
        "verify",
        help="a verdict on each claim of the AGR paper",
        description="Measure the law book and a network of your choice, and write a report with a verdict on "
        "each claim of the paper: about 15 minutes on two cores, with --quick two.",
    )
    claims.set_defaults(command=verify)
    claims.add_argument("--quick", action="store_true", help="fewer seeds, inputs, and images")
    claims.add_argument("--workers", type=int, default=2, metavar="N", help="runs at a time (default: 2)")
    claims.add_argument("--optimizer", choices=settings.OPTIMIZERS, help="default: adamw")
    _add_settings(claims, seed=False)
    claims.add_argument("--out", type=Path, metavar="DIR", help="a folder for the report")

    paper = commands.add_parser(
        "reproduce",
        help="the paper's experiments, from a smoke test to its own scale",
        description="Train both arms of an experiment over paired seeds and write tables, figures and a "
        "verdict. Called again with the same --out, it goes on where it was stopped.",
    )
    paper.set_defaults(command=reproduce)
    paper.add_argument(
        "name", help="cifar100, tiny-imagenet, ddpm, albert, gpt, one part such as cifar100-vit, or all"
    )
    paper.add_argument(
        "--scale",
        default="smoke",
        metavar="SCALE",
        help="smoke (minutes; the default), laptop (hours), gpu, or paper: its own settings",
    )
    paper.add_argument("--out", type=Path, metavar="DIR", required=True, help="a folder for everything")
    paper.add_argument("--seeds", nargs="+", type=int, metavar="N", help="default: two to five, by scale")
    paper.add_argument("--workers", type=int, metavar="N", help="runs at a time (default: one a core)")
    paper.add_argument(
        "--cluster", metavar="ADDRESS", help="of a Dask scheduler whose workers share code, data and --out"
    )

    commands.add_parser("info", help="versions, BLAS and threads, GPU, data found").set_defaults(command=info)

    sets = commands.add_parser("data", help="list, fetch or locate data sets")
    sets.set_defaults(command=data)
    sets.add_argument("action", choices=["list", "fetch", "where"])
    sets.add_argument("name", nargs="?", help="for example cifar10")
    return parser


def _add_settings(parser: argparse.ArgumentParser, seed: bool = True) -> None:
    """The options that are settings of a run.

    Their defaults stand in TrainConfig alone; None means "not given".
    """
    defaults = TrainConfig()
    parser.add_argument(
        "--data", choices=settings.DATA, help=f"default: {defaults.data}, which needs no download"
    )
    parser.add_argument("--model", choices=settings.MODELS, help=f"default: {defaults.model}")
    rates = ", ".join(f"{rate:g} for {name}" for name, rate in settings.LEARNING_RATES.items())
    parser.add_argument("--lr", type=float, help=f"learning rate (default: {rates})")
    parser.add_argument("--weight-decay", type=float, help=f"default: {defaults.weight_decay:g}")
    parser.add_argument("--epochs", type=int, help=f"default: {defaults.epochs}")
    parser.add_argument("--batch-size", type=int, help=f"default: {defaults.batch_size}")
    parser.add_argument("--schedule", choices=settings.SCHEDULES, help=f"default: {defaults.schedule}")
    parser.add_argument(
        "--warmup",
        type=float,
        metavar="EPOCHS",
        help=f"epochs of warm-up before the cosine (default: {defaults.warmup:g})",
    )
    parser.add_argument(
        "--augment", action=argparse.BooleanOptionalAction, help="random crops and flips (default: yes)"
    )
    parser.add_argument("--limit-train", type=int, metavar="N", help="use the first N training images")
    parser.add_argument("--limit-test", type=int, metavar="N", help="use the first N test images")
    if seed:
        parser.add_argument("--seed", type=int, help=f"default: {defaults.seed}")
    parser.add_argument("--device", help="cpu, cuda or cuda:N (default: cpu)")


if __name__ == "__main__":
    sys.exit(main())
