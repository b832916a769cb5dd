"""Measure minigrad against PyTorch; see benchmarks/README.md for what is measured and how to read it.

    python -m benchmarks steps                        training steps of all workloads
    python -m benchmarks steps mlp vit --threads 1    of two of them, with one thread
    python -m benchmarks kernels conv                 every operation with 'conv' in its name
    python -m benchmarks memory                       the peak of memory during training steps
    python -m benchmarks scaling                      curves of growing cost
    python -m benchmarks gpu                          results, times and memory on a GPU, in float32
    python -m benchmarks gpu resnet20 vit --precision float32 tf32 float16 bfloat16
    python -m benchmarks report DIR                   tables and charts again, from the JSON files in DIR

A complete run writes JSON, table and chart to benchmarks/results; a run of chosen names only with --out.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import fresh, kernels, machine, memory, peers, report, scaling, workloads
from benchmarks.gpu import device
from benchmarks.gpu import workloads as gpu
from benchmarks.gpu.precision import PRECISIONS
from benchmarks.workloads.base import SETTINGS

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    try:
        if options.command == "report":
            print(*report.redraw(options.folder), sep="\n")
        else:
            run(options)
    except ValueError as error:
        sys.exit(f"benchmarks: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for kind, names, threads in (
        ("steps", f"of {', '.join(workloads.WORKLOADS)}", [1, 2]),
        (
            "kernels",
            "words in the names of operations, as conv, pool, norm, gelu, attention",
            [1, 2],
        ),
        ("memory", f"of the workloads; by default {', '.join(memory.DEFAULT)}", [1]),
        ("scaling", f"of {', '.join(scaling.CURVES)}", [2]),
        ("gpu", f"of {', '.join(gpu.TIMED)}", None),
    ):
        command = commands.add_parser(kind)
        command.add_argument("names", nargs="*", help=names)
        if kind != "gpu":
            command.add_argument(
                "--threads", nargs="+", type=int, default=threads, help="each in new processes"
            )
        command.add_argument("--out", type=Path, help="the folder for the results")
        if kind != "memory":
            command.add_argument("--rounds", type=int, default=5)
        if kind in ("steps", "kernels", "memory"):
            command.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
        if kind == "steps":
            others = ["pytorch", *peers.NAMES]
            command.add_argument("--against", nargs="+", choices=others, default=["pytorch"])
        if kind == "gpu":
            command.add_argument("--precision", nargs="+", choices=PRECISIONS, default=["float32"])
    command = commands.add_parser("report")
    command.add_argument("folder", nargs="?", type=Path, default=RESULTS)
    return parser


def run(options: argparse.Namespace) -> None:
    """Measure, keep what there is after every row, and show the table."""
    given = {key: value for key, value in vars(options).items() if key not in ("command", "out")}
    out = options.out or (None if options.names else RESULTS)
    on, made_with = machine.machine(), machine.versions()
    if options.command == "gpu":
        device.require()
        on, made_with = on | {"gpu": device.about()}, made_with | device.versions()
    result = {"kind": options.command, "machine": on, "versions": made_with, "options": given, "rows": []}
    failed = []
    for threads, name, rows in measure(options):
        print(f"{name}, {threads} thread{'s' * (threads > 1)} ...", file=sys.stderr, flush=True)
        try:
            result["rows"] += [row | {"threads": threads} for row in rows()]
            if options.command == "gpu" and "seconds" not in result["rows"][-1]:
                failed.append(f"{name}: the results do not agree")
        except fresh.Failed as error:
            failed.append(str(error))
        if out and result["rows"]:
            report.save(result, out)
    if result["rows"]:
        print(report.markdown(result))
        if out:
            print(*report.redraw(out), sep="\n")
    if failed:
        sys.exit("\n".join(f"benchmarks: {message}" for message in failed))


def measure(options: argparse.Namespace) -> Iterator[tuple[int, str, Callable[[], list[dict[str, Any]]]]]:
    """Numbers of threads, names, and what measures them in a new process."""
    kind = options.command
    if kind == "gpu":
        yield from _on_gpu(options)
        return
    if kind == "steps":
        names, function = workloads.chosen(options.names), "benchmarks.steps:time_step"
        arguments = {"settings": options.settings, "against": options.against, "rounds": options.rounds}
        peers.require(options.against)
    elif kind == "kernels":
        names, function = kernels.chosen(options.names), "benchmarks.kernels:time_kernel"
        arguments = {"settings": options.settings, "rounds": options.rounds}
    elif kind == "memory":
        names, function = workloads.chosen(options.names or memory.DEFAULT), None
        arguments = {"settings": options.settings}
    else:
        names, function = scaling.chosen(options.names), "benchmarks.scaling:time_curve"
        arguments = {"rounds": options.rounds}
    for threads in options.threads:
        for name in names:
            if function is None:  # memory: a process for each side
                yield threads, name, partial(memory.compare, name, threads, **arguments)
            else:
                yield threads, name, partial(fresh.call, function, threads, name=name, **arguments)


def _on_gpu(options: argparse.Namespace) -> Iterator[tuple[int, str, Callable[[], list[dict[str, Any]]]]]:
    """What stands first in --precision comes first for all names: it is there if time runs out."""
    threads = min(os.cpu_count() or 1, 8)
    for precision in options.precision:
        for name in gpu.chosen(options.names):
            if gpu.applies(name, precision):
                arguments = {"name": name, "precision": precision, "rounds": options.rounds}
                yield (
                    threads,
                    f"{name} in {precision}",
                    partial(fresh.call, "benchmarks.gpu.steps:measure", threads, **arguments),
                )


if __name__ == "__main__":
    main()
