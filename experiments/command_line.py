"""The command `minigrad` (also `python -m minigrad`): trains, compares, verifies, reproduces, tells."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from experiments import commands
from experiments import config as settings
from experiments.config import TrainConfig
from experiments.diffusion.config import DiffusionConfig
from experiments.language.config import GPTConfig

_GO_ON = {
    "with --resume": "what was measured is saved, and `minigrad {name} --resume DIR` goes on from there",
    "again": "finished runs are saved, and the same command with the same --out goes on from there",
}


_METAVARS = {int: "N", float: "X", str: "NAME"}
_TRAINING = {
    "steps": "how many",
    "batch_size": "samples in a step",
    "optimizer": "adamw or adan",
    "agr": "regularize gradients by AGR",
    "lr": "learning rate",
    "seed": "of everything random",
    "device": "cpu, cuda or cuda:N",
}
_DDPM = _TRAINING | {
    "optimizer": "adam, adamw or adan",
    "data": "shapes, cifar10 or cifar100",
    "channels": "of the first stage of the network, a multiple of 4",
    "sample_every": "steps between two pictures, with measurements and a checkpoint",
    "samples": "images in a picture",
    "sample_steps": "steps from noise to image",
    "features": "folder of a classifier that `minigrad train` trained: measures FID-minigrad; or a file with "
    "Inception-v3's weights: measures FID",
}
_GPT = _TRAINING | {
    "text": "shakespeare, python (its language reference) or a file",
    "layers": "of the network",
    "width": "of the network",
    "context": "letters that it looks back",
    "dropout": "share of values that are dropped",
    "report_every": "steps between two samples, with measurements and a checkpoint",
    "sample": "letters in a sample",
    "temperature": "of a sample: lower is safer",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit status: 0, 2 for refused input, 130 after Ctrl-C."""
    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    try:
        command(**options)
    except KeyboardInterrupt:
        way = _GO_ON["with --resume" if "resume" in options else "again"].format(name=command.__name__)
        print(f"\nminigrad: interrupted; {way}", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        print(f"minigrad: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minigrad", description="Train small networks on NumPy or CuPy, and compare optimizers."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    one = subparsers.add_parser(
        "train", help="train a network", description="Train a network, with a checkpoint after every epoch."
    )
    one.set_defaults(command=commands.train)
    one.add_argument("--optimizer", choices=settings.OPTIMIZERS, help="default: adamw")
    one.add_argument("--agr", action="store_true", default=None, help="regularize gradients by AGR")
    _add_settings(one)
    _add_folder(one)

    painter = subparsers.add_parser(
        "ddpm",
        help="train a network that paints: diffusion",
        description="Train a diffusion network; pictures of its samples grow in the folder of the run. Needs "
        "no download; with `--data cifar10` half an hour gives shapes and colours of things.",
    )
    painter.set_defaults(command=commands.ddpm)
    _add_fields(painter, DiffusionConfig, _DDPM)
    _add_folder(painter)

    writer = subparsers.add_parser(
        "gpt",
        help="train a network that writes, letter by letter",
        description="Train a GPT on a text; what it writes is printed and kept as it learns. `--text python` "
        "needs no download.",
    )
    writer.set_defaults(command=commands.gpt)
    _add_fields(writer, GPTConfig, _GPT)
    _add_folder(writer)

    many = subparsers.add_parser(
        "compare",
        help="the same job with several optimizers and seeds",
        description="Compare optimizers over paired seeds.",
    )
    many.set_defaults(command=commands.compare)
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

    study = subparsers.add_parser(
        "ablate",
        help="AGR beside what it might be mistaken for",
        description="Train many arms over paired seeds, planned beforehand, and test for differences and for "
        "equivalence. `report` makes tables and figures again from the ledger in --out.",
    )
    study.set_defaults(command=commands.ablate)
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

    claims = subparsers.add_parser(
        "verify",
        help="a verdict on each claim of the AGR paper",
        description="Measure the law book and a network of your choice, and write a report with a verdict on "
        "each claim of the paper: about 15 minutes on two cores, with --quick two.",
    )
    claims.set_defaults(command=commands.verify)
    claims.add_argument("--quick", action="store_true", help="fewer seeds, inputs, and images")
    claims.add_argument("--workers", type=int, default=2, metavar="N", help="runs at a time (default: 2)")
    claims.add_argument("--optimizer", choices=settings.OPTIMIZERS, help="default: adamw")
    _add_settings(claims, seed=False)
    claims.add_argument("--out", type=Path, metavar="DIR", help="a folder for the report")

    paper = subparsers.add_parser(
        "reproduce",
        help="the paper's experiments, from a smoke test to its own scale",
        description="Train both arms of an experiment over paired seeds and write tables, figures and a "
        "verdict. Called again with the same --out, it goes on where it was stopped.",
    )
    paper.set_defaults(command=commands.reproduce)
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

    subparsers.add_parser("info", help="versions, BLAS and threads, GPU, data found").set_defaults(
        command=commands.info
    )

    sets = subparsers.add_parser("data", help="list, fetch or locate data sets")
    sets.set_defaults(command=commands.data)
    sets.add_argument("action", choices=["list", "fetch", "where"])
    sets.add_argument("name", nargs="?", help="for example cifar10")
    return parser


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder of the run (default: a new one under runs/)"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="DIR", help="go on with the run in DIR; needs no other option"
    )


def _add_fields(parser: argparse.ArgumentParser, config: type[Any], helps: Mapping[str, str]) -> None:
    """Options that are fields of a dataclass, whose defaults stand there alone; None means "not given"."""
    defaults = {field.name: field.default for field in fields(config)}
    for name, text in helps.items():
        hint = get_type_hints(config)[name]
        kind = next(one for one in get_args(hint) or (hint,) if one is not NoneType)
        option: dict[str, Any] = {"type": kind, "metavar": _METAVARS.get(kind)}
        if kind is bool:
            option = {"action": "store_true", "default": None}
        elif defaults[name] is not None:
            text += f" (default: {defaults[name]})"
        parser.add_argument("--" + name.replace("_", "-"), help=text, **option)


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
