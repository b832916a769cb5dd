"""What each command of `minigrad` does, given its options."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from experiments.config import TrainConfig


def train(**options: Any) -> None:
    """Train a classifier, or go on with an interrupted run."""
    from experiments.folder import RunFolder
    from experiments.train import train as run

    config, folder = _run(TrainConfig, RunFolder, "{data}-{model}-{label}", **options)
    rows = run(config, folder)
    best = max(rows, key=lambda row: row["test_accuracy"])
    print(
        f"best test accuracy {best['test_accuracy']:.2%} after epoch {best['epoch']}\n"
        f"curves: {folder.curves}\nreport: {folder.report}"
    )


def ddpm(**options: Any) -> None:
    """Train a network that paints, or go on with an interrupted run."""
    from experiments.diffusion.config import DiffusionConfig
    from experiments.diffusion.folder import DiffusionFolder
    from experiments.diffusion.train import train as run

    config, folder = _run(DiffusionConfig, DiffusionFolder, "{data}-ddpm-{label}", **options)
    rows = run(config, folder)
    print(f"samples: {folder.grid(rows[-1]['step'])}\nreport: {folder.report}")


def gpt(**options: Any) -> None:
    """Train a network that writes, or go on with an interrupted run."""
    from experiments.folder import RunFolder
    from experiments.language.config import GPTConfig
    from experiments.language.train_gpt import train as run

    config, folder = _run(GPTConfig, partial(RunFolder, settings=GPTConfig), "gpt-{label}", **options)
    run(config, folder)
    print(f"samples: {folder.path / 'samples.txt'}\nreport: {folder.report}")


def _run(
    settings: type[Any],
    folder_of: Callable[..., Any],
    name: str,
    resume: Path | None,
    out: Path | None,
    **given: object,
) -> tuple[Any, Any]:
    """The settings and the folder of a run that is new, or of the one in `resume`."""
    wanted = chosen(given)
    if resume is not None:
        if wanted or out is not None:
            names = ", ".join("--" + name.replace("_", "-") for name in [*wanted, *(["out"] if out else [])])
            raise ValueError(f"--resume takes every setting from {resume}; leave out {names}")
        folder = folder_of(resume)
        config = folder.config()
    else:
        config = settings(**wanted)
        words = {key: getattr(config, key) for key in ("data", "model", "label") if hasattr(config, key)}
        folder = folder_of(out or Path("runs") / f"{name.format(**words)}-{datetime.now():%Y%m%d-%H%M%S}")
        folder.require_free()
        _check_device(config.device)
    print(f"run in {folder.path}", flush=True)
    return config, folder


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
